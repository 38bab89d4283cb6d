//! The protocols of the channels under loom: the production files, run through every interleaving
//! (and every stale value that the memory model allows) with at most so many pre-emptions.
//!
//! A scenario fails if a value is touched by two at once or without an order between them, is lost
//! or is there twice, or if somebody sleeps whom nobody will wake (loom calls that a deadlock).
#![forbid(unsafe_code)]

mod oneshot;
mod queue;
mod waiting;

use crate::model::support::{self, poll_and_drop};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Explores one model. These are the larger ones.
fn explore(name: &str, scenarios: &[fn()]) {
    support::explore(name, 2, scenarios);
}

/// Runs a future on a thread of a model. One that is woken may wake itself until another thread has
/// gone on.
fn block_on<F: Future>(future: F) -> F::Output {
    support::block_on_and(future, loom::thread::yield_now)
}

/// Values that count how many of them live.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

/// One of them.
struct Item(Arc<AtomicUsize>);

impl Counted {
    fn item(&self) -> Item {
        // Relaxed: loom runs one thread at a time, and all is joined before it is read.
        self.0.fetch_add(1, Relaxed);
        Item(self.0.clone())
    }

    /// Fails if an item lives, or was dropped twice.
    fn assert_none_left(&self) {
        assert_eq!(self.0.load(Relaxed), 0, "values were lost, or dropped twice");
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        // Relaxed: as for `item`.
        self.0.fetch_sub(1, Relaxed);
    }
}
