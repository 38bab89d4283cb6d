//! Locks, and other things that tasks wait at.

use super::{
    EventRef, MutexRef, RwLockRef, SemaphoreRef, WaitGroupRef, operation, polling, shell, waiting,
    waiting_for,
};
use crate::boundary;
use crate::code::Code;
use crate::object;
use crate::pointer::Out;
use crate::poll_context::{Key, PollContext};
use crate::sync::event::Event;
use crate::sync::mutex::Mutex;
use crate::sync::rwlock::RwLock;
use crate::sync::semaphore::Semaphore;
use crate::sync::wait_group::WaitGroup;

/// Gives a new object to the caller.
///
/// # Safety
/// `out` is valid for writing a handle.
unsafe fn give<T: object::Object>(out: *mut u64, make: impl FnOnce() -> T) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(object::publish(make())?);
        Ok(Code::OK)
    })
}

fn key(handle: u64, operation: u32) -> Key {
    Key { handle, operation, data: 0 }
}

/// Makes a mutex. It is fair, and its holder gets the urgency of whoever waits. A task that ends while
/// it holds the mutex leaves it locked.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_mutex_create(out: *mut MutexRef) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { give(out, Mutex::new) }
}

/// Locks a mutex. `QI_ERR_DEADLOCK` if the caller holds it already. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mutex_lock(mutex: MutexRef) -> i32 {
    waiting(|| {
        let object = object::find::<Mutex>(mutex)?;
        Ok(async move { object.lock().await })
    })
}

/// As `qi_mutex_lock`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mutex_lock_timeout(mutex: MutexRef, timeout_ns: u64) -> i32 {
    waiting_for(timeout_ns, || {
        let object = object::find::<Mutex>(mutex)?;
        Ok(async move { object.lock().await })
    })
}

/// The twin of `qi_mutex_lock` for poll functions, whose context `cx` is.
///
/// # Safety
/// None but that: any other pointer is told from it and refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_mutex_poll_lock(mutex: MutexRef, cx: *mut PollContext) -> i32 {
    polling(cx, key(mutex, operation::LOCK), move || {
        let object = object::find::<Mutex>(mutex)?;
        Ok(async move { object.lock().await })
    })
}

/// Locks a mutex if it is free; `QI_ERR_FULL` if not.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mutex_try_lock(mutex: MutexRef) -> i32 {
    shell(|| {
        let object = object::find::<Mutex>(mutex)?;
        if object.try_lock() { Ok(Code::OK) } else { Err(Code::ERR_FULL) }
    })
}

/// Unlocks a mutex; `QI_ERR_NOT_OWNER` if the caller does not hold it.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mutex_unlock(mutex: MutexRef) -> i32 {
    shell(|| {
        let object = object::find::<Mutex>(mutex)?;
        object.unlock()
    })
}

/// Makes a lock that many may read or one may write at a time; fair.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_rwlock_create(out: *mut RwLockRef) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { give(out, RwLock::new) }
}

/// Locks for reading. `QI_ERR_DEADLOCK` if the caller writes. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_read(rwlock: RwLockRef) -> i32 {
    waiting(|| {
        let object = object::find::<RwLock>(rwlock)?;
        Ok(async move { object.read().await })
    })
}

/// As `qi_rwlock_read`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_read_timeout(rwlock: RwLockRef, timeout_ns: u64) -> i32 {
    waiting_for(timeout_ns, || {
        let object = object::find::<RwLock>(rwlock)?;
        Ok(async move { object.read().await })
    })
}

/// The twin of `qi_rwlock_read` for poll functions, whose context `cx` is.
///
/// # Safety
/// None but that: any other pointer is told from it and refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_rwlock_poll_read(rwlock: RwLockRef, cx: *mut PollContext) -> i32 {
    polling(cx, key(rwlock, operation::READ_LOCK), move || {
        let object = object::find::<RwLock>(rwlock)?;
        Ok(async move { object.read().await })
    })
}

