//! Workers stepped by hand: the order of the lanes, and runs that can be repeated.
#![forbid(unsafe_code)]

mod determinism;
mod lanes;
mod world;
