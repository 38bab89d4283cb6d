//! Lets a number of tasks go on only when all of them have come.
//!
//! Those who came and wait are a crowd, so how many have come is how many wait. The last one waits
//! for nobody: it lets the others go, and leads.
#![forbid(unsafe_code)]

use crate::blocking::block_on;
use crate::crowd::{Crowd, CrowdKey};
use crate::sync::{Mutex, const_unless_loom, lock};
use qi_sched::coop;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A meeting point of `size` tasks or threads.
///
/// When the last of them has come, all go on, and the barrier is ready for the next round. The
/// last one to come is the leader of its round.
///
/// # Cancel safety
/// A task whose [`wait`](Self::wait) is dropped has not come: the round needs another one instead.
///
/// # Examples
/// ```
/// use qi_sync::Barrier;
/// use std::sync::Arc;
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build()?;
/// let barrier = Arc::new(Barrier::new(3));
/// let tasks: Vec<_> = (0..3)
///     .map(|_| {
///         let barrier = barrier.clone();
///         scheduler.spawn(async move { barrier.wait().await.is_leader() })
///     })
///     .collect();
/// let mut leaders = 0;
/// for task in tasks {
///     leaders += usize::from(scheduler.block_on(task)?);
/// }
/// assert_eq!(leaders, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Barrier {
    size: usize,
    crowd: Mutex<Crowd>,
}

impl Barrier {
    const_unless_loom! {
        /// Makes a barrier that opens when `size` have come; 0 is taken for 1, which lets everybody
        /// pass at once.
        #[must_use]
        pub fn new(size: usize) -> Self {
            Self { size: if size == 0 { 1 } else { size }, crowd: Mutex::new(Crowd::new()) }
        }
    }

    /// Returns how many must come.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Waits until all have come. A task has come when the future is first polled.
    ///
    /// # Cancel safety
    /// Dropped while it waits, the task has not come: the round needs another one instead. Once
    /// the barrier has opened, the round is over, and dropping the future changes nothing for the
    /// others. So nobody is let go for a task that is not there, but a task that starts anew after
    /// the barrier has opened for it takes part in the next round.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait { barrier: self, state: State::New }
    }

    /// Blocks the thread until all have come. On a worker the seat is given to another thread.
    ///
    /// # Examples
    /// ```
    /// let barrier = qi_sync::Barrier::new(2);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| barrier.blocking_wait());
    ///     barrier.blocking_wait();
    /// });
    /// ```
    pub fn blocking_wait(&self) -> BarrierWaitResult {
        block_on(self.wait())
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Tells the leader of a round from the others.
///
/// # Examples
/// ```
/// assert!(qi_sync::Barrier::new(1).blocking_wait().is_leader());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    is_leader: bool,
}

impl BarrierWaitResult {
    /// Returns whether this one was the last to come.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }
}

/// Waits at a [`Barrier`]. Made by [`Barrier::wait`].
///
/// # Cancel safety
/// Dropped while it waits, the task has not come; see [`Barrier::wait`].
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let barrier = qi_sync::Barrier::new(1);
/// assert!(scheduler.block_on(barrier.wait()).is_leader());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct BarrierWait<'a> {
    barrier: &'a Barrier,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    New,
    Waiting(CrowdKey),
    Done,
}

impl Future for BarrierWait<'_> {
    type Output = BarrierWaitResult;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let progress = ready!(coop::poll_proceed(cx));
        let this = self.get_mut();
        // Cloned before, and dropped after the lock is held: wakers are user code.
        let waker = cx.waker().clone();
        let mut crowd = lock(&this.barrier.crowd);
        let (poll, released, unused) = match this.state {
            State::New if crowd.len() + 1 == this.barrier.size => {
                this.state = State::Done;
                let leads = BarrierWaitResult { is_leader: true };
                (Poll::Ready(leads), Some(crowd.release_all()), Some(waker))
            }
            State::New => {
                this.state = State::Waiting(crowd.insert(waker));
                (Poll::Pending, None, None)
            }
            State::Waiting(key) if crowd.is_waiting(key) => {
                (Poll::Pending, None, Some(crowd.set_waker(key, waker)))
            }
            State::Waiting(_) | State::Done => {
                this.state = State::Done;
                (Poll::Ready(BarrierWaitResult { is_leader: false }), None, Some(waker))
            }
        };
        drop(crowd);
        drop(unused);
        if let Some(released) = released {
            released.wake();
        }
        if poll.is_ready() {
            progress.made_progress();
        }
        poll
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        if let State::Waiting(key) = self.state {
            let waker = lock(&self.barrier.crowd).remove(key);
            drop(waker);
        }
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWait").field("barrier", self.barrier).finish_non_exhaustive()
    }
}
