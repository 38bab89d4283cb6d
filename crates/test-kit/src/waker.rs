//! Wakers that count, record, or run what a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// A waker that counts how often it is woken.
///
/// # Examples
/// ```
/// use qi_test_kit::WakeCount;
/// let wakes = WakeCount::new();
/// wakes.waker().wake_by_ref();
/// wakes.waker().wake();
/// assert_eq!(wakes.count(), 2);
/// assert_eq!(wakes.take(), 2);
/// assert!(!wakes.is_woken());
/// ```
#[derive(Clone, Debug, Default)]
pub struct WakeCount {
    own: Arc<Own>,
}

/// Shared by the clones of one [`WakeCount`]; the wakers share the count alone, and so are
/// counted apart.
#[derive(Debug, Default)]
struct Own {
    count: Arc<Count>,
}

#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // SeqCst here and below: test code that nobody should have to think about.
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl WakeCount {
    /// Makes a counter that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a waker that counts here; all of one counter are the same to `will_wake`.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(self.own.count.clone())
    }

    /// Returns how often it was woken since it was made or taken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.own.count.0.load(Ordering::SeqCst)
    }

    /// Returns whether it was woken since it was made or taken.
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.count() > 0
    }

    /// Returns the count and sets it to zero.
    pub fn take(&self) -> usize {
        self.own.count.0.swap(0, Ordering::SeqCst)
    }

    /// Returns how many clones of its waker are alive: what still holds one has not forgotten
    /// its waiter.
    #[must_use]
    pub fn held(&self) -> usize {
        Arc::strong_count(&self.own.count) - 1
    }
}

/// Records in which order its wakers are woken.
///
/// # Examples
/// ```
/// use qi_test_kit::WakeLog;
/// let log = WakeLog::new();
/// let (first, second) = (log.waker("first"), log.waker("second"));
/// second.wake();
/// first.wake();
/// assert_eq!(log.take(), ["second", "first"]);
/// ```
#[derive(Clone, Debug)]
pub struct WakeLog<L = &'static str> {
    entries: Arc<Mutex<Vec<L>>>,
}

impl<L> Default for WakeLog<L> {
    fn default() -> Self {
        Self { entries: Arc::default() }
    }
}

impl<L: Clone + Send + Sync + 'static> WakeLog<L> {
    /// Makes an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a waker that writes `label` into the log when it is woken.
    pub fn waker(&self, label: L) -> Waker {
        let log = self.clone();
        waker_fn(move || log.note(label.clone()))
    }

    /// Writes `label` into the log.
    pub fn note(&self, label: L) {
        self.entries.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(label);
    }

    /// Returns what was written since the last time.
    pub fn take(&self) -> Vec<L> {
        let mut entries = self.entries.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        std::mem::take(&mut entries)
    }
}

/// Makes a waker that runs `on_wake` each time it is woken. What panics, what locks, what drops
/// others shows whether wakers are woken outside of locks.
///
/// # Examples
/// ```
/// let waker = qi_test_kit::waker_fn(|| panic!("a bad waker"));
/// assert!(std::panic::catch_unwind(|| waker.wake()).is_err());
/// ```
pub fn waker_fn(on_wake: impl Fn() + Send + Sync + 'static) -> Waker {
    waker_fn_with_drop(on_wake, || {})
}

/// Makes a waker that runs `on_wake` each time it is woken, and `on_drop` when its last clone is
/// dropped.
///
/// # Examples
/// ```
/// use qi_test_kit::{WakeLog, waker_fn_with_drop};
/// let log = WakeLog::new();
/// let (woken, dropped) = (log.clone(), log.clone());
/// let waker = waker_fn_with_drop(move || woken.note("woken"), move || dropped.note("dropped"));
/// waker.clone().wake();
/// drop(waker);
/// assert_eq!(log.take(), ["woken", "dropped"]);
/// ```
pub fn waker_fn_with_drop(
    on_wake: impl Fn() + Send + Sync + 'static,
    on_drop: impl Fn() + Send + Sync + 'static,
) -> Waker {
    Arc::new(Actions { on_wake, on_drop }).into()
}

struct Actions<W: Fn(), D: Fn()> {
    on_wake: W,
    on_drop: D,
}

impl<W, D> Wake for Actions<W, D>
where
    W: Fn() + Send + Sync + 'static,
    D: Fn() + Send + Sync + 'static,
{
    fn wake(self: Arc<Self>) {
        (self.on_wake)();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.on_wake)();
    }
}

impl<W: Fn(), D: Fn()> Drop for Actions<W, D> {
    fn drop(&mut self) {
        (self.on_drop)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_counts_the_wakers_that_are_alive() {
        let wakes = WakeCount::new();
        let waker = wakes.waker();
        let clone = waker.clone();
        assert_eq!(wakes.held(), 2);
        drop(waker);
        clone.wake();
        assert_eq!((wakes.held(), wakes.count()), (0, 1));
    }
}
