//! Waiting outside of a coroutine's own frame: on a thread, in a goroutine, in a plain function that a
//! coroutine has called.
#![forbid(unsafe_code)]

use std::future::poll_fn;
use std::task::Poll;

use crate::here::{self, Away};
use crate::quiet::{self, Waiting};
use crate::run;
use crate::strand::{Kind, Strand};

/// Nothing can end this wait: all others rest, too.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quiet;

/// Waits until `attempt` has something.
///
/// `attempt` gets the strand that waits. When it has nothing it has listed the strand where its wake
/// will come from, and has said so by [`Strand::rest`]; it may find it listed from the last time.
///
/// # Errors
/// [`Quiet`], on a thread; the strand may still be listed then.
pub(crate) fn until<T>(mut attempt: impl FnMut(&'static Strand) -> Option<T>) -> Result<T, Quiet> {
    let strand = here::strand();
    // In a coroutine's turn: its wakes are for this thread.
    let held = Held::take(strand);
    // What came too late for the last wait is not for this one.
    strand.take_quiet_end();
    if let Some(found) = attempt(strand) {
        strand.stir();
        return Ok(found);
    }
    // Dropped last: what ends the wait, and then the watch.
    let _watched = (strand.kind() == Kind::Thread).then(Waiting::begin);
    let away = Away::go();
    let outcome = run::wait(poll_fn(|context| {
        strand.keep(context.waker());
        strand.stir();
        if let Some(found) = attempt(strand) {
            return Poll::Ready(Ok(found));
        }
        if strand.take_quiet_end() {
            return Poll::Ready(Err(Quiet));
        }
        quiet::nudge();
        Poll::Pending
    }));
    strand.stir();
    strand.drop_waker();
    drop(held);
    drop(away);
    outcome
}

/// The time in which a strand's wakes go to a waker.
pub(crate) struct Held {
    strand: &'static Strand,
    is_new: bool,
}

impl Held {
    pub(crate) fn take(strand: &'static Strand) -> Self {
        Self { strand, is_new: strand.hold() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.strand.let_go(self.is_new);
    }
}
