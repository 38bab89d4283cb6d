//! Permits that their holder gives back by dropping them.
#![forbid(unsafe_code)]

use super::Semaphore;
use std::fmt;
use std::sync::Arc;

/// Permits of a borrowed [`Semaphore`]; dropping it gives them back.
///
/// # Examples
/// ```
/// let semaphore = qi_sync::Semaphore::new(3);
/// let mut all = semaphore.try_acquire_many(3)?;
/// let one = all.split(1).expect("it holds three");
/// drop(one);
/// assert_eq!((all.num_permits(), semaphore.available_permits()), (2, 1));
/// all.merge(semaphore.try_acquire()?);
/// assert_eq!(all.num_permits(), 3);
/// # Ok::<(), qi_sync::TryAcquireError>(())
/// ```
#[must_use = "permits that are dropped at once are given back at once"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl<'a> SemaphorePermit<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, permits: usize) -> Self {
        Self { semaphore, permits }
    }

    /// Returns how many permits it holds.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Never gives the permits back: the semaphore has so many fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes the permits of another one over.
    ///
    /// # Panics
    /// If the other is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let same = std::ptr::eq(self.semaphore, other.semaphore);
        assert!(same, "permits of two semaphores cannot be merged");
        self.permits += std::mem::take(&mut other.permits);
    }

    /// Splits so many permits off; `None` if it holds fewer.
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(Self { semaphore: self.semaphore, permits })
    }

    /// Returns the semaphore that the permits are of.
    #[must_use]
    pub fn semaphore(&self) -> &'a Semaphore {
        self.semaphore
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.give_back(self.permits);
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphorePermit").field("permits", &self.permits).finish_non_exhaustive()
    }
}

/// Permits of a shared [`Semaphore`], which it keeps alive; dropping it gives them back.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// let semaphore = Arc::new(qi_sync::Semaphore::new(1));
/// let permit = semaphore.clone().try_acquire_owned()?;
/// std::thread::spawn(move || drop(permit)).join().unwrap();
/// assert_eq!(semaphore.available_permits(), 1);
/// # Ok::<(), qi_sync::TryAcquireError>(())
/// ```
#[must_use = "permits that are dropped at once are given back at once"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl OwnedSemaphorePermit {
    pub(super) fn new(semaphore: Arc<Semaphore>, permits: usize) -> Self {
        Self { semaphore, permits }
    }

    /// Returns how many permits it holds.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Never gives the permits back: the semaphore has so many fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes the permits of another one over.
    ///
    /// # Panics
    /// If the other is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let same = Arc::ptr_eq(&self.semaphore, &other.semaphore);
        assert!(same, "permits of two semaphores cannot be merged");
        self.permits += std::mem::take(&mut other.permits);
    }

    /// Splits so many permits off; `None` if it holds fewer.
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(Self { semaphore: self.semaphore.clone(), permits })
    }

    /// Returns the semaphore that the permits are of.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.give_back(self.permits);
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("OwnedSemaphorePermit");
        debug.field("permits", &self.permits).finish_non_exhaustive()
    }
}
