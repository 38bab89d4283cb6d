//! The alarm elsewhere: the timeout of the wait itself, rounded up to whole milliseconds.
//!
//! kqueue would take nanoseconds, but counts them coarser; IOCP takes milliseconds, and a tick of the
//! Windows clock is 1 to 16 of them. Rounding up keeps "never early" on all of them.

use std::time::Duration;

use mio::{Registry, Token};

use super::whole_millis;
use crate::ReactorError;

/// Nothing to keep.
#[derive(Debug)]
pub(crate) struct Alarm;

impl Alarm {
    pub(crate) fn new(_registry: &Registry, _token: Token) -> Result<Self, ReactorError> {
        Ok(Self)
    }

    /// Returns the timeout that ends the coming wait at `deadline`, which is later than `now`.
    pub(crate) fn arm(
        &mut self,
        now: u64,
        deadline: u64,
    ) -> (Option<Duration>, Option<std::io::Error>) {
        (Some(whole_millis(Duration::from_nanos(deadline - now))), None)
    }

    /// There is no event of it to collect.
    pub(crate) fn has_rung(&mut self) {}
}