/// Locks for writing. `QI_ERR_DEADLOCK` if the caller
/// reads or writes. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_write(rwlock: RwLockRef) -> i32 {
    waiting(|| {
        let object = object::find::<RwLock>(rwlock)?;
        Ok(async move { object.write().await })
    })
}

/// As `qi_rwlock_write`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_write_timeout(rwlock: RwLockRef, timeout_ns: u64) -> i32 {
    waiting_for(timeout_ns, || {
        let object = object::find::<RwLock>(rwlock)?;
        Ok(async move { object.write().await })
    })
}

/// The twin of `qi_rwlock_write` for poll functions, whose context `cx` is.
///
/// # Safety
/// None but that: any other pointer is told from it and refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_rwlock_poll_write(rwlock: RwLockRef, cx: *mut PollContext) -> i32 {
    polling(cx, key(rwlock, operation::WRITE_LOCK), move || {
        let object = object::find::<RwLock>(rwlock)?;
        Ok(async move { object.write().await })
    })
}

/// Locks for reading if nobody writes or waits to; `QI_ERR_FULL` if not.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_try_read(rwlock: RwLockRef) -> i32 {
    shell(|| {
        let object = object::find::<RwLock>(rwlock)?;
        if object.try_read() { Ok(Code::OK) } else { Err(Code::ERR_FULL) }
    })
}

/// Locks for writing if it is free; `QI_ERR_FULL` if not.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_try_write(rwlock: RwLockRef) -> i32 {
    shell(|| {
        let object = object::find::<RwLock>(rwlock)?;
        if object.try_write() { Ok(Code::OK) } else { Err(Code::ERR_FULL) }
    })
}

/// Gives back what the caller holds; `QI_ERR_NOT_OWNER` if that is nothing.
#[unsafe(no_mangle)]
pub extern "C" fn qi_rwlock_unlock(rwlock: RwLockRef) -> i32 {
    shell(|| {
        let object = object::find::<RwLock>(rwlock)?;
        object.unlock()
    })
}

/// Makes a semaphore with so many permits.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_sem_create(permits: usize, out: *mut SemaphoreRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(object::publish(Semaphore::new(permits)?)?);
        Ok(Code::OK)
    })
}

/// Takes so many permits, which must be given back by `qi_sem_release`. `QI_ERR_CLOSED` if
/// the semaphore is closed. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sem_acquire(semaphore: SemaphoreRef, permits: usize) -> i32 {
    waiting(|| {
        let object = object::find::<Semaphore>(semaphore)?;
        Ok(async move { object.acquire(permits).await })
    })
}

/// As `qi_sem_acquire`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sem_acquire_timeout(
    semaphore: SemaphoreRef,
    permits: usize,
    timeout_ns: u64,
) -> i32 {
    waiting_for(timeout_ns, || {
        let object = object::find::<Semaphore>(semaphore)?;
        Ok(async move { object.acquire(permits).await })
    })
}

/// The twin of `qi_sem_acquire` for poll functions, whose context `cx` is.
///
/// # Safety
/// None but that: any other pointer is told from it and refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_sem_poll_acquire(
    semaphore: SemaphoreRef,
    cx: *mut PollContext,
    permits: usize,
) -> i32 {
    polling(cx, key(semaphore, operation::ACQUIRE), move || {
        let object = object::find::<Semaphore>(semaphore)?;
        Ok(async move { object.acquire(permits).await })
    })
}

/// Takes so many permits if they are there; `QI_ERR_EMPTY` if not.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sem_try_acquire(semaphore: SemaphoreRef, permits: usize) -> i32 {
    shell(|| {
        let object = object::find::<Semaphore>(semaphore)?;
        object.try_acquire(permits)
    })
}

/// Gives so many permits back, or adds them; `QI_ERR_INVALID` if there would be too many.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sem_release(semaphore: SemaphoreRef, permits: usize) -> i32 {
    shell(|| {
        let object = object::find::<Semaphore>(semaphore)?;
        object.add(permits)
    })
}

