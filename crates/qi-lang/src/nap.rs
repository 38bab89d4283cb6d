//! Sleeps of coroutines: timers of the runtime, kept beside, by the strand that waits.
//!
//! # Protocol
//! A sleep is polled under the lock of its shard, the strand parked before: a timer that goes off at once
//! finds it so. Who is woken asks again under the lock, since a timer may ring late, for the sleep before.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use qi_runtime::time::{self, Sleep};

use crate::strand::{Reason, Strand};

type Naps = HashMap<usize, Pin<Box<Sleep>>>;

/// Locks among which strands are spread.
const SHARDS: usize = 16;

static ALL: [Mutex<Option<Naps>>; SHARDS] = [const { Mutex::new(None) }; SHARDS];

/// What a timer rings for.
struct Alarm(&'static Strand);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.wake_from_time();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_from_time();
    }
}

fn shard(strand: &Strand) -> MutexGuard<'static, Option<Naps>> {
    // Strands are 64 bytes apart.
    ALL[strand.address() / 64 % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parks a strand for so long; `false` if it goes on: its time has come.
pub(crate) fn begin(strand: &'static Strand, on: usize, duration: Duration) -> bool {
    poll(strand, on, Box::pin(time::sleep(duration)))
}

/// Parks a strand again that was woken from its sleep; `false` if it goes on.
pub(crate) fn resume(strand: &'static Strand) -> bool {
    let sleep = take(strand);
    sleep.is_some_and(|sleep| poll(strand, strand.on(), sleep))
}

/// Ends the sleep of a strand that was cancelled.
pub(crate) fn leave(strand: &'static Strand) {
    // Dropped when the lock is free.
    drop(take(strand));
}

fn take(strand: &Strand) -> Option<Pin<Box<Sleep>>> {
    shard(strand).as_mut().and_then(|naps| naps.remove(&strand.address()))
}

fn poll(strand: &'static Strand, on: usize, mut sleep: Pin<Box<Sleep>>) -> bool {
    let waker = Waker::from(Arc::new(Alarm(strand)));
    let mut naps = shard(strand);
    // Its mark is new: it was not parked.
    let _marked = strand.mark(Reason::Time, on);
    if sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        naps.get_or_insert_default().insert(strand.address(), sleep);
        return true;
    }
    drop(naps);
    // If somebody has woken it meanwhile it is queued, and is asked again there.
    !strand.unmark_time()
}
