//! Wait groups, locks, and numbers that change in one step.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::group::Group;
use crate::here;
use crate::mutex::Mutex;
use crate::table::Table;

static MUTEXES: Table<Mutex> = Table::beginning_at(1);
static NUMBERS: Table<AtomicI64> = Table::beginning_at(1);

/// # Safety
/// Null, or a group that is not destroyed.
unsafe fn group(pointer: *mut c_void) -> Option<&'static Group> {
    // SAFETY: the caller's word.
    unsafe { pointer.cast::<Group>().as_ref() }
}

/// A wait group with the count 0.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_waitgroup_create() -> *mut c_void {
    here::settle();
    Box::into_raw(Box::new(Group::default())).cast()
}

/// Adds to the count: 0, or -1 for null.
///
/// # Safety
/// Null, or a group that is not destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_waitgroup_add(pointer: *mut c_void, more: i32) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(group) = (unsafe { group(pointer) }) else { return -1 };
    group.add(i64::from(more));
    0
}

/// Counts one down: 0, or -1 for null.
///
/// # Safety
/// As `qi_runtime_waitgroup_add`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_waitgroup_done(pointer: *mut c_void) -> i32 {
    // SAFETY: the caller's word.
    unsafe { qi_runtime_waitgroup_add(pointer, -1) }
}

/// Waits until the count is 0: 0, or -1 for null.
///
/// # Safety
/// As `qi_runtime_waitgroup_add`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_waitgroup_wait(pointer: *mut c_void) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(group) = (unsafe { group(pointer) }) else { return -1 };
    match group.wait() {
        Ok(()) => 0,
        Err(message) => super::throw(message),
    }
}

/// Destroys a group: 0, or -1 for null. New: the compiler need not call it.
///
/// # Safety
/// As `qi_runtime_waitgroup_add`, and nobody waits or will count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_waitgroup_destroy(pointer: *mut c_void) -> i32 {
    here::settle();
    if pointer.is_null() {
        return -1;
    }
    // SAFETY: the caller's word; made by `qi_runtime_waitgroup_create`.
    drop(unsafe { Box::from_raw(pointer.cast::<Group>()) });
    0
}

/// # Safety
/// Null, or a lock that is not destroyed.
unsafe fn mutex(pointer: *mut c_void) -> Option<&'static Mutex> {
    // SAFETY: the caller's word.
    unsafe { pointer.cast::<Mutex>().as_ref() }
}

/// A lock, free.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_mutex_create() -> *mut c_void {
    here::settle();
    Box::into_raw(Box::new(Mutex::default())).cast()
}

/// Locks, waiting: 0, or -1 for null.
///
/// # Safety
/// Null, or a lock that is not destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_mutex_lock(pointer: *mut c_void) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(mutex) = (unsafe { mutex(pointer) }) else { return -1 };
    match mutex.lock() {
        Ok(()) => 0,
        Err(message) => super::throw(message),
    }
}

/// Unlocks: 0, or -1 for null or a lock that is free.
///
/// # Safety
/// As `qi_runtime_mutex_lock`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_mutex_unlock(pointer: *mut c_void) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(mutex) = (unsafe { mutex(pointer) }) else { return -1 };
    if mutex.unlock() { 0 } else { -1 }
}

/// Locks without waiting: 0, 1 if another has it, -1 for null.
///
/// # Safety
/// As `qi_runtime_mutex_lock`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_mutex_trylock(pointer: *mut c_void) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(mutex) = (unsafe { mutex(pointer) }) else { return -1 };
    i32::from(!mutex.try_lock())
}

/// Destroys a lock: 0, or -1 for null. New: the compiler need not call it.
///
/// # Safety
/// As `qi_runtime_mutex_lock`, and nobody waits for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_mutex_destroy(pointer: *mut c_void) -> i32 {
    here::settle();
    if pointer.is_null() {
        return -1;
    }
    // SAFETY: the caller's word; made by `qi_runtime_mutex_create`.
    drop(unsafe { Box::from_raw(pointer.cast::<Mutex>()) });
    0
}

/// A lock, free; its number.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_mutex_create() -> i64 {
    here::settle();
    MUTEXES.add(Mutex::default())
}

/// Locks, waiting: 1, or -1 for an unknown number.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_mutex_lock(number: i64) -> i32 {
    here::settle();
    let outcome = MUTEXES.get(number).map(|mutex: Arc<Mutex>| mutex.lock());
    match outcome {
        Some(Ok(())) => 1,
        Some(Err(message)) => super::throw(message),
        None => -1,
    }
}

/// Unlocks: 1, or -1 for a lock that is free or unknown.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_mutex_unlock(number: i64) -> i32 {
    here::settle();
    if MUTEXES.get(number).is_some_and(|mutex| mutex.unlock()) { 1 } else { -1 }
}

/// Locks without waiting: 1, 0 if another has it, -1 for an unknown number.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_mutex_trylock(number: i64) -> i32 {
    here::settle();
    MUTEXES.get(number).map_or(-1, |mutex| i32::from(mutex.try_lock()))
}

/// Destroys a lock: 1, or -1 for an unknown number. Whoever waits for it waits on.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_mutex_destroy(number: i64) -> i32 {
    here::settle();
    if MUTEXES.remove(number).is_some() { 1 } else { -1 }
}

/// A number that changes in one step; its handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_atomic_create(first: i64) -> i64 {
    here::settle();
    NUMBERS.add(AtomicI64::new(first))
}

/// Its value; the least integer for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_atomic_load(handle: i64) -> i64 {
    here::settle();
    // SeqCst, here and below: the language says "atomic" and nothing of order.
    NUMBERS.get(handle).map_or(i64::MIN, |number| number.load(Ordering::SeqCst))
}

/// Sets it: 1, or -1 for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_atomic_store(handle: i64, value: i64) -> i32 {
    here::settle();
    let Some(number) = NUMBERS.get(handle) else { return -1 };
    number.store(value, Ordering::SeqCst);
    1
}

/// Adds to it; the sum, or the least integer for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_atomic_add(handle: i64, more: i64) -> i64 {
    here::settle();
    let add = |number: Arc<AtomicI64>| number.fetch_add(more, Ordering::SeqCst).wrapping_add(more);
    NUMBERS.get(handle).map_or(i64::MIN, add)
}

/// Sets it if it is what is expected: 1, 0 if it is not, -1 for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_atomic_cas(handle: i64, expected: i64, new: i64) -> i32 {
    here::settle();
    let Some(number) = NUMBERS.get(handle) else { return -1 };
    let order = Ordering::SeqCst;
    i32::from(number.compare_exchange(expected, new, order, order).is_ok())
}

/// Destroys it: 1, or -1 for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sync_atomic_destroy(handle: i64) -> i32 {
    here::settle();
    if NUMBERS.remove(handle).is_some() { 1 } else { -1 }
}
