//! Numbers for objects that the language knows by a number. They are not used again.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Objects by number.
pub(crate) struct Table<T> {
    next: AtomicI64,
    all: OnceLock<RwLock<HashMap<i64, Arc<T>>>>,
}

impl<T> Table<T> {
    /// An empty one, whose numbers begin there.
    pub(crate) const fn beginning_at(first: i64) -> Self {
        Self { next: AtomicI64::new(first), all: OnceLock::new() }
    }

    fn all(&self) -> &RwLock<HashMap<i64, Arc<T>>> {
        self.all.get_or_init(RwLock::default)
    }

    /// Keeps an object; its number.
    pub(crate) fn add(&self, object: T) -> i64 {
        // Relaxed: each number is given out once, which is all that matters.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut all = self.all().write().unwrap_or_else(PoisonError::into_inner);
        all.insert(number, Arc::new(object));
        number
    }

    /// The object of a number.
    pub(crate) fn get(&self, number: i64) -> Option<Arc<T>> {
        self.all().read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    /// Takes an object out.
    pub(crate) fn remove(&self, number: i64) -> Option<Arc<T>> {
        self.all().write().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }

    /// Whether the number was ever given out.
    pub(crate) fn has_given(&self, number: i64, first: i64) -> bool {
        // Relaxed: the asker has the number from somewhere.
        (first..self.next.load(Ordering::Relaxed)).contains(&number)
    }
}
