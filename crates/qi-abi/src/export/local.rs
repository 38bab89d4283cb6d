//! Task-locals.

use std::ffi::c_void;

use super::{LocalRef, shell};
use crate::code::Code;
use crate::memory::Dropper;
use crate::object;
use crate::own::{self, Local};
use crate::pointer::Out;
use crate::task::call::InheritFn;

/// Makes a key of task-locals. `drop` (may be null) is called with a value when its task ends or sets
/// another; `inherit` (may be null: children begin without) makes a child's value of its parent's when
/// the child is spawned, on the parent's thread.
///
/// # Safety
/// `out` is valid for writing a handle; `drop` may be called on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_local_create(
    drop: Dropper,
    inherit: InheritFn,
    out: *mut LocalRef,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        let local = Local { dropper: drop, inherit };
        out.put(object::publish(local)?);
        Ok(Code::OK)
    })
}

/// Sets the calling task's value of a key; null takes it away. The value belongs to the task as soon as
/// this answers `QI_OK`. `QI_ERR_NOT_IN_TASK` outside of tasks.
///
/// # Safety
/// The key's functions may be called with `value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_local_set(local: LocalRef, value: *mut c_void) -> i32 {
    shell(|| {
        let found = *object::find::<Local>(local)?;
        own::set(local, found, value)
    })
}

/// The calling task's value of a key, null if it has none. `QI_ERR_NOT_IN_TASK` outside of tasks.
///
/// # Safety
/// `out` is valid for writing a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_local_get(local: LocalRef, out: *mut *mut c_void) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        drop(object::find::<Local>(local)?);
        out.put(own::get(local)?);
        Ok(Code::OK)
    })
}
