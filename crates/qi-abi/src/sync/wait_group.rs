//! The wait group.
#![forbid(unsafe_code)]

use std::sync::{Mutex, PoisonError};

use qi_runtime::sync;

use crate::code::Code;

/// A wait group behind a handle.
pub(crate) struct WaitGroup {
    group: sync::WaitGroup,
    /// The count as the other side knows it: one below zero is its mistake, not a panic of ours.
    count: Mutex<usize>,
}

impl WaitGroup {
    pub(crate) fn new() -> Self {
        Self { group: sync::WaitGroup::new(), count: Mutex::new(0) }
    }

    /// Adds to the count, or takes from it.
    ///
    /// # Errors
    /// [`Code::ERR_INVALID`] if it would leave the range.
    pub(crate) fn add(&self, change: i64) -> Result<Code, Code> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let size = usize::try_from(change.unsigned_abs()).map_err(|_| Code::ERR_INVALID)?;
        let new = if change < 0 { count.checked_sub(size) } else { count.checked_add(size) };
        *count = new.filter(|new| *new <= sync::WaitGroup::MAX_COUNT).ok_or(Code::ERR_INVALID)?;
        if change >= 0 {
            self.group.add(size);
        }
        drop(count);
        // Wakes whoever waits, so outside of our lock.
        if change < 0 {
            self.group.done_many(size);
        }
        Ok(Code::OK)
    }

    pub(crate) async fn wait(&self) -> Result<Code, Code> {
        self.group.wait().await;
        Ok(Code::OK)
    }

    pub(crate) fn count(&self) -> usize {
        self.group.count()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// As much as a group counts to on any platform.
    const MOST: i64 = sync::WaitGroup::MAX_COUNT as i64;

    #[test]
    fn a_large_number_is_taken_at_once() {
        let group = WaitGroup::new();
        assert_eq!(group.add(MOST), Ok(Code::OK));
        assert_eq!(group.add(1 - MOST), Ok(Code::OK));
        assert_eq!(group.count(), 1);
    }

    #[test]
    fn more_than_can_be_counted_is_refused_and_changes_nothing() {
        let group = WaitGroup::new();
        assert_eq!(group.add(MOST), Ok(Code::OK));
        assert_eq!(group.add(MOST), Err(Code::ERR_INVALID));
        assert_eq!(group.add(-MOST), Ok(Code::OK));
        assert_eq!(group.add(-1), Err(Code::ERR_INVALID));
        assert_eq!(group.count(), 0);
    }
}
