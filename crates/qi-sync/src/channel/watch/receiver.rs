//! The receiving side of a watch channel.
#![forbid(unsafe_code)]

use super::shared::Shared;
use super::{RecvError, RecvTimeoutError, Ref};
use crate::channel::block_until::block_until;
use crate::sync::lock;
use crate::wait::Wait;
use qi_sched::coop;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Looks at the newest value, and waits for newer ones. Clone it for further receivers, which have
/// seen the same.
///
/// # Cancel safety
/// Every future that it makes can be dropped at any point: a value counts as seen only when the
/// future is ready.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, mut rx) = qi_sync::channel::watch::channel(0);
/// qi_sched::spawn(async move {
///     for number in 1..=10 {
///         tx.send_replace(number);
///         qi_sched::coop::yield_now().await;
///     }
/// });
/// assert!(*rx.wait_for(|&number| number >= 5).await.unwrap() >= 5);
/// let mut last = 0;
/// while rx.changed().await.is_ok() {
///     last = *rx.borrow_and_update();
/// }
/// assert!(last == 10 || *rx.borrow() == 10);
/// # });
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Receiver<T> {
    /// A receiver that counts the value of now as seen.
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let seen = shared.word().version();
        Self::count(shared, seen)
    }

    fn count(shared: Arc<Shared<T>>, seen: u64) -> Self {
        // Relaxed: it starts from somebody who lives.
        shared.receivers.fetch_add(1, Relaxed);
        Self { shared, seen }
    }

    /// Looks at the value, without marking it as seen.
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        let value = self.shared.read();
        let is_new = self.shared.word().version() != self.seen;
        Ref { value, is_new }
    }

    /// Looks at the value, and marks it as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.read();
        let version = self.shared.word().version();
        let is_new = version != self.seen;
        self.seen = version;
        Ref { value, is_new }
    }

    /// Whether there is a value that was not marked as seen.
    ///
    /// # Errors
    /// [`RecvError`] if there is none, and the senders are gone.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        match news(&self.shared, self.seen) {
            Some(Ok(_)) => Ok(true),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
    }

    /// Marks the value of now as not seen.
    pub fn mark_changed(&mut self) {
        // Versions are counted from zero and never come back to this one.
        self.seen = self.shared.word().version().wrapping_sub(1);
    }

    /// Marks the value of now as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.word().version();
    }

    /// Waits for a value that was not marked as seen, and marks it.
    ///
    /// # Errors
    /// [`RecvError`] if there is none, and the senders are gone.
    ///
    /// # Cancel safety
    /// A value counts as seen only when the future is ready.
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed::new(&self.shared, &mut self.seen)
    }

    /// Waits for a value that `is_right`, and marks it as seen; the value of now may be it. The
    /// value cannot be replaced while it is being judged, or looked at through the answer.
    ///
    /// # Errors
    /// [`RecvError`] if the senders are gone and the last value is not it.
    ///
    /// # Cancel safety
    /// Values that were judged and not right count as seen; nothing else is lost.
    pub async fn wait_for(
        &mut self,
        mut is_right: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, RecvError> {
        poll_fn(coop::poll_proceed).await.made_progress();
        let Self { shared, seen } = self;
        loop {
            {
                let value = shared.read();
                let version = shared.word().version();
                let is_new = version != *seen;
                *seen = version;
                if is_right(&value) {
                    return Ok(Ref { value, is_new });
                }
            }
            Changed::new(shared, seen).await?;
        }
    }

    /// As [`changed`](Self::changed), on a thread that may block. A worker gives its seat away
    /// meanwhile.
    ///
    /// # Errors
    /// [`RecvError`] as there.
    pub fn blocking_changed(&mut self) -> Result<(), RecvError> {
        crate::blocking::block_on(self.changed())
    }

    /// As [`blocking_changed`](Self::blocking_changed), for at most `timeout`.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    pub fn blocking_changed_timeout(&mut self, timeout: Duration) -> Result<(), RecvTimeoutError> {
        let mut changed = self.changed();
        match block_until(timeout, |cx| changed.poll_freely(cx)) {
            Some(Ok(())) => Ok(()),
            Some(Err(RecvError)) => Err(RecvTimeoutError::Closed),
            None => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Whether both look at the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::count(self.shared.clone(), self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // AcqRel: who sees the count sees what the receivers did.
        if self.shared.receivers.fetch_sub(1, AcqRel) == 1 {
            let released = lock(&self.shared.closers).release_all();
            released.wake();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("has_changed", &self.has_changed()).finish_non_exhaustive()
    }
}

/// A version that was not seen, or that none will come.
fn news<T>(shared: &Shared<T>, seen: u64) -> Option<Result<u64, RecvError>> {
    let word = shared.word();
    if word.version() != seen {
        Some(Ok(word.version()))
    } else if word.is_closed() {
        Some(Err(RecvError))
    } else {
        None
    }
}

/// Waits for a value that was not seen. Made by [`Receiver::changed`].
///
/// # Cancel safety
/// A value counts as seen only when the future is ready.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (tx, mut rx) = qi_sync::channel::watch::channel("starting");
/// assert!(rx.changed().now_or_never().is_none(), "the first value counts as seen");
/// tx.send("running").unwrap();
/// assert_eq!(rx.changed().await, Ok(()));
/// assert_eq!(*rx.borrow(), "running");
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Changed<'a, T> {
    shared: &'a Shared<T>,
    seen: &'a mut u64,
    wait: Wait,
}

impl<'a, T> Changed<'a, T> {
    fn new(shared: &'a Shared<T>, seen: &'a mut u64) -> Self {
        Self { shared, seen, wait: Wait::new() }
    }

    /// As `poll`, but takes nothing from the budget.
    fn poll_freely(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        let (shared, seen) = (self.shared, *self.seen);
        loop {
            if let Some(news) = news(shared, seen) {
                self.wait.end(&shared.watchers);
                return Poll::Ready(news.map(|version| *self.seen = version));
            }
            let is_over_at_last = || {
                let word = shared.word_before_waiting();
                word.version() != seen || word.is_closed()
            };
            let is_over = || news(shared, seen).is_some();
            ready!(self.wait.poll_unlimited(&shared.watchers, is_over, is_over_at_last, cx));
        }
    }
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let changed = ready!(self.poll_freely(cx));
        progress.made_progress();
        Poll::Ready(changed)
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        self.wait.end(&self.shared.watchers);
    }
}
