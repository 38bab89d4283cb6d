//! The production scheduler under shuttle: every lock, every atomic operation and every wait is a point at
//! which shuttle may go on with another thread, as a seed says.
//!
//! The sources are those of qi-sched, as `build.rs` has retyped them. What stays as it is: the queues of
//! crossbeam-deque, each operation of which is one step here, and the system's clock.
//!
//! # What it finds
//! A lost wake-up, a lost task, a deadlock in *some* orders of the steps of a whole scheduler, with its
//! threads, its monitor, its blocking calls and its shutdown.
//!
//! # What it cannot find
//! Anything of weak memory: shuttle's atomics are all sequentially consistent. Orders that no seed came upon.
//! Waits with a limit never run out here.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::all,
    reason = "they are what qi-sched's own build is checked for"
)]

mod shuttled;

// Its own tests are qi-sched's business.
#[cfg(not(test))]
include!(concat!(env!("OUT_DIR"), "/scheduler/lib.rs"));
