//! A mutual exclusion for tasks: [`qi_sched::lock::RawLock`] with something in it.

mod guard;

pub use guard::{MutexGuard, OwnedMutexGuard};

use crate::blocking::block_on;
use crate::content::Content;
use crate::sync::const_unless_loom;
use qi_sched::lock::RawLock;
use std::fmt;
use std::sync::Arc;

/// Lets one task at a time at a value; waiting for it suspends the task, not the thread.
///
/// Use it for a value that is kept over an `.await`. For a few instructions `std::sync::Mutex` is
/// as good.
///
/// **Cheap.** Locking and unlocking is one atomic operation each while nobody waits.
///
/// **Fair in the end.** A task that runs may take a free lock although others wait: handing it over
/// each time would make everybody wait for wake-ups. But a waiter that came too late four times is
/// handed the lock, and so is one that is more urgent than the task that unlocks. Among waiters the
/// most urgent ([`TaskPriority`](qi_sched::TaskPriority)) go first, in order of arrival within a
/// lane, and the others have their share.
///
/// **Escalation.** While a more urgent task waits, the task that took the lock is as urgent, and so
/// is what that task waits for in turn. It stays the task that took it, even if the guard goes to
/// another one.
///
/// **No poisoning.** A panic drops the guard as it unwinds, and with it unlocks: the next one finds
/// the value as the panic left it. Whoever changes it in several steps restores it in a `Drop` of
/// its own, or works on a copy.
///
/// A future that was told its turn and is neither polled nor dropped afterwards keeps others
/// waiting: do not keep a pending [`lock`](Self::lock) aside while doing something else.
///
/// # Cancel safety
/// A future of its methods that is dropped loses its place in the queue and nothing else: if it was
/// its turn, that is passed on.
///
/// # Examples
/// ```
/// use qi_sync::Mutex;
/// use std::sync::Arc;
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build()?;
/// let ledger = Arc::new(Mutex::new(Vec::new()));
/// let writers: Vec<_> = (0..10)
///     .map(|number| {
///         let ledger = ledger.clone();
///         scheduler.spawn(async move { ledger.lock().await.push(number) })
///     })
///     .collect();
/// for writer in writers {
///     scheduler.block_on(writer)?;
/// }
/// assert_eq!(ledger.blocking_lock().len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    lock: RawLock,
    content: Content<T>,
}

impl<T> Mutex<T> {
    const_unless_loom! {
        /// Makes an unlocked mutex.
        ///
        /// # Examples
        /// ```
        /// static TOTAL: qi_sync::Mutex<u64> = qi_sync::Mutex::new(0);
        /// *TOTAL.blocking_lock() += 1;
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { lock: RawLock::new(), content: Content::new(value) }
        }
    }

    /// Takes the value out.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(qi_sync::Mutex::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.content.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock and takes it.
    ///
    /// # Cancel safety
    /// Dropping the future loses its place in the queue and nothing else: if it was its turn, that
    /// is passed on.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let mutex = qi_sync::Mutex::new(1);
    /// *mutex.lock().await += 1;
    /// assert_eq!(*mutex.lock().await, 2);
    /// # });
    /// ```
    #[inline]
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        #[cfg(not(qi_mutant = "mutex_guard_without_lock"))]
        self.lock.acquire().await;
        MutexGuard::of(self)
    }

    /// As [`lock`](Self::lock), with a guard that keeps the mutex alive.
    ///
    /// # Cancel safety
    /// As for [`lock`](Self::lock).
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// use std::sync::Arc;
    /// let mutex = Arc::new(qi_sync::Mutex::new(1));
    /// let guard = mutex.clone().lock_owned().await;
    /// let task = qi_sched::spawn(async move { *guard });
    /// assert_eq!(task.await.unwrap(), 1);
    /// # });
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.lock.acquire().await;
        OwnedMutexGuard::of(self)
    }

    /// Takes the lock if it is free.
    ///
    /// # Examples
    /// ```
    /// let mutex = qi_sync::Mutex::new(());
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// # drop(guard);
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.lock.try_acquire().then(|| MutexGuard::of(self))
    }

    /// As [`try_lock`](Self::try_lock), with a guard that keeps the mutex alive.
    ///
    /// # Examples
    /// ```
    /// let mutex = std::sync::Arc::new(qi_sync::Mutex::new(3));
    /// assert_eq!(*mutex.try_lock_owned().unwrap(), 3);
    /// ```
    pub fn try_lock_owned(self: Arc<Self>) -> Option<OwnedMutexGuard<T>> {
        self.lock.try_acquire().then(|| OwnedMutexGuard::of(self))
    }

    /// Blocks the thread until it has the lock. In a task prefer [`lock`](Self::lock): blocking
    /// there costs a thread, which takes the worker's seat meanwhile; and the task is not known as
    /// the holder, so it is lent no urgency.
    ///
    /// # Examples
    /// ```
    /// let mutex = qi_sync::Mutex::new(5);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| *mutex.blocking_lock() += 1);
    /// });
    /// assert_eq!(mutex.into_inner(), 6);
    /// ```
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        block_on(self.lock())
    }

    /// As [`blocking_lock`](Self::blocking_lock), with a guard that keeps the mutex alive.
    ///
    /// # Examples
    /// ```
    /// let mutex = std::sync::Arc::new(qi_sync::Mutex::new(5));
    /// let guard = mutex.blocking_lock_owned();
    /// assert_eq!(std::thread::spawn(move || *guard).join().unwrap(), 5);
    /// ```
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        block_on(self.lock_owned())
    }

    /// The value, without locking: nobody else has the mutex.
    ///
    /// # Examples
    /// ```
    /// let mut mutex = qi_sync::Mutex::new(1);
    /// *mutex.get_mut() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.content.get_mut()
    }

    /// Returns whether somebody holds the lock now.
    ///
    /// # Examples
    /// ```
    /// let mutex = qi_sync::Mutex::new(1);
    /// let guard = mutex.try_lock();
    /// assert!(mutex.is_locked());
    /// # drop(guard);
    /// ```
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.is_held()
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => shown.field("value", &&*guard),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
