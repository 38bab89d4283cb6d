//! The protocols of this crate under loom: the production files, run through every interleaving
//! (and every stale value that the memory model allows) with at most so many pre-emptions.
//!
//! Each test explores a few small scenarios. A future that is never woken leaves its thread
//! waiting, which loom reports as a deadlock; a cell that two threads touch without an order
//! between them is reported too. The models of the channels are in `channel/model`.

mod cancel;
mod mutex;
mod notify;
mod rwlock;
mod semaphore;
pub(crate) mod support;

use support::{block_on, poll_and_drop};

/// Explores one model.
fn explore(name: &str, scenarios: &[fn()]) {
    support::explore(name, 3, scenarios);
}
