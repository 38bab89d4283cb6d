//! A flag that can be waited for, and stays set until it is reset.
//!
//! # States
//! ```text
//!   CLEAR ── a waiter comes ──► WAITED ── set, under the lock ──► SET ── reset ──► CLEAR
//!     └─────────────── set ────────────────────────────────────────▲
//! ```
//! A waiter joins the crowd under its mutex, and leaves WAITED in the word. Setting what is WAITED
//! happens under the mutex too: so those who are let go are those who waited before it was set, and
//! nobody who came after a reset. A waiter that gives up leaves WAITED behind, which costs the
//! next `set` a lock.
//!
//! # Memory ordering
//! `set` is a Release, on the word or the mutex, and finding it set an Acquire: whoever waited sees
//! what was written before.
#![forbid(unsafe_code)]

use crate::blocking::block_on;
use crate::crowd::Crowd;
use crate::sync::{AtomicUsize, Mutex, const_unless_loom, lock};
use crate::wait::Wait;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Context, Poll};

const CLEAR: usize = 0;
const WAITED: usize = 1;
const SET: usize = 2;

/// A flag that tasks and threads can wait for.
///
/// Once [`set`](Self::set) it stays so, for all who come, until it is [`reset`](Self::reset). To
/// let one waiter go at a time, take a `Notify`.
///
/// # Cancel safety
/// Nothing is lost when a [`wait`](Self::wait) is dropped.
///
/// # Examples
/// ```
/// use qi_sync::Event;
/// use std::sync::Arc;
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build()?;
/// let started = Arc::new(Event::new());
/// let tasks: Vec<_> = (0..3)
///     .map(|_| {
///         let started = started.clone();
///         scheduler.spawn(async move { started.wait().await })
///     })
///     .collect();
/// started.set();
/// for task in tasks {
///     scheduler.block_on(task)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Event {
    word: AtomicUsize,
    crowd: Mutex<Crowd>,
}

impl Event {
    const_unless_loom! {
        /// Makes an event that is not set.
        #[must_use]
        pub fn new() -> Self {
            Self { word: AtomicUsize::new(CLEAR), crowd: Mutex::new(Crowd::new()) }
        }
    }

    /// Sets the event, and lets all who wait go on. Returns whether it was not set before.
    pub fn set(&self) -> bool {
        // Release: see "Memory ordering". Relaxed: nothing was read. The exchange is made when it
        // is set already, too, so that who finds it set sees this thread's writes.
        let set = |word| if word == WAITED { None } else { Some(SET) };
        match self.word.fetch_update(Release, Relaxed, set) {
            Ok(before) => before == CLEAR,
            Err(_) => self.set_waited(),
        }
    }

    fn set_waited(&self) -> bool {
        let mut crowd = lock(&self.crowd);
        // Release: see "Memory ordering".
        let before = self.word.swap(SET, Release);
        let released = crowd.release_all();
        drop(crowd);
        released.wake();
        before != SET
    }

    /// Clears the event: who waits from now on, waits. Returns whether it was set.
    pub fn reset(&self) -> bool {
        // Acquire: whoever resets sees what was done before it was set. Relaxed: nothing was.
        self.word.compare_exchange(SET, CLEAR, Acquire, Relaxed).is_ok()
    }

    /// Returns whether the event is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        // Acquire: see "Memory ordering".
        self.word.load(Acquire) == SET
    }

    /// Waits until the event is set, or was set at some time since the wait was first polled.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub fn wait(&self) -> EventWait<'_> {
        EventWait { event: self, wait: Wait::new() }
    }

    /// Blocks the thread until the event is set. On a worker the seat is given to another thread.
    pub fn blocking_wait(&self) {
        if !self.is_set() {
            block_on(self.wait());
        }
    }

    /// Whether it is set; if not, leaves word that somebody waits. Under the lock.
    fn is_set_or_waited(&self) -> bool {
        // Relaxed: the word hands nothing over. Acquire: as in `is_set`.
        self.word.fetch_update(Relaxed, Acquire, |word| (word != SET).then_some(WAITED)).is_err()
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish()
    }
}

/// Waits for an [`Event`]. Made by [`Event::wait`].
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// static READY: qi_sync::Event = qi_sync::Event::new();
/// std::thread::spawn(|| READY.set());
/// scheduler.block_on(READY.wait());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct EventWait<'a> {
    event: &'a Event,
    wait: Wait,
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let event = this.event;
        this.wait.poll(&event.crowd, || event.is_set(), || event.is_set_or_waited(), cx)
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        self.wait.end(&self.event.crowd);
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWait").field("event", self.event).finish()
    }
}
