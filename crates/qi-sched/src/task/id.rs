//! Task ids.
#![forbid(unsafe_code)]

use std::fmt;
use std::num::NonZeroU64;

/// Names one task of a runtime; never used twice within the runtime's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(NonZeroU64);

impl TaskId {
    pub(crate) fn new(number: u64) -> Self {
        Self(NonZeroU64::new(number).expect("ids are counted from one"))
    }

    /// The id as a number, counted from one.
    #[inline]
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
