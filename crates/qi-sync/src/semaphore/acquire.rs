//! Waiting for permits.
#![forbid(unsafe_code)]

use super::core::{Core, Outcome};
use super::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use crate::error::{AcquireError, TryAcquireError};
use qi_sched::wait_queue::WaiterKey;
use qi_sched::{context, coop};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// One request, from its first poll to its end. Its owner calls [`end`](Self::end) when dropped.
#[derive(Debug)]
struct Wait {
    permits: usize,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    New,
    Waiting(WaiterKey),
    Done,
}

impl Wait {
    fn poll(&mut self, core: &Core, cx: &mut Context<'_>) -> Poll<Result<(), AcquireError>> {
        let progress = ready!(coop::poll_proceed(cx));
        let outcome = match self.state {
            State::New => match core.try_take(self.permits) {
                Ok(()) => Outcome::Granted,
                Err(TryAcquireError::Closed) => Outcome::Closed,
                Err(_) => core.wait(self.permits, context::lane(), cx.waker().clone()),
            },
            State::Waiting(key) => core.poll(key, context::lane(), cx.waker()),
            State::Done => panic!("a request for permits was polled after its end"),
        };
        let result = match outcome {
            Outcome::Waiting(key) => {
                self.state = State::Waiting(key);
                return Poll::Pending;
            }
            Outcome::Granted => Ok(()),
            Outcome::Closed => Err(AcquireError),
        };
        self.state = State::Done;
        progress.made_progress();
        Poll::Ready(result)
    }

    fn end(&mut self, core: &Core) {
        if let State::Waiting(key) = self.state {
            self.state = State::Done;
            core.give_up(key);
        }
    }
}

/// Waits for permits of a borrowed [`Semaphore`]. Made by [`Semaphore::acquire`].
///
/// # Cancel safety
/// Dropped while it waits it loses its turn; permits that it had been granted go to the next.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let semaphore = qi_sync::Semaphore::new(2);
/// let permit = scheduler.block_on(semaphore.acquire_many(2))?;
/// assert_eq!(permit.num_permits(), 2);
/// # Ok::<(), qi_sync::AcquireError>(())
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Acquire<'a> {
    semaphore: &'a Semaphore,
    wait: Wait,
}

impl<'a> Acquire<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, permits: usize) -> Self {
        Self { semaphore, wait: Wait { permits, state: State::New } }
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<SemaphorePermit<'a>, AcquireError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let semaphore = this.semaphore;
        let permits = this.wait.permits;
        let granted = ready!(this.wait.poll(&semaphore.core, cx));
        Poll::Ready(granted.map(|()| SemaphorePermit::new(semaphore, permits)))
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        self.wait.end(&self.semaphore.core);
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("permits", &self.wait.permits).finish_non_exhaustive()
    }
}

/// Waits for permits of a shared [`Semaphore`]. Made by [`Semaphore::acquire_owned`].
///
/// # Cancel safety
/// Dropped while it waits it loses its turn; permits that it had been granted go to the next.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let semaphore = Arc::new(qi_sync::Semaphore::new(1));
/// let permit = scheduler.block_on(semaphore.clone().acquire_owned())?;
/// scheduler.spawn(async move { drop(permit) });
/// # Ok::<(), qi_sync::AcquireError>(())
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct AcquireOwned {
    semaphore: Arc<Semaphore>,
    wait: Wait,
}

impl AcquireOwned {
    pub(super) fn new(semaphore: Arc<Semaphore>, permits: usize) -> Self {
        Self { semaphore, wait: Wait { permits, state: State::New } }
    }
}

impl Future for AcquireOwned {
    type Output = Result<OwnedSemaphorePermit, AcquireError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let granted = ready!(this.wait.poll(&this.semaphore.core, cx));
        Poll::Ready(
            granted.map(|()| OwnedSemaphorePermit::new(this.semaphore.clone(), this.wait.permits)),
        )
    }
}

impl Drop for AcquireOwned {
    fn drop(&mut self) {
        self.wait.end(&self.semaphore.core);
    }
}

impl fmt::Debug for AcquireOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOwned").field("permits", &self.wait.permits).finish_non_exhaustive()
    }
}
