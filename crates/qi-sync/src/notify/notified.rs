//! Waiting for a notification.
#![forbid(unsafe_code)]

use super::Notify;
use super::core::{Core, Outcome, Round};
use qi_sched::wait_queue::WaiterKey;
use qi_sched::{context, coop};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// One wait. Its owner calls [`end`](Self::end) when it is dropped.
#[derive(Clone, Copy, Debug)]
enum Wait {
    New(Round),
    Waiting(WaiterKey),
    Done,
}

impl Wait {
    fn poll(&mut self, core: &Core, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        if !self.advance(core, cx.waker()) {
            return Poll::Pending;
        }
        progress.made_progress();
        Poll::Ready(())
    }

    /// Takes a notification or stands in line; whether the wait is over.
    fn advance(&mut self, core: &Core, waker: &Waker) -> bool {
        let outcome = match *self {
            Self::New(round) if core.try_take(round) => Outcome::Notified,
            Self::New(round) => core.wait(round, context::lane(), waker.clone()),
            Self::Waiting(key) => core.poll(key, context::lane(), waker),
            Self::Done => Outcome::Notified,
        };
        *self = match outcome {
            Outcome::Notified => Self::Done,
            Outcome::Waiting(key) => Self::Waiting(key),
        };
        matches!(self, Self::Done)
    }

    fn end(&mut self, core: &Core) {
        if let Self::Waiting(key) = *self {
            *self = Self::Done;
            core.give_up(key);
        }
    }
}

/// Waits for a notification of a borrowed [`Notify`]. Made by [`Notify::notified`].
///
/// # Cancel safety
/// Dropped while it waits it loses its turn; a notification that was meant for it goes to the next
/// or is stored.
///
/// # Examples
/// Waiting until a condition holds that others change and then notify all of: the wait is made
/// before the look, so no change is missed.
/// ```
/// use qi_sync::Notify;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build()?;
/// let shared = Arc::new((AtomicUsize::new(0), Notify::new()));
/// let other = shared.clone();
/// let task = scheduler.spawn(async move {
///     loop {
///         let changed = other.1.notified();
///         if other.0.load(SeqCst) >= 3 {
///             break;
///         }
///         changed.await;
///     }
/// });
/// for _ in 0..3 {
///     shared.0.fetch_add(1, SeqCst);
///     shared.1.notify_waiters();
/// }
/// scheduler.block_on(task)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Notified<'a> {
    core: &'a Core,
    wait: Wait,
}

impl<'a> Notified<'a> {
    pub(super) fn new(core: &'a Core) -> Self {
        Self { core, wait: Wait::New(core.round()) }
    }

    /// Stands in line for [`Notify::notify_one`] without being polled, or takes what is stored;
    /// returns whether the wait is over. It spends no budget.
    ///
    /// Call it before looking at what is waited for, if several wait: a notification between the
    /// look and the first poll is then meant for this one.
    ///
    /// # Examples
    /// ```
    /// use std::pin::pin;
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let notify = qi_sync::Notify::new();
    /// let mut first = pin!(notify.notified());
    /// assert!(!first.as_mut().enable());
    /// let second = notify.notified();
    /// notify.notify_one(); // For the first, who stood in line.
    /// assert!(first.as_mut().enable());
    /// drop(second);
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.get_mut();
        this.wait.enable(this.core)
    }
}

impl Wait {
    fn enable(&mut self, core: &Core) -> bool {
        match self {
            // The waker of the first poll replaces this one.
            Self::New(_) => self.advance(core, Waker::noop()),
            Self::Waiting(key) => core.is_over(*key),
            Self::Done => true,
        }
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.wait.poll(this.core, cx)
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.wait.end(self.core);
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}

/// Waits for a notification of a shared [`Notify`]. Made by [`Notify::notified_owned`].
///
/// # Cancel safety
/// As [`Notified`].
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let notify = Arc::new(qi_sync::Notify::new());
/// let task = scheduler.spawn(notify.clone().notified_owned());
/// notify.notify_one();
/// assert!(scheduler.block_on(task).is_ok());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct OwnedNotified {
    notify: Arc<Notify>,
    wait: Wait,
}

impl OwnedNotified {
    pub(super) fn new(notify: Arc<Notify>) -> Self {
        let wait = Wait::New(notify.core.round());
        Self { notify, wait }
    }

    /// Stands in line without being polled; see [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.get_mut();
        this.wait.enable(&this.notify.core)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.wait.poll(&this.notify.core, cx)
    }
}

impl Drop for OwnedNotified {
    fn drop(&mut self) {
        self.wait.end(&self.notify.core);
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").finish_non_exhaustive()
    }
}