/// Closes a semaphore: whoever waits, or comes later, gets `QI_ERR_CLOSED`.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sem_close(semaphore: SemaphoreRef) -> i32 {
    shell(|| {
        let object = object::find::<Semaphore>(semaphore)?;
        object.close();
        Ok(Code::OK)
    })
}

/// How many permits there are, 0 if the handle is none of a semaphore.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sem_available(semaphore: SemaphoreRef) -> usize {
    boundary::value(0, || object::find::<Semaphore>(semaphore).map_or(0, |it| it.available()))
}

/// Makes a wait group with a count of 0.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_wg_create(out: *mut WaitGroupRef) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { give(out, WaitGroup::new) }
}

/// Adds to the count, or takes from it; `QI_ERR_INVALID` if it would leave its range.
#[unsafe(no_mangle)]
pub extern "C" fn qi_wg_add(group: WaitGroupRef, change: i64) -> i32 {
    shell(|| {
        let object = object::find::<WaitGroup>(group)?;
        object.add(change)
    })
}

/// Takes one from the count; `QI_ERR_INVALID` if it is 0.
#[unsafe(no_mangle)]
pub extern "C" fn qi_wg_done(group: WaitGroupRef) -> i32 {
    shell(|| {
        let object = object::find::<WaitGroup>(group)?;
        object.add(-1)
    })
}

/// Waits until the count is 0. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_wg_wait(group: WaitGroupRef) -> i32 {
    waiting(|| {
        let object = object::find::<WaitGroup>(group)?;
        Ok(async move { object.wait().await })
    })
}

/// As `qi_wg_wait`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_wg_wait_timeout(group: WaitGroupRef, timeout_ns: u64) -> i32 {
    waiting_for(timeout_ns, || {
        let object = object::find::<WaitGroup>(group)?;
        Ok(async move { object.wait().await })
    })
}

/// The twin of `qi_wg_wait` for poll functions, whose context `cx` is.
///
/// # Safety
/// None but that: any other pointer is told from it and refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_wg_poll_wait(group: WaitGroupRef, cx: *mut PollContext) -> i32 {
    polling(cx, key(group, operation::GROUP), move || {
        let object = object::find::<WaitGroup>(group)?;
        Ok(async move { object.wait().await })
    })
}

/// The count, 0 if the handle is none of a wait group.
#[unsafe(no_mangle)]
pub extern "C" fn qi_wg_count(group: WaitGroupRef) -> usize {
    boundary::value(0, || object::find::<WaitGroup>(group).map_or(0, |it| it.count()))
}

/// Makes an event that is not set. If it resets itself each setting lets one waiter through; if not,
/// all, until it is reset.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_event_create(resets_itself: bool, out: *mut EventRef) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { give(out, || Event::new(resets_itself)) }
}

/// Sets an event.
#[unsafe(no_mangle)]
pub extern "C" fn qi_event_set(event: EventRef) -> i32 {
    shell(|| {
        let object = object::find::<Event>(event)?;
        object.set();
        Ok(Code::OK)
    })
}

/// Resets an event.
#[unsafe(no_mangle)]
pub extern "C" fn qi_event_reset(event: EventRef) -> i32 {
    shell(|| {
        let object = object::find::<Event>(event)?;
        object.reset();
        Ok(Code::OK)
    })
}

/// Waits until an event is set. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_event_wait(event: EventRef) -> i32 {
    waiting(|| {
        let object = object::find::<Event>(event)?;
        Ok(async move { object.wait().await })
    })
}

/// As `qi_event_wait`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_event_wait_timeout(event: EventRef, timeout_ns: u64) -> i32 {
    waiting_for(timeout_ns, || {
        let object = object::find::<Event>(event)?;
        Ok(async move { object.wait().await })
    })
}

/// The twin of `qi_event_wait` for poll functions, whose context `cx` is.
///
/// # Safety
/// None but that: any other pointer is told from it and refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_event_poll_wait(event: EventRef, cx: *mut PollContext) -> i32 {
    polling(cx, key(event, operation::EVENT), move || {
        let object = object::find::<Event>(event)?;
        Ok(async move { object.wait().await })
    })
}
