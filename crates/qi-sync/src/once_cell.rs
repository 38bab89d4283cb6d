//! A cell that is set once, by a future if need be.
//!
//! The value lies in a `std::sync::OnceLock`, and the one permit of a semaphore is the turn to set
//! it (I39). Whoever has the turn sets the value and then closes the semaphore, so that all who wait
//! for a turn find the value instead. An initialiser that fails, panics or is dropped gives the
//! turn to the next, the most urgent first.
#![forbid(unsafe_code)]

use crate::error::{SetError, TryAcquireError};
use crate::semaphore::{Semaphore, SemaphorePermit};
use crate::sync::const_unless_loom;
use qi_sched::coop;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::OnceLock;

/// A value that is made once, on demand, by whoever needs it first.
///
/// [`get`](Self::get) is one load. While one task initialises the cell, others that need it wait;
/// should it fail or be cancelled, the next one tries.
///
/// # Cancel safety
/// The futures of its methods can be dropped at any point: an initialiser that runs is dropped with
/// its future, and the next one who waits tries.
///
/// # Examples
/// ```
/// use qi_sync::OnceCell;
///
/// static ANSWER: OnceCell<u64> = OnceCell::new();
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let answer = ANSWER.get_or_init(|| async { 6 * 7 }).await;
/// assert_eq!(*answer, 42);
/// assert_eq!(ANSWER.get(), Some(&42));
/// # });
/// ```
pub struct OnceCell<T> {
    value: OnceLock<T>,
    turn: Semaphore,
}

impl<T> OnceCell<T> {
    const_unless_loom! {
        /// Makes an empty cell.
        #[must_use]
        pub fn new() -> Self {
            Self { value: OnceLock::new(), turn: Semaphore::new(1) }
        }
    }

    /// Returns the value, if there is one.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Returns the value, if there is one, to change it.
    #[must_use]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Returns whether there is a value.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.value.get().is_some()
    }

    /// Sets the value.
    ///
    /// # Errors
    /// [`SetError`] gives the value back: there is one already, or somebody is about to make it.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.turn.try_acquire() {
            Ok(turn) => {
                self.fill(value, turn);
                Ok(())
            }
            Err(TryAcquireError::NoPermits) if !self.is_initialized() => {
                Err(SetError::Initializing(value))
            }
            Err(_) => Err(SetError::AlreadyInitialized(value)),
        }
    }

    /// Returns the value; if there is none, makes it with the future that `init` gives. `init` is
    /// called only if it is this one's turn. A cell whose initialiser waits for the cell itself
    /// waits for ever.
    ///
    /// # Cancel safety
    /// Dropped while it waits for another initialiser, nothing is lost. Dropped while its own
    /// initialiser runs, that is dropped too, and the next one who waits tries.
    pub async fn get_or_init<F, Fut>(&self, init: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let init = || async { Ok::<_, Infallible>(init().await) };
        match self.get_or_try_init(init).await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Returns the value; if there is none, tries to make it with the future that `init` gives.
    ///
    /// # Errors
    /// The error of the initialiser; the cell stays empty, and the next one who waits tries.
    ///
    /// # Cancel safety
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Examples
    /// ```
    /// use qi_sync::OnceCell;
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.get_or_try_init(|| async { Err("no network") }).await, Err("no network"));
    /// assert_eq!(cell.get_or_try_init(|| async { Ok::<_, ()>(1) }).await, Ok(&1));
    /// # });
    /// ```
    pub async fn get_or_try_init<E, F, Fut>(&self, init: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            // So that a loop over cells that are set yields now and then.
            poll_fn(|cx| coop::poll_proceed(cx).map(|progress| progress.made_progress())).await;
            return Ok(value);
        }
        match self.turn.acquire().await {
            Ok(turn) => Ok(self.fill(init().await?, turn)),
            Err(_) => Ok(self.filled()),
        }
    }

    /// Returns the value; if there is none, makes it on this thread, or blocks the thread while
    /// another one makes it. On a worker the seat is given to another thread meanwhile.
    ///
    /// # Examples
    /// ```
    /// let cell = qi_sync::OnceCell::new();
    /// assert_eq!(cell.blocking_get_or_init(|| 7), &7);
    /// assert_eq!(cell.blocking_get_or_init(|| 8), &7);
    /// ```
    pub fn blocking_get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        match self.blocking_get_or_try_init(|| Ok::<_, Infallible>(init())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Returns the value; if there is none, tries to make it on this thread, or blocks the thread
    /// while another one makes it. On a worker the seat is given to another thread meanwhile.
    ///
    /// # Errors
    /// The error of the initialiser; the cell stays empty, and the next one who waits tries.
    pub fn blocking_get_or_try_init<E>(
        &self,
        init: impl FnOnce() -> Result<T, E>,
    ) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        match self.turn.blocking_acquire() {
            Ok(turn) => Ok(self.fill(init()?, turn)),
            Err(_) => Ok(self.filled()),
        }
    }

    /// Takes the value out; the cell is empty again.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// Takes the value out of the cell.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Sets the value; the one who does so has the turn. (I39)
    fn fill<'a>(&'a self, value: T, turn: SemaphorePermit<'a>) -> &'a T {
        let value = self.value.get_or_init(|| value);
        turn.forget();
        self.turn.close();
        value
    }

    /// The value of a cell for which there are no turns any more.
    fn filled(&self) -> &T {
        // Only `fill` closes the semaphore, after it has set the value.
        self.get().expect("a cell without turns is filled")
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        let turn = Semaphore::new(0);
        turn.close();
        Self { value: OnceLock::from(value), turn }
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish_non_exhaustive()
    }
}
