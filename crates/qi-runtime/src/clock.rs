//! One clock for the scheduler and the reactor.
#![forbid(unsafe_code)]

use qi_sched::Clock;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// The scheduler's clock as the reactor wants it.
pub(crate) struct ReactorClock(pub(crate) Arc<dyn Clock>);

impl qi_reactor::Clock for ReactorClock {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

impl fmt::Debug for ReactorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReactorClock")
    }
}
