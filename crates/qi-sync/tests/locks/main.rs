//! What Mutex and RwLock promise. Where threads take part, a body runs under a watchdog, so that a
//! hang fails.
#![forbid(unsafe_code)]

mod dropped;
mod escalation;
mod mutex;
mod rwlock;
#[path = "../support/mod.rs"]
mod support;
