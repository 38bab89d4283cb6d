//! Simulated runtimes: what a seed repeats, what the network does, and a mixed workload for many seeds.
#![forbid(unsafe_code)]

mod blocking;
mod faults;
mod network;
mod replay;
mod stuck;
mod workload;
