//! What ships beside the binary: configuration, unit and container files, and the sample organisation of the demo.
//!
//! There is no code here. The tests of this crate hold those files, and the workspace as it is written down, to what the
//! program is and does.
