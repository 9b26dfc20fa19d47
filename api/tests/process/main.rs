//! The real binary as a process of its own: started, loaded, killed, looked into.

mod crash;
mod reload;
mod server;
