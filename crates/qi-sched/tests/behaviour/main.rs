//! What the scheduler promises, by topic. Every body runs under a watchdog, so that a hang fails.
#![forbid(unsafe_code)]

mod at_hand;
mod blocking;
mod blocking_on;
mod budget;
mod cancelling;
mod config;
mod covered;
mod escalation;
mod idle;
mod in_place;
mod lending;
mod life;
mod locals;
mod lock;
mod memory;
mod nested;
mod panicking;
mod pinned;
mod placement;
mod shutdown;
mod spinning;
mod stackful;
mod stats;
mod stuck;
mod support;
mod wakers;
