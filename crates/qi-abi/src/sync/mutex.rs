//! The mutex.
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use qi_runtime::sync::{self, OwnedMutexGuard};

use super::Holder;
use crate::code::Code;

/// A mutex behind a handle. What it protects is the other side's.
pub(crate) struct Mutex {
    lock: Arc<sync::Mutex<()>>,
    /// The guard of whoever has the lock; changed by the holder only, so never waited for.
    held: StdMutex<Option<(Holder, OwnedMutexGuard<()>)>>,
}

impl Mutex {
    pub(crate) fn new() -> Self {
        Self { lock: Arc::new(sync::Mutex::new(())), held: StdMutex::new(None) }
    }

    fn keep(&self, guard: OwnedMutexGuard<()>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((Holder::here(), guard));
    }

    fn is_mine(&self) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().is_some_and(|(holder, _)| *holder == Holder::here())
    }

    /// # Errors
    /// [`Code::ERR_DEADLOCK`] if the caller holds it.
    pub(crate) async fn lock(&self) -> Result<Code, Code> {
        if self.try_lock() {
            return Ok(Code::OK);
        }
        if self.is_mine() {
            return Err(Code::ERR_DEADLOCK);
        }
        self.keep(Arc::clone(&self.lock).lock_owned().await);
        Ok(Code::OK)
    }

    pub(crate) fn try_lock(&self) -> bool {
        let guard = Arc::clone(&self.lock).try_lock_owned();
        let was_free = guard.is_some();
        guard.into_iter().for_each(|guard| self.keep(guard));
        was_free
    }

    /// # Errors
    /// [`Code::ERR_NOT_OWNER`] if the caller does not hold it.
    pub(crate) fn unlock(&self) -> Result<Code, Code> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = match held.take() {
            Some((holder, guard)) if holder == Holder::here() => guard,
            other => {
                *held = other;
                return Err(Code::ERR_NOT_OWNER);
            }
        };
        drop(held);
        drop(guard);
        Ok(Code::OK)
    }
}
