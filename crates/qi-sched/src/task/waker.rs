//! A task's wakers: `std::task::Waker`s that count one reference each.

use super::header::{Header, TaskPtr};
use super::reference::TaskRef;
use super::transition::Wake;
use crate::scheduler::Shared;
use std::mem::ManuallyDrop;
use std::task::{RawWaker, RawWakerVTable, Waker};

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(clone_waker, wake_by_value, wake_by_ref, drop_waker);

/// A waker that borrows the reference of whoever runs the task. It must not be dropped.
///
/// # Safety
/// The task is referred to for as long as the waker is used.
#[inline]
pub(crate) unsafe fn borrowed(task: TaskPtr) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable's functions keep `RawWaker`'s contract: thread-safe, and counting.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast_const().cast(), &VTABLE) })
}

/// Whether a waker is one of this task's.
#[inline]
pub(crate) fn wakes(waker: &Waker, task: TaskPtr) -> bool {
    task_of(waker) == Some(task)
}

/// The task that a waker made here wakes.
#[inline]
pub(super) fn task_of(waker: &Waker) -> Option<TaskPtr> {
    let is_ours = std::ptr::eq(waker.vtable(), &raw const VTABLE);
    // SAFETY: with this vtable its data is a task's address.
    is_ours.then(|| unsafe { pointer(waker.data()) })
}

/// # Safety
/// `data` is that of a waker made here.
#[inline]
unsafe fn pointer(data: *const ()) -> TaskPtr {
    // SAFETY: a waker's data is a task's address.
    unsafe { TaskPtr::new_unchecked(data.cast_mut().cast()) }
}

unsafe fn clone_waker(data: *const ()) -> RawWaker {
    // SAFETY: by `RawWaker`'s contract `data` is that of a live waker, which refers to the task.
    unsafe { pointer(data).as_ref() }.state.add_ref();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake_by_value(data: *const ()) {
    // SAFETY: as for `clone_waker`; the waker's reference is now ours.
    let task = unsafe { pointer(data) };
    // SAFETY: the reference keeps the block.
    match unsafe { task.as_ref() }.state.wake_by_value() {
        // SAFETY: the reference became the hint's.
        Wake::Schedule(due) => Shared::schedule(unsafe { TaskRef::hint(task, due.turn) }, due.lane),
        // SAFETY: it was the last reference.
        Wake::Nothing { free: true } => unsafe { Header::free(task) },
        Wake::Nothing { free: false } => {}
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: as for `clone_waker`.
    let task = unsafe { pointer(data) };
    // SAFETY: the waker's reference keeps the block.
    if let Wake::Schedule(due) = unsafe { task.as_ref() }.state.wake_by_ref() {
        // SAFETY: `Schedule` comes with a reference for the hint.
        Shared::schedule(unsafe { TaskRef::hint(task, due.turn) }, due.lane);
    }
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's reference is given up.
    unsafe { Header::release(pointer(data), 1) };
}
