//! The locks and atomics of the roster: the standard ones, or loom's under `cfg(loom)`, so that its model runs
//! the production source.
#![forbid(unsafe_code)]

#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, fence},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, fence},
};

/// Locks `mutex`; a panic elsewhere does not poison it for us: nobody else's code runs under it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
