//! Permits that tasks and threads take, wait for, and give back.
#![forbid(unsafe_code)]

mod acquire;
mod core;
mod permit;

pub use acquire::{Acquire, AcquireOwned};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};

use self::core::Core;
use crate::blocking::block_on;
use crate::error::{AcquireError, TryAcquireError};
use crate::sync::const_unless_loom;
use std::fmt;
use std::sync::Arc;

/// A number of permits, to bound how many do something at once.
///
/// **Fair.** Nobody takes permits while others wait for them: a waiter gets its permits in order
/// of arrival, a request for many is not overtaken by requests for few, and [`try_acquire`] fails
/// rather than push in. The most urgent tasks ([`TaskPriority`]) go first, and the others have
/// their share, so that no lane starves.
///
/// **Cheap.** Taking and giving permits is one atomic operation while nobody waits.
///
/// [`try_acquire`]: Self::try_acquire
/// [`TaskPriority`]: qi_sched::TaskPriority
///
/// # Cancel safety
/// A future of its methods that is dropped loses its turn; permits that it had been granted go to the
/// next.
///
/// # Examples
/// At most two of ten downloads at once:
/// ```
/// use qi_sync::Semaphore;
/// use std::sync::Arc;
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build()?;
/// let semaphore = Arc::new(Semaphore::new(2));
/// let downloads: Vec<_> = (0..10)
///     .map(|_| {
///         let semaphore = semaphore.clone();
///         scheduler.spawn(async move {
///             let _permit = semaphore.acquire().await?;
///             // Download.
///             Ok::<_, qi_sync::AcquireError>(())
///         })
///     })
///     .collect();
/// for download in downloads {
///     scheduler.block_on(download)??;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Semaphore {
    core: Core,
}

impl Semaphore {
    /// The most permits that a semaphore can have free.
    pub const MAX_PERMITS: usize = core::MAX_PERMITS;

    const_unless_loom! {
        /// Makes a semaphore with so many permits.
        ///
        /// # Panics
        /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
        ///
        /// # Examples
        /// ```
        /// static CONNECTIONS: qi_sync::Semaphore = qi_sync::Semaphore::new(100);
        /// assert_eq!(CONNECTIONS.available_permits(), 100);
        /// ```
        #[must_use]
        pub fn new(permits: usize) -> Self {
            Self { core: Core::new(permits) }
        }
    }

    /// Returns how many permits are free. Some of them may be on their way to a waiter.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.core.free()
    }

    /// Adds permits.
    ///
    /// # Panics
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS); then none are added.
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        assert!(self.core.give(permits), "a semaphore has at most {} permits", Self::MAX_PERMITS);
    }

    /// Takes up to so many free permits away for good; returns how many.
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.core.destroy(permits)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    ///
    /// # Cancel safety
    /// Dropped while it waits it loses its turn; a permit that it had been granted goes to the
    /// next.
    pub fn acquire(&self) -> Acquire<'_> {
        Acquire::new(self, 1)
    }

    /// Waits for so many permits, and takes them together. A request for more than there will
    /// ever be waits until the semaphore is closed.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    ///
    /// # Cancel safety
    /// Dropped while it waits it loses its turn; permits that it had been granted go to the next.
    pub fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        Acquire::new(self, permits)
    }

    /// Waits for a permit that keeps the semaphore alive and borrows nothing.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(self: Arc<Self>) -> AcquireOwned {
        AcquireOwned::new(self, 1)
    }

    /// Waits for so many permits, which keep the semaphore alive and borrow nothing.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire_many`](Self::acquire_many).
    pub fn acquire_many_owned(self: Arc<Self>, permits: usize) -> AcquireOwned {
        AcquireOwned::new(self, permits)
    }

    /// Takes a permit if one is free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`]: none is free, or others wait; or the semaphore is closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits if they are free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`]: too few are free, or others wait; or the semaphore is closed.
    pub fn try_acquire_many(&self, permits: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.core.try_take(permits)?;
        Ok(SemaphorePermit::new(self, permits))
    }

    /// Takes a permit that keeps the semaphore alive, if one is free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`]: none is free, or others wait; or the semaphore is closed.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes so many permits, which keep the semaphore alive, if they are free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`]: too few are free, or others wait; or the semaphore is closed.
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.core.try_take(permits)?;
        Ok(OwnedSemaphorePermit::new(self, permits))
    }

    /// Blocks the thread until it has a permit. On a worker the seat is given to another thread.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    ///
    /// # Examples
    /// ```
    /// let semaphore = qi_sync::Semaphore::new(1);
    /// std::thread::scope(|scope| {
    ///     for _ in 0..3 {
    ///         scope.spawn(|| semaphore.blocking_acquire().map(drop));
    ///     }
    /// });
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.blocking_acquire_many(1)
    }

    /// Blocks the thread until it has so many permits. On a worker the seat is given to another
    /// thread.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    pub fn blocking_acquire_many(
        &self,
        permits: usize,
    ) -> Result<SemaphorePermit<'_>, AcquireError> {
        match self.try_acquire_many(permits) {
            Ok(permit) => Ok(permit),
            Err(_) => block_on(self.acquire_many(permits)),
        }
    }

    /// Blocks the thread until it has so many permits, which keep the semaphore alive. On a worker
    /// the seat is given to another thread.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        match self.core.try_take(permits) {
            Ok(()) => Ok(OwnedSemaphorePermit::new(self, permits)),
            Err(_) => block_on(self.acquire_many_owned(permits)),
        }
    }

    /// Blocks the thread until it has a permit that keeps the semaphore alive. On a worker the
    /// seat is given to another thread.
    ///
    /// # Errors
    /// [`AcquireError`] when the semaphore is closed.
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.blocking_acquire_many_owned(1)
    }

    /// Closes the semaphore for good: who waits, and who comes later, gets an error. Permits that
    /// are out stay valid.
    pub fn close(&self) {
        self.core.close();
    }

    /// Returns whether the semaphore is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Takes permits back. Should there be too many with them, by permits added meanwhile, those
    /// are lost: a panic here would come out of a drop.
    fn give_back(&self, permits: usize) {
        if permits > 0 {
            self.core.give(permits);
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
