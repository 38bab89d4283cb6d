//! The semaphore. Its permits belong to nobody: whoever knows of one may give it back.
#![forbid(unsafe_code)]

use std::sync::Arc;

use qi_runtime::sync::{self, TryAcquireError};

use crate::code::Code;

/// A semaphore behind a handle.
pub(crate) struct Semaphore(Arc<sync::Semaphore>);

impl Semaphore {
    pub(crate) fn new(permits: usize) -> Self {
        Self(Arc::new(sync::Semaphore::new(permits)))
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

    pub(crate) fn add(&self, permits: usize) {
        self.0.add_permits(permits);
    }

    pub(crate) fn available(&self) -> usize {
        self.0.available_permits()
    }

    pub(crate) fn close(&self) {
        self.0.close();
    }
}
