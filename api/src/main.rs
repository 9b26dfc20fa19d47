//! Starts the binary; everything is in the library.

fn main() -> std::process::ExitCode {
    api::cli::main()
}
