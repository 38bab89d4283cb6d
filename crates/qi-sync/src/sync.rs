//! The synchronisation primitives of the protocol files: the standard ones, or loom's under
//! `cfg(loom)`, so that the models run the production source.
#![forbid(unsafe_code)]

#[cfg(not(loom))]
mod cell;
#[cfg(not(loom))]
mod spin;
#[cfg(loom)]
#[path = "sync/spin_loom.rs"]
mod spin;

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;
#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize},
};

#[cfg(not(loom))]
pub(crate) use cell::UnsafeCell;
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize},
};

pub(crate) use spin::{Backoff, Spin};

/// Locks `mutex`; a panic elsewhere does not poison it for us: no user code runs under our
/// locks, so the data behind them is consistent at every point where a panic can leave.
#[track_caller]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A `const fn`, but not under loom, whose locks and atomics cannot be made at compile time.
macro_rules! const_unless_loom {
    ($(#[$meta:meta])* $visibility:vis fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $visibility const fn $($rest)*
        #[cfg(loom)]
        $(#[$meta])*
        $visibility fn $($rest)*
    };
}
pub(crate) use const_unless_loom;
