//! The alarm of Linux: a timerfd that is watched by the event queue, exact to the microsecond.
//!
//! The descriptor is watched edge-triggered and never read: each expiry is an edge of its own, and
//! setting it anew resets its counter, so an expiry that was not collected is forgotten with it.
//!
//! It is set only if it would ring too late. One that rings too early, since the timer it was set
//! for is gone, is left alone: at most one early return instead of a system call for every timeout
//! that is set and dropped.
//!
//! # Rejected alternatives
//!
//! The timeout of `epoll_wait`: whole milliseconds, plus 50 µs of slack. `epoll_pwait2`: exact, but
//! mio does not offer it and `unsafe` is not allowed here.
//!
//! # References
//!
//! timerfd_create(2), epoll(7).

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::whole_millis;
use crate::ReactorError;
use crate::clock::NEVER;

/// Far longer than anybody waits, and within a 32-bit `time_t`.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A timerfd, and when it rings.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: TimerFd,
    rings_at: u64,
    /// Whether the system refused the last setting.
    refused: bool,
}

impl Alarm {
    pub(crate) fn new(registry: &Registry, token: Token) -> Result<Self, ReactorError> {
        // `Instant` is CLOCK_MONOTONIC on Linux.
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)
            .map_err(|errno| ReactorError::CreateTimer(errno.into()))?;
        registry
            .register(&mut SourceFd(&timer.as_fd().as_raw_fd()), token, Interest::READABLE)
            .map_err(ReactorError::WatchTimer)?;
        Ok(Self { timer, rings_at: NEVER, refused: false })
    }

    /// Arranges for the coming wait to end at `deadline`, which is later than `now`.
    /// If the system refuses, the wait needs a timeout, and is late by up to a millisecond; the error
    /// is returned once for several refusals in a row.
    pub(crate) fn arm(&mut self, now: u64, deadline: u64) -> (Option<Duration>, Option<io::Error>) {
        if now < self.rings_at && self.rings_at <= deadline {
            return (None, None);
        }
        let remaining = Duration::from_nanos(deadline - now).min(LONGEST);
        let once = Expiration::OneShot(TimeSpec::from_duration(remaining));
        match self.timer.set(once, TimerSetTimeFlags::empty()) {
            Ok(()) => {
                self.rings_at = deadline;
                self.refused = false;
                (None, None)
            }
            Err(errno) => {
                self.rings_at = NEVER;
                let known = std::mem::replace(&mut self.refused, true);
                (Some(whole_millis(remaining)), (!known).then(|| errno.into()))
            }
        }
    }

    /// The alarm's event was collected.
    pub(crate) fn has_rung(&mut self) {
        self.rings_at = NEVER;
    }
}
