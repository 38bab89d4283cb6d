//! Time: sleeping, timeouts, intervals, on the runtime's monotonic clock.
//!
//! Timers never fire early and keep exact deadlines. On Linux they are as precise as a timerfd; on
//! macOS and Windows waits are rounded up to a millisecond.

mod bound;
mod instant;
mod interval;
mod sleep;
mod test_clock;
mod timeout;

pub use bound::{deadline, remaining, spawn_bound, until_stopped, with_deadline, within};
pub use instant::Instant;
pub use interval::{Interval, MissedTicks, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::Duration;
pub use test_clock::{TestClock, advance, pause, resume};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
