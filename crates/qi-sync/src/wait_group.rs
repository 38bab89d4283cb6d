//! Waiting until a number of workers are done.
//!
//! # States
//! One word holds the count, and in its lowest bit whether somebody may wait. The bit is set, and
//! a count with the bit brought to zero, only under the mutex of the crowd: so those who are let
//! go are those who waited when the count became zero, and nobody who came later.
//!
//! # Memory ordering
//! Each `done` is AcqRel: the last one has seen what the others wrote before theirs, and hands it
//! on, through the word to who finds it at zero (Acquire), through the mutex to who waited.
#![forbid(unsafe_code)]

use crate::blocking::block_on;
use crate::crowd::Crowd;
use crate::sync::{AtomicUsize, Mutex, lock};
use crate::wait::Wait;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{Context, Poll};

/// Somebody may wait.
const WAITED: usize = 1;

/// One of the count.
const ONE: usize = 2;

/// Counts work that is under way, and lets tasks and threads wait until there is none.
///
/// Clones are the same group. Counting is done with [`add`](Self::add) and [`done`](Self::done),
/// or, which cannot be forgotten, with [`Worker`] tokens. A group may be used again and again.
///
/// # Cancel safety
/// Nothing is lost when a [`wait`](Self::wait) is dropped.
///
/// # Examples
/// ```
/// use qi_sync::WaitGroup;
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// let group = WaitGroup::new();
/// for _ in 0..10 {
///     let worker = group.worker();
///     scheduler.spawn(async move {
///         // Work.
///         drop(worker);
///     });
/// }
/// scheduler.block_on(group.wait());
/// assert_eq!(group.count(), 0);
/// ```
#[derive(Clone)]
pub struct WaitGroup {
    shared: Arc<Shared>,
}

struct Shared {
    word: AtomicUsize,
    crowd: Mutex<Crowd>,
}

impl WaitGroup {
    /// The highest count.
    pub const MAX_COUNT: usize = usize::MAX / ONE;

    /// Makes a group whose count is zero.
    #[must_use]
    pub fn new() -> Self {
        let crowd = Mutex::new(Crowd::new());
        Self { shared: Arc::new(Shared { word: AtomicUsize::new(0), crowd }) }
    }

    /// Raises the count.
    ///
    /// # Panics
    /// If the count would exceed [`MAX_COUNT`](Self::MAX_COUNT).
    pub fn add(&self, workers: usize) {
        // Relaxed: whoever adds hands nothing over; the group itself was handed to it.
        let added = self.shared.word.fetch_update(Relaxed, Relaxed, |word| {
            workers.checked_mul(ONE).and_then(|workers| word.checked_add(workers))
        });
        assert!(added.is_ok(), "the count of a wait group exceeds {}", Self::MAX_COUNT);
    }

    /// Lowers the count by one. Those who wait go on when it is zero.
    ///
    /// # Panics
    /// If the count is zero: somebody said `done` twice.
    #[track_caller]
    pub fn done(&self) {
        self.done_many(1);
    }

    /// Lowers the count by so many at once. Those who wait go on when it is zero.
    ///
    /// # Panics
    /// If the count is less.
    ///
    /// # Examples
    /// ```
    /// let group = qi_sync::WaitGroup::new();
    /// group.add(1_000_000_000);
    /// group.done_many(999_999_999);
    /// assert_eq!(group.count(), 1);
    /// ```
    #[track_caller]
    pub fn done_many(&self, workers: usize) {
        if workers == 0 {
            return;
        }
        // Acquire: see "Memory ordering". A stale look costs another round only.
        let mut word = self.shared.word.load(Acquire);
        loop {
            assert!(word / ONE >= workers, "a wait group has more workers done than were added");
            let by = workers * ONE;
            if word == by | WAITED {
                if self.try_finish(by) {
                    return;
                }
                // Acquire: as above.
                word = self.shared.word.load(Acquire);
                continue;
            }
            // AcqRel, Acquire: see "Memory ordering".
            match self.shared.word.compare_exchange_weak(word, word - by, AcqRel, Acquire) {
                Ok(_) => return,
                Err(seen) => word = seen,
            }
        }
    }

