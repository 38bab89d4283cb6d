//! The exported functions as safe ones: every pointer that they get is a place of this file's.

use qi_abi::export::channel::{
    qi_chan_close, qi_chan_create, qi_chan_len, qi_chan_try_recv, qi_chan_try_send,
};
use qi_abi::export::handle::{qi_release, qi_retain};
use qi_abi::export::locks::{
    qi_event_create, qi_event_reset, qi_event_set, qi_mutex_create, qi_rwlock_create,
    qi_sem_available, qi_sem_create, qi_sem_release, qi_sem_try_acquire, qi_wg_add, qi_wg_count,
    qi_wg_create,
};
use std::cell::Cell;
use std::ffi::c_void;

thread_local! {
    /// Values that channels have dropped.
    static DROPPED: Cell<u64> = const { Cell::new(0) };
}

unsafe extern "C" fn count_drop(_element: *mut c_void) {
    DROPPED.set(DROPPED.get() + 1);
}

/// Values that channels of this thread have dropped.
pub(super) fn dropped() -> u64 {
    DROPPED.get()
}

pub(super) fn retain(handle: u64) -> i32 {
    qi_retain(handle)
}

pub(super) fn release(handle: u64) -> i32 {
    qi_release(handle)
}

pub(super) fn channel(capacity: usize) -> (i32, u64) {
    let mut out = 0;
    // SAFETY: `out` is a place for a handle; the dropper only counts.
    let code = unsafe { qi_chan_create(8, 8, capacity, Some(count_drop), &raw mut out) };
    (code, out)
}

pub(super) fn try_send(handle: u64, value: u64) -> i32 {
    // SAFETY: channels of this file have values of eight bytes; another kind of handle is refused.
    unsafe { qi_chan_try_send(handle, (&raw const value).cast()) }
}

pub(super) fn try_recv(handle: u64) -> (i32, u64) {
    let mut value = 0_u64;
    // SAFETY: channels of this file have values of eight bytes; another kind of handle is refused.
    let code = unsafe { qi_chan_try_recv(handle, (&raw mut value).cast()) };
    (code, value)
}

pub(super) fn close(handle: u64) -> i32 {
    qi_chan_close(handle)
}

pub(super) fn length(handle: u64) -> usize {
    qi_chan_len(handle)
}

pub(super) fn semaphore(permits: usize) -> (i32, u64) {
    let mut out = 0;
    // SAFETY: `out` is a place for a handle.
    let code = unsafe { qi_sem_create(permits, &raw mut out) };
    (code, out)
}

pub(super) fn try_acquire(handle: u64, permits: usize) -> i32 {
    qi_sem_try_acquire(handle, permits)
}

pub(super) fn give_permits(handle: u64, permits: usize) -> i32 {
    qi_sem_release(handle, permits)
}

pub(super) fn available(handle: u64) -> usize {
    qi_sem_available(handle)
}

pub(super) fn group() -> (i32, u64) {
    let mut out = 0;
    // SAFETY: `out` is a place for a handle.
    let code = unsafe { qi_wg_create(&raw mut out) };
    (code, out)
}

pub(super) fn add(handle: u64, change: i64) -> i32 {
    qi_wg_add(handle, change)
}

pub(super) fn count(handle: u64) -> usize {
    qi_wg_count(handle)
}

pub(super) fn event(resets_itself: bool) -> (i32, u64) {
    let mut out = 0;
    // SAFETY: `out` is a place for a handle.
    let code = unsafe { qi_event_create(resets_itself, &raw mut out) };
    (code, out)
}

pub(super) fn set(handle: u64) -> i32 {
    qi_event_set(handle)
}

pub(super) fn reset(handle: u64) -> i32 {
    qi_event_reset(handle)
}

pub(super) fn mutex() -> (i32, u64) {
    let mut out = 0;
    // SAFETY: `out` is a place for a handle.
    let code = unsafe { qi_mutex_create(&raw mut out) };
    (code, out)
}

pub(super) fn rwlock() -> (i32, u64) {
    let mut out = 0;
    // SAFETY: `out` is a place for a handle.
    let code = unsafe { qi_rwlock_create(&raw mut out) };
    (code, out)
}
