//! What a runtime promises its users, a file per subject.
#![forbid(unsafe_code)]

mod attributes;
mod config;
mod contexts;
mod debug_log;
mod ending;
mod errors;
mod figures;
mod idle_moments;
mod interval;
mod memory;
mod panic_policy;
mod stuck;
mod support;
mod test_clock;
mod time;
mod timers;
