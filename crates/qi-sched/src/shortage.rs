//! When to ask the system again for a thread that it has refused.
//!
//! A refusal (EAGAIN of pthread_create(3)) comes from a limit of the process, its user or its
//! container, or from memory, and may be over in a moment or never. So it is asked again soon, and
//! then less and less often.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

/// Short enough for whoever waits for the thread, long enough for another one to have ended.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest that a thread which could be had goes unused.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The refusals in a row, as whoever asks remembers them.
#[derive(Debug, Default)]
pub(crate) struct Shortage {
    pause: Option<Duration>,
    until: Option<Instant>,
}

impl Shortage {
    /// Whether it is time to ask.
    pub(crate) fn may_ask(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// The system refused; `true` for the first time in a row.
    pub(crate) fn refused(&mut self, now: Instant) -> bool {
        let pause = self.pause.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.until = now.checked_add(pause);
        self.pause.replace(pause).is_none()
    }

    /// The system gave a thread.
    pub(crate) fn granted(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second_and_begin_anew_after_a_grant() {
        let mut now = Instant::now();
        let mut shortage = Shortage::default();
        assert!(shortage.may_ask(now));
        for millis in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000] {
            let first = shortage.refused(now);
            assert_eq!(first, millis == 1);
            now += Duration::from_millis(millis) - Duration::from_nanos(1);
            assert!(!shortage.may_ask(now));
            now += Duration::from_nanos(1);
            assert!(shortage.may_ask(now));
        }
        shortage.granted();
        assert!(shortage.refused(now), "the first of a new row");
    }
}
