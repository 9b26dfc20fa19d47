//! Rebuilds the crate when a rule of the starter pack or a data file changes: macros that embed files are not tracked.

fn main() {
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=data");
}
