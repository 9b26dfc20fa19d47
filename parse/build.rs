//! Builds the crate again when a catalogue file comes or goes.

fn main() {
    println!("cargo::rerun-if-changed=catalogue");
}
