//! Ends a wait for events at a deadline, as exactly as the platform can.
//!
//! An [`Alarm`] is asked before each wait: it arranges for the wait to end at the deadline and
//! returns the timeout, if any, that the wait must be given besides.

#[cfg(all(any(target_os = "linux", target_os = "android"), not(mio_unsupported_force_poll_poll)))]
mod timerfd;
#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(mio_unsupported_force_poll_poll)
))]
pub(crate) use timerfd::Alarm;

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    not(mio_unsupported_force_poll_poll)
)))]
mod timeout;
#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    not(mio_unsupported_force_poll_poll)
)))]
pub(crate) use timeout::Alarm;

use std::time::Duration;

/// Rounds up to whole milliseconds, so that a wait which counts in them does not end early.
pub(crate) fn whole_millis(span: Duration) -> Duration {
    const NANOS: u32 = 1_000_000;
    let beyond = span.subsec_nanos() % NANOS;
    if beyond == 0 {
        span
    } else {
        span.saturating_add(Duration::from_nanos(u64::from(NANOS - beyond)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_milliseconds_are_never_shorter() {
        for (nanos, millis) in [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)] {
            let rounded = whole_millis(Duration::from_nanos(nanos));
            assert_eq!(rounded, Duration::from_millis(millis));
        }
        assert_eq!(whole_millis(Duration::MAX), Duration::MAX);
    }
}
