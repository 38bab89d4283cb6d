//! A timer as a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::ReactorError;
use crate::clock::Timeline;
use crate::reactor::Reactor;
use crate::shard::Shard;
use crate::timers::Standing;
use crate::wheel::TimerKey;

/// Waits until a deadline. 32 bytes; touches the timer wheel at its first pending poll and when it is
/// dropped before the deadline.
///
/// Completes with [`ReactorError::Closed`] if the reactor is closed before the deadline. Polled again
/// after it completed it completes again.
///
/// # Cancel safety
///
/// Dropping it drops its timer. Nothing is lost: a new one with the same deadline waits for the same.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Delay {
    shard: Arc<Shard>,
    deadline: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not set, and the deadline may have passed already.
    Unknown,
    /// Not set, and the deadline was in the future when it was chosen. A first poll spares a look at
    /// the clock, at the price that a deadline which has passed meanwhile takes a turn.
    Ahead,
    /// In the wheel, unless it fired.
    Set(TimerKey),
    /// Past.
    Done,
}

impl Delay {
    /// Creates a delay until `deadline`, whose timer will be kept by `shard`.
    ///
    /// A deadline that has passed completes at the first poll.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn new(reactor: &Reactor, shard: usize, deadline: Instant) -> Self {
        let shard = Arc::clone(reactor.shard(shard));
        let deadline = shard.timeline().nanos(deadline);
        Self { shard, deadline, state: State::Unknown }
    }

    /// Creates a delay of `delay` from now; one of zero completes at the first poll. Reads the clock
    /// here, and not again at the first poll.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn after(reactor: &Reactor, shard: usize, delay: Duration) -> Self {
        let shard = Arc::clone(reactor.shard(shard));
        let deadline = Timeline::after(shard.now(), delay);
        let state = if delay.is_zero() { State::Done } else { State::Ahead };
        Self { shard, deadline, state }
    }

    /// Returns the deadline.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.shard.timeline().instant(self.deadline)
    }

    /// Returns whether the delay has completed, as far as it was polled.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Returns the number of the shard that keeps the timer.
    #[must_use]
    pub fn shard(&self) -> usize {
        self.shard.index()
    }

    /// Chooses another deadline. A delay that is waiting goes on to wait, with the same waker; one
    /// that has completed or fired must be polled again.
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = self.shard.timeline().nanos(deadline);
        let moved = match self.state {
            State::Set(key) => self.shard.move_timer(key, self.deadline),
            State::Unknown | State::Ahead | State::Done => false,
        };
        if !moved {
            self.state = State::Unknown;
        }
    }

    /// Waits for the deadline.
    ///
    /// # Errors
    ///
    /// [`ReactorError::Closed`] and [`ReactorError::TooManyTimers`].
    pub fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReactorError>> {
        match self.state {
            State::Unknown | State::Ahead => self.poll_first(cx),
            State::Set(key) => match self.shard.refresh_timer(key, cx.waker()) {
                Standing::Set | Standing::OtherWaker => Poll::Pending,
                Standing::Fired => self.complete(),
                Standing::Closed => {
                    self.state = State::Unknown;
                    self.poll_first(cx)
                }
            },
            State::Done => Poll::Ready(Ok(())),
        }
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReactorError>> {
        if self.state == State::Unknown && self.deadline <= self.shard.now() {
            return self.complete();
        }
        self.state = State::Set(self.shard.set_timer(self.deadline, cx.waker().clone())?);
        Poll::Pending
    }

    fn complete(&mut self) -> Poll<Result<(), ReactorError>> {
        self.state = State::Done;
        Poll::Ready(Ok(()))
    }
}

impl Future for Delay {
    type Output = Result<(), ReactorError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_done(cx)
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        if let State::Set(key) = self.state {
            self.shard.remove_timer(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_has_at_most_32_bytes() {
        assert!(size_of::<Delay>() <= 32, "it has {}", size_of::<Delay>());
    }
}
