//! A value that many may read at once, or one may write.

mod guard;
mod mapped;
mod owned;
mod raw;

pub use guard::{RwLockReadGuard, RwLockWriteGuard};
pub use mapped::{MappedRwLockWriteGuard, OwnedMappedRwLockWriteGuard};
pub use owned::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use crate::blocking::block_on;
use crate::content::Content;
use crate::sync::const_unless_loom;
use raw::{Raw, Want};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Lets many tasks read a value at once, or one write it; waiting suspends the task, not the thread.
///
/// **Cheap.** Taking and releasing it is one atomic operation each while nobody waits.
///
/// **Fair.** The lock is handed over in the order of the queue: the most urgent tasks
/// ([`TaskPriority`](qi_sched::TaskPriority)) first, in order of arrival within a lane, with their
/// share for the others. Whoever comes while others wait waits as well, so readers do not starve a
/// writer, nor writers a reader. That is why a task must not take a read lock twice: with a
/// writer between the two it waits for itself.
///
/// **Escalation.** While a more urgent task waits for a writer, that is as urgent. Readers are not
/// lent anything: a writer that is urgent should not have to wait for idle readers.
///
/// **No poisoning.** A panic releases the lock as it unwinds, and leaves the value as it is.
///
/// # Cancel safety
/// A future of its methods that is dropped loses its place in the queue and nothing else.
///
/// # Examples
/// ```
/// use qi_sync::RwLock;
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let settings = RwLock::new(String::from("old"));
/// {
///     let (one, two) = (settings.read().await, settings.read().await);
///     assert_eq!(*one, *two);
/// }
/// *settings.write().await = String::from("new");
/// assert_eq!(*settings.read().await, "new");
/// # });
/// ```
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    raw: Raw,
    /// Readers on several threads share the value.
    shared: PhantomData<T>,
    content: Content<T>,
}

impl<T> RwLock<T> {
    const_unless_loom! {
        /// Makes a lock that nobody holds.
        ///
        /// # Examples
        /// ```
        /// static NAMES: qi_sync::RwLock<Vec<&str>> = qi_sync::RwLock::new(Vec::new());
        /// assert!(NAMES.blocking_read().is_empty());
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { raw: Raw::new(), shared: PhantomData, content: Content::new(value) }
        }
    }

    /// Takes the value out.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(qi_sync::RwLock::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.content.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until the value may be read.
    ///
    /// # Cancel safety
    /// Dropping the future loses its place in the queue and nothing else.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let lock = qi_sync::RwLock::new(1);
    /// let (one, two) = (lock.read().await, lock.read().await);
    /// assert_eq!(*one + *two, 2);
    /// # });
    /// ```
    #[inline]
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        self.raw.acquire(Want::Read).await;
        RwLockReadGuard::of(self)
    }

    /// Waits until the value may be written.
    ///
    /// # Cancel safety
    /// Dropping the future loses its place in the queue and nothing else.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let lock = qi_sync::RwLock::new(1);
    /// *lock.write().await += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// # });
    /// ```
    #[inline]
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.raw.acquire(Want::Write).await;
        RwLockWriteGuard::of(self)
    }

    /// As [`read`](Self::read), with a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As for [`read`](Self::read).
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let lock = std::sync::Arc::new(qi_sync::RwLock::new(1));
    /// let guard = lock.clone().read_owned().await;
    /// assert_eq!(qi_sched::spawn(async move { *guard }).await.unwrap(), 1);
    /// # });
    /// ```
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        self.raw.acquire(Want::Read).await;
        OwnedRwLockReadGuard::of(self)
    }

    /// As [`write`](Self::write), with a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As for [`write`](Self::write).
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let lock = std::sync::Arc::new(qi_sync::RwLock::new(1));
    /// let mut guard = lock.clone().write_owned().await;
    /// qi_sched::spawn(async move { *guard = 2 }).await.unwrap();
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        self.raw.acquire(Want::Write).await;
        OwnedRwLockWriteGuard::of(self)
    }

    /// Reads, if nobody writes or waits.
    ///
    /// # Examples
    /// ```
    /// let lock = qi_sync::RwLock::new(1);
    /// let one = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_some() && lock.try_write().is_none());
    /// # drop(one);
    /// ```
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.raw.try_take(Want::Read).then(|| RwLockReadGuard::of(self))
    }

    /// Writes, if nobody reads, writes or waits.
    ///
    /// # Examples
    /// ```
    /// let lock = qi_sync::RwLock::new(1);
    /// *lock.try_write().unwrap() = 2;
    /// assert_eq!(*lock.try_read().unwrap(), 2);
    /// ```
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.raw.try_take(Want::Write).then(|| RwLockWriteGuard::of(self))
    }

    /// As [`try_read`](Self::try_read), with a guard that keeps the lock alive.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(qi_sync::RwLock::new(1));
    /// assert_eq!(*lock.try_read_owned().unwrap(), 1);
    /// ```
    pub fn try_read_owned(self: Arc<Self>) -> Option<OwnedRwLockReadGuard<T>> {
        self.raw.try_take(Want::Read).then(|| OwnedRwLockReadGuard::of(self))
    }

    /// As [`try_write`](Self::try_write), with a guard that keeps the lock alive.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(qi_sync::RwLock::new(1));
    /// *lock.clone().try_write_owned().unwrap() = 2;
    /// assert_eq!(*lock.try_read().unwrap(), 2);
    /// ```
    pub fn try_write_owned(self: Arc<Self>) -> Option<OwnedRwLockWriteGuard<T>> {
        self.raw.try_take(Want::Write).then(|| OwnedRwLockWriteGuard::of(self))
    }

    /// Blocks the thread until it may read. In a task prefer [`read`](Self::read).
    ///
    /// # Examples
    /// ```
    /// let lock = qi_sync::RwLock::new(5);
    /// assert_eq!(*lock.blocking_read(), 5);
    /// ```
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        block_on(self.read())
    }

    /// Blocks the thread until it may write. In a task prefer [`write`](Self::write): blocking there
    /// costs a thread, which takes the worker's seat meanwhile; and the task is not known as the
    /// writer, so it is lent no urgency.
    ///
    /// # Examples
    /// ```
    /// let lock = qi_sync::RwLock::new(5);
    /// *lock.blocking_write() += 1;
    /// assert_eq!(lock.into_inner(), 6);
    /// ```
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        block_on(self.write())
    }

    /// As [`blocking_read`](Self::blocking_read), with a guard that keeps the lock alive.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(qi_sync::RwLock::new(5));
    /// assert_eq!(*lock.blocking_read_owned(), 5);
    /// ```
    pub fn blocking_read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        block_on(self.read_owned())
    }

    /// As [`blocking_write`](Self::blocking_write), with a guard that keeps the lock alive.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(qi_sync::RwLock::new(5));
    /// *lock.clone().blocking_write_owned() += 1;
    /// assert_eq!(*lock.blocking_read(), 6);
    /// ```
    pub fn blocking_write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        block_on(self.write_owned())
    }

    /// The value, without locking: nobody else has the lock.
    ///
    /// # Examples
    /// ```
    /// let mut lock = qi_sync::RwLock::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.content.get_mut()
    }
}

impl Default for Raw {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => shown.field("value", &&*guard),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
