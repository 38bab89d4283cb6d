//! The synchronisation primitives of the protocol files: the standard ones, or loom's under
//! `cfg(loom)`, so that the models run the production source.
#![forbid(unsafe_code)]

#[cfg(not(loom))]
mod cell;

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;
#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, fence},
};

#[cfg(not(loom))]
pub(crate) use cell::UnsafeCell;
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, fence},
};

/// Locks `mutex`; a panic elsewhere does not poison it for us: no user code runs under our
/// locks, so the data behind them is consistent at every point where a panic can leave.
#[track_caller]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Rounds of a short wait for another processor, each twice as long as the one before: about half
/// a microsecond in all.
#[cfg(not(loom))]
pub(crate) const SPIN_ROUNDS: u32 = 4;
/// In a model, waiting for others is no step.
#[cfg(loom)]
pub(crate) const SPIN_ROUNDS: u32 = 0;

/// A constructor that is `const`, but for the models: loom's primitives are made at run time.
#[cfg(not(loom))]
macro_rules! const_unless_loom {
    ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => { $(#[$meta])* $vis const fn $($rest)* };
}
#[cfg(loom)]
macro_rules! const_unless_loom {
    ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => { $(#[$meta])* $vis fn $($rest)* };
}
pub(crate) use const_unless_loom;