    /// Brings a count for which somebody waits to zero; `false` if it is another by now.
    fn try_finish(&self, by: usize) -> bool {
        let mut crowd = lock(&self.shared.crowd);
        // AcqRel: see "Memory ordering". Relaxed: nothing was read.
        let finished = self.shared.word.compare_exchange(by | WAITED, 0, AcqRel, Relaxed);
        if finished.is_err() {
            return false;
        }
        let released = crowd.release_all();
        drop(crowd);
        released.wake();
        true
    }

    /// Raises the count by one, and lowers it when the token is dropped, after a panic as well.
    ///
    /// # Panics
    /// If the count would exceed [`MAX_COUNT`](Self::MAX_COUNT).
    pub fn worker(&self) -> Worker {
        self.add(1);
        Worker { group: self.clone() }
    }

    /// Returns the count.
    #[must_use]
    pub fn count(&self) -> usize {
        // Acquire: whoever finds it at zero sees what the workers did.
        self.shared.word.load(Acquire) / ONE
    }

    /// Waits until the count is zero, or was zero at some time since the wait was first polled.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub fn wait(&self) -> WaitGroupWait<'_> {
        WaitGroupWait { group: self, wait: Wait::new() }
    }

    /// Blocks the thread until the count is zero. On a worker the seat is given to another thread.
    ///
    /// # Examples
    /// ```
    /// let group = qi_sync::WaitGroup::new();
    /// let worker = group.worker();
    /// std::thread::spawn(move || drop(worker));
    /// group.blocking_wait();
    /// ```
    pub fn blocking_wait(&self) {
        if self.count() > 0 {
            block_on(self.wait());
        }
    }

    /// Whether the count is zero; if not, leaves word that somebody waits. Under the lock.
    fn is_over_or_waited(&self) -> bool {
        // Relaxed: the bit hands nothing over. Acquire: as in `count`.
        let waited = self
            .shared
            .word
            .fetch_update(Relaxed, Acquire, |word| (word >= ONE).then_some(word | WAITED));
        waited.is_err()
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").field("count", &self.count()).finish()
    }
}

/// One of a [`WaitGroup`]'s count, until it is dropped. A clone is one more.
///
/// # Examples
/// ```
/// let group = qi_sync::WaitGroup::new();
/// let worker = group.worker();
/// let other = worker.clone();
/// assert_eq!(group.count(), 2);
/// drop((worker, other));
/// assert_eq!(group.count(), 0);
/// ```
#[derive(Debug)]
#[must_use = "a worker that is dropped at once is done at once"]
pub struct Worker {
    group: WaitGroup,
}

impl Worker {
    /// Returns the group that it counts in.
    #[must_use]
    pub fn group(&self) -> &WaitGroup {
        &self.group
    }
}

impl Clone for Worker {
    fn clone(&self) -> Self {
        self.group.worker()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.group.done();
    }
}

/// Waits for a [`WaitGroup`]. Made by [`WaitGroup::wait`].
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let group = qi_sync::WaitGroup::new();
/// scheduler.block_on(group.wait()); // Nobody works.
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct WaitGroupWait<'a> {
    group: &'a WaitGroup,
    wait: Wait,
}

impl Future for WaitGroupWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let group = this.group;
        this.wait.poll(&group.shared.crowd, || group.count() == 0, || group.is_over_or_waited(), cx)
    }
}

impl Drop for WaitGroupWait<'_> {
    fn drop(&mut self) {
        self.wait.end(&self.group.shared.crowd);
    }
}

impl fmt::Debug for WaitGroupWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroupWait").field("group", self.group).finish()
    }
}
