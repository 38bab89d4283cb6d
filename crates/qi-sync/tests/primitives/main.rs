//! What semaphores, notifications, barriers, cells, wait groups, events and cancellation tokens
//! promise, by primitive. Where threads take part, a body runs under a watchdog, so that a hang
//! fails.
#![forbid(unsafe_code)]

mod barrier;
mod blocking;
mod budget;
mod cancellation_token;
mod dropped;
mod event;
mod notify;
mod once_cell;
mod semaphore;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod urgency;
mod wait_group;
mod wakers;
