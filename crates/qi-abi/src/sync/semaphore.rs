//! The semaphore. Its permits belong to nobody: whoever knows of one may give it back.
#![forbid(unsafe_code)]

use std::sync::Arc;

use qi_runtime::sync::{self, TryAcquireError};

use crate::code::Code;

/// A semaphore behind a handle.
pub(crate) struct Semaphore(Arc<sync::Semaphore>);

impl Semaphore {
    /// # Errors
    /// [`Code::ERR_INVALID`] if there would be too many.
    pub(crate) fn new(permits: usize) -> Result<Self, Code> {
        if permits > sync::Semaphore::MAX_PERMITS {
            return Err(Code::ERR_INVALID);
        }
        Ok(Self(Arc::new(sync::Semaphore::new(permits))))
    }

    pub(crate) async fn acquire(&self, permits: usize) -> Result<Code, Code> {
        match Arc::clone(&self.0).acquire_many_owned(permits).await {
            Ok(permit) => {
                permit.forget();
                Ok(Code::OK)
            }
            Err(_) => Err(Code::ERR_CLOSED),
        }
    }

    pub(crate) fn try_acquire(&self, permits: usize) -> Result<Code, Code> {
        match Arc::clone(&self.0).try_acquire_many_owned(permits) {
            Ok(permit) => {
                permit.forget();
                Ok(Code::OK)
            }
            Err(TryAcquireError::Closed) => Err(Code::ERR_CLOSED),
            Err(_) => Err(Code::ERR_EMPTY),
        }
    }

    /// # Errors
    /// [`Code::ERR_INVALID`] if there would be too many; none are added then.
    pub(crate) fn add(&self, permits: usize) -> Result<Code, Code> {
        let total = self.0.available_permits().checked_add(permits);
        if total.is_none_or(|total| total > sync::Semaphore::MAX_PERMITS) {
            return Err(Code::ERR_INVALID);
        }
        self.0.add_permits(permits);
        Ok(Code::OK)
    }

    pub(crate) fn available(&self) -> usize {
        self.0.available_permits()
    }

    pub(crate) fn close(&self) {
        self.0.close();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn more_permits_than_there_can_be_are_refused() {
        let most = sync::Semaphore::MAX_PERMITS;
        assert!(Semaphore::new(most + 1).is_err());
        let semaphore = Semaphore::new(most).unwrap();
        assert_eq!(semaphore.add(1), Err(Code::ERR_INVALID));
        assert_eq!(semaphore.add(usize::MAX), Err(Code::ERR_INVALID));
        assert_eq!(semaphore.available(), most);
    }
}
