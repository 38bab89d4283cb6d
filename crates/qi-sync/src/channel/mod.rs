//! Channels: values from task to task, from thread to task, and back.
//!
//! | | senders | receivers | each value goes to | holds |
//! |---|---|---|---|---|
//! | [`mpsc`] | many | one | the receiver | a limit, no limit, or nothing (rendezvous) |
//! | [`mpmc`] | many | many | one of them | as mpsc |
//! | [`oneshot`] | one | one | the receiver | one value, once |
//! | [`broadcast`] | many | many | all of them | the newest so many |
//! | [`watch`] | many | many | all who look | the newest one |
//!
//! What they have in common:
//! * **Nothing is lost by cancelling.** A future can be dropped at every point; a value then is in
//!   the channel, with its receiver, or dropped with the future that was to send it.
//! * **The most urgent waiter is next**, by the lane of its task, and no lane starves.
//! * **They spend the cooperative budget**: a loop over a channel that is never empty lets others
//!   run.
//! * **No lock is held while code of the user's runs**, and a waker that panics harms nobody.
//! * **Every wait has a blocking twin** for plain threads. On a worker the twin gives the seat away
//!   first, so it is allowed everywhere. Its time limits go by the system's clock.

mod block_until;
pub mod broadcast;
mod core;
mod error;
#[cfg(all(test, loom))]
mod model;
pub mod mpmc;
pub mod mpsc;
pub mod oneshot;
mod permit;
mod queue;
mod receiver;
mod recv;
mod send;
mod sender;
mod sink;
pub mod watch;

/// The greatest capacity of a bounded channel, and the most permits that can be out at a time.
pub const MAX_CAPACITY: usize = queue::MAX_RESERVED;
