//! Tasks with a stack: coroutines and blocking calls; and a program's whole run.

use std::ffi::c_void;

use qi_runtime::{Handle, coroutine};

use super::options::{CallFn, Receipt, TaskOptions, Wishes};
use super::{TaskRef, shell};
use crate::code::Code;
use crate::config::RuntimeConfig;
use crate::memory::{Dropper, Owned, Shape};
use crate::object;
use crate::pointer::{self, Out};
use crate::runtime::Instance;
use crate::task::{self, Task, call};
use crate::{boundary, structs};

/// What a program, or something that is done once, begins with. It must not unwind.
pub type EntryFn = Option<unsafe extern "C" fn(argument: *mut c_void) -> i32>;

/// Spawns a coroutine: a call on a stack of its own, which may use all functions that SUSPEND. The task
/// owns `argument` from now on, also if this fails: `drop` (may be null) is called with it exactly once,
/// after the call. `out` may be null: then nobody can wait for it.
///
/// Until it begins any worker may take it; then it stays on that thread. Cancelled, it is told by the
/// calls that SUSPEND, which all answer `QI_ERR_CANCELLED` from then on, and should return that.
///
/// # Safety
/// `call` and `drop` may be called with `argument` on any thread; `options` and `out` as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_spawn(
    call: CallFn,
    drop: Dropper,
    argument: *mut c_void,
    options: *const TaskOptions,
    out: *mut TaskRef,
) -> i32 {
    shell(|| {
        let argument = Owned::new(argument, drop);
        let call = call.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, receipt) = unsafe { (Wishes::read(options)?, Receipt::new(out)?) };
        receipt.give(call::spawn(call, argument, &wishes)?)
    })
}

/// Spawns a coroutine for each of `count` arguments, as `qi_task_spawn` does, with the same options. If
/// it fails, those that were spawned already are cancelled. `out` (may be null) has room for `count`
/// handles.
///
/// # Safety
/// As there; `arguments` is valid for reading `count` pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_spawn_batch(
    call: CallFn,
    drop: Dropper,
    arguments: *const *mut c_void,
    count: usize,
    options: *const TaskOptions,
    out: *mut TaskRef,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let pointers = unsafe { pointer::elements(arguments, count) }?;
        let arguments: Vec<Owned> =
            pointers.iter().map(|argument| Owned::new(*argument, drop)).collect();
        let call = call.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let wishes = unsafe { Wishes::read(options) }?;
        let spawned: Result<Vec<Task>, Code> =
            all_or_none(arguments.into_iter().map(|one| call::spawn(call, one, &wishes)), |task| {
                task.cancel_quietly();
            });
        let spawned = spawned?;
        if out.is_null() {
            return Ok(Code::OK);
        }
        let reserve: Vec<_> = spawned.iter().map(Task::abort_handle).collect();
        let handles = all_or_none(spawned.into_iter().map(object::publish), |handle| {
            let _ = object::release(handle);
        });
        let handles = handles.inspect_err(|_| {
            for task in &reserve {
                let _ = task.cancel();
            }
        })?;
        for (index, handle) in handles.into_iter().enumerate() {
            // SAFETY: as the caller promises.
            unsafe { Out::new(out.wrapping_add(index)) }?.put(handle);
        }
        Ok(Code::OK)
    })
}

/// All that the attempts bring, or the first error, after what they brought was undone.
fn all_or_none<T>(
    attempts: impl Iterator<Item = Result<T, Code>>,
    undo: impl FnMut(T),
) -> Result<Vec<T>, Code> {
    let mut all = Vec::new();
    for attempt in attempts {
        match attempt {
            Ok(one) => all.push(one),
            Err(code) => {
                all.into_iter().for_each(undo);
                return Err(code);
            }
        }
    }
    Ok(all)
}

/// Spawns a call that may block its thread, on the pool for such calls. The task owns `argument` from
/// now on, also if this fails: `drop` (may be null) is called with it exactly once, after the call.
///
/// # Safety
/// As `qi_task_spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_spawn_blocking(
    call: CallFn,
    drop: Dropper,
    argument: *mut c_void,
    options: *const TaskOptions,
    out: *mut TaskRef,
) -> i32 {
    shell(|| {
        let argument = Owned::new(argument, drop);
        let call = call.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, receipt) = unsafe { (Wishes::read(options)?, Receipt::new(out)?) };
        receipt.give(call::spawn_blocking(call, argument, &wishes)?)
    })
}

/// Bytes of stack that the calling coroutine has left, 0 outside of coroutines.
#[unsafe(no_mangle)]
pub extern "C" fn qi_stack_remaining() -> usize {
    boundary::value(0, || coroutine::stack_remaining().unwrap_or(0))
}

/// A program's whole run: makes the global runtime as `qi_init` does, calls `entry` in a coroutine, waits
/// for it, shuts the runtime down as `qi_runtime_shutdown` does, and writes what `entry` answered to
/// `exit_code`. `QI_ERR_BUSY` inside of a task.
///
/// # Safety
/// As `qi_init`; `entry` may be called with `argument` on another thread; `exit_code` is valid for
/// writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_main(
    config: *const RuntimeConfig,
    entry: EntryFn,
    argument: *mut c_void,
    exit_code: *mut i32,
) -> i32 {
    shell(|| {
        let entry = entry.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(exit_code) }?;
        let config = match config.is_null() {
            true => None,
            // SAFETY: as the caller promises.
            false => Some(unsafe { structs::read(config) }?),
        };
        if Handle::try_current().is_ok() {
            return Err(Code::ERR_BUSY);
        }
        let instance = Instance::global(config.as_ref())?;
        let call = (entry, Owned::new(argument, None));
        // The entry's answer is a result here, whatever its sign.
        let wishes = Wishes::plain(Shape::new(size_of::<i32>(), align_of::<i32>(), None)?);
        let boxed = Owned::new(Box::into_raw(Box::new(call)).cast(), Some(drop_entry));
        let task = call::spawn(run_entry, boxed, &wishes)?;
        let ended = instance.handle().block_on(task::outcome_of(task));
        let left = instance.shut_down();
        let mut answer = 0_i32;
        // SAFETY: the place has the size of an `i32`.
        unsafe { ended?.move_to((&raw mut answer).cast()) };
        out.put(answer);
        left.map(|()| Code::OK)
    })
}

type Entry = (unsafe extern "C" fn(*mut c_void) -> i32, Owned);

unsafe extern "C" fn run_entry(argument: *mut c_void, result: *mut c_void) -> i32 {
    // SAFETY: `qi_main` has boxed it.
    let (entry, argument) = unsafe { &*argument.cast::<Entry>() };
    // SAFETY: the other side gave the function together with the argument.
    let answer = unsafe { entry(argument.pointer()) };
    // SAFETY: there is room for an `i32`.
    unsafe { result.cast::<i32>().write(answer) };
    Code::OK.0
}

unsafe extern "C" fn drop_entry(argument: *mut c_void) {
    // SAFETY: `qi_main` has boxed it; this is called once.
    drop(unsafe { Box::from_raw(argument.cast::<Entry>()) });
}
