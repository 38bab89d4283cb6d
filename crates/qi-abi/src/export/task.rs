//! Tasks.

use std::ffi::{c_char, c_void};

use qi_runtime::{TaskBuilder, TaskPriority, TaskStatus};

use super::{RuntimeRef, Sent, TaskRef, operation, polling, shell, waiting, waiting_for};
use crate::code::Code;
use crate::memory::{Dropper, Owned, Place, Shape};
use crate::object::{self, Here};
use crate::pointer::Out;
use crate::poll_context::{Key, PollContext};
use crate::runtime::Instance;
use crate::structs::{self, Versioned};
use crate::task::poll_task::{PollFn, PollTask, Poller, State};
use crate::task::{self, Task};
use crate::{boundary, pointer};

/// Priorities of tasks.
pub const QI_PRIORITY_LOW: i32 = -1;
/// The priority of a task when nothing is said.
pub const QI_PRIORITY_NORMAL: i32 = 0;
/// More urgent than most.
pub const QI_PRIORITY_HIGH: i32 = 1;
/// The most urgent.
pub const QI_PRIORITY_CRITICAL: i32 = 2;

/// In a queue: new, or woken.
pub const QI_TASK_PENDING: i32 = 0;
/// A worker is inside it.
pub const QI_TASK_RUNNING: i32 = 1;
/// It waits for something.
pub const QI_TASK_WAITING: i32 = 2;
/// It has ended by itself, with a result or an error of its own.
pub const QI_TASK_COMPLETED: i32 = 3;
/// It was cancelled.
pub const QI_TASK_CANCELLED: i32 = 4;
/// It panicked.
pub const QI_TASK_FAILED: i32 = 5;

/// What can be said of a task when it is spawned. Zero every field but the first for the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TaskOptions {
    /// `sizeof(qi_task_options)`.
    pub struct_size: u32,
    /// `QI_PRIORITY_…`.
    pub priority: i32,
    /// The runtime; 0: that of the calling thread, or the global one.
    pub runtime: RuntimeRef,
    /// Bytes of the result. 0: it has none.
    pub result_size: usize,
    /// Its alignment, a power of two. 0: 16.
    pub result_align: usize,
    /// Drops a result that nobody takes. May be null.
    pub result_drop: Dropper,
    /// The task's name in statistics and messages, UTF-8 without a zero at its end. May be null.
    pub name: *const c_char,
    /// Bytes of the name.
    pub name_len: usize,
}

// SAFETY: `repr(C)`, begins with a u32, and zero bytes are numbers, null pointers and absent functions.
unsafe impl Versioned for TaskOptions {
    const FIRST: usize = size_of::<TaskOptions>();
}

/// A call that a thread of the pool makes. Answers `QI_OK` when its result lies at `result`, or a
/// negative code. It must not unwind.
pub type CallFn = Option<unsafe extern "C" fn(argument: *mut c_void, result: *mut c_void) -> i32>;

/// What the options say, checked.
struct Wishes<'a> {
    priority: TaskPriority,
    runtime: u64,
    result: Shape,
    name: Option<&'a str>,
}

/// # Safety
/// `options` is null or points to as many bytes as its `struct_size` says, and its name to its bytes.
unsafe fn wishes<'a>(options: *const TaskOptions) -> Result<Wishes<'a>, Code> {
    if options.is_null() {
        let result = Shape::new(0, 0, None)?;
        return Ok(Wishes { priority: TaskPriority::Normal, runtime: 0, result, name: None });
    }
    // SAFETY: as the caller promises.
    let options = unsafe { structs::read(options) }?;
    let result = Shape::new(options.result_size, options.result_align, options.result_drop)?;
    let name = match options.name.is_null() {
        true => None,
        // SAFETY: as the caller promises.
        false => Some(unsafe { pointer::text(options.name.cast(), options.name_len) }?),
    };
    Ok(Wishes { priority: priority(options.priority)?, runtime: options.runtime, result, name })
}

fn priority(number: i32) -> Result<TaskPriority, Code> {
    match number {
        QI_PRIORITY_LOW => Ok(TaskPriority::Low),
        QI_PRIORITY_NORMAL => Ok(TaskPriority::Normal),
        QI_PRIORITY_HIGH => Ok(TaskPriority::High),
        QI_PRIORITY_CRITICAL => Ok(TaskPriority::Critical),
        _ => Err(Code::ERR_INVALID),
    }
}

/// Where a new task's handle goes; nowhere, if the caller lets it go at once.
struct Receipt(Option<Out<u64>>);

impl Receipt {
    /// # Safety
    /// `out` is null or valid for writing a handle.
    unsafe fn new(out: *mut TaskRef) -> Result<Self, Code> {
        // SAFETY: as the caller promises.
        let out = if out.is_null() { None } else { Some(unsafe { Out::new(out) }?) };
        Ok(Self(out))
    }

    fn give(self, task: impl FnOnce() -> Task) -> Result<Code, Code> {
        match self.0 {
            Some(out) => out.put(object::publish(task())?),
            None => drop(task()),
        }
        Ok(Code::OK)
    }
}

fn dressed<'h>(builder: TaskBuilder<'h>, wishes: &Wishes<'_>) -> TaskBuilder<'h> {
    let builder = builder.priority(wishes.priority);
    match wishes.name {
        Some(name) => builder.name(name.to_owned()),
        None => builder,
    }
}

fn spawn_poll(
    poll: Poller,
    state: State,
    wishes: &Wishes<'_>,
    receipt: Receipt,
) -> Result<Code, Code> {
    let handle = Instance::of(wishes.runtime)?;
    let future = PollTask::new(poll, state, Place::new(wishes.result)?);
    receipt.give(|| Task::new(dressed(handle.task(), wishes).spawn(future)))
}

/// Spawns a task that a poll function drives. The task owns `state` from now on, also if this fails:
/// `drop` (may be null) is called with it exactly once. `out` may be null: then nobody can wait for it.
///
/// # Safety
/// `poll` and `drop` may be called with `state` on any thread, one at a time; `options` and `out` as
/// the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_spawn_poll(
    poll: PollFn,
    drop: Dropper,
    state: *mut c_void,
    options: *const TaskOptions,
    out: *mut TaskRef,
) -> i32 {
    shell(|| {
        let state = State::Theirs(Owned::new(state, drop));
        let poll = poll.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, receipt) = unsafe { (wishes(options)?, Receipt::new(out)?) };
        spawn_poll(poll, state, &wishes, receipt)
    })
}

/// As `qi_task_spawn_poll`, with the state copied into the task: `init` points to `state_size` bytes
/// aligned to `state_align`, which belong to the task from now on, also if this fails.
///
/// # Safety
/// As there; `init` is valid for reading `state_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_spawn_inline(
    poll: PollFn,
    drop: Dropper,
    init: *const c_void,
    state_size: usize,
    state_align: usize,
    options: *const TaskOptions,
    out: *mut TaskRef,
) -> i32 {
    shell(|| {
        let shape = Shape::new(state_size, state_align, drop)?;
        if init.is_null() && state_size > 0 {
            return Err(Code::ERR_NULL);
        }
        let mut state = Place::new(shape)?;
        // SAFETY: as the caller promises; nothing is in the place yet.
        unsafe { state.fill_from(init) };
        let poll = poll.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, receipt) = unsafe { (wishes(options)?, Receipt::new(out)?) };
        spawn_poll(poll, State::Inline(state), &wishes, receipt)
    })
}

/// Spawns a call that may block its thread, on the pool for such calls. The task owns `argument` from
/// now on, also if this fails: `drop` (may be null) is called with it exactly once, after the call.
///
/// # Safety
/// As `qi_task_spawn_poll`.
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
        let (wishes, receipt) = unsafe { (wishes(options)?, Receipt::new(out)?) };
        let handle = Instance::of(wishes.runtime)?;
        let mut place = Place::new(wishes.result)?;
        let run = move || {
            // SAFETY: the other side gave the function together with the argument, for this call.
            let code = Code(unsafe { call(argument.pointer(), place.pointer()) });
            match code {
                Code::OK => {
                    place.was_filled();
                    Ok(place)
                }
                failed if failed.0 < 0 => Err(failed),
                _ => Err(Code::ERR_INVALID),
            }
        };
        receipt.give(|| Task::new(dressed(handle.task(), &wishes).spawn_blocking(run)))
    })
}

/// Moves a task's result to where the caller wants it.
async fn delivered(task: Here<Task>, to: Sent<c_void>) -> Result<Code, Code> {
    let mut place = task::result_of(task).await?;
    if !to.get().is_null() {
        // SAFETY: the caller of the exported function promised room for the result.
        unsafe { place.move_to(to.get()) };
    }
    Ok(Code::OK)
}

/// Waits for a task and moves its result to `result`; null drops it. Answers the task's own error, or
/// `QI_ERR_CANCELLED`, `QI_ERR_PANIC`; `QI_ERR_TAKEN` if the result was taken before; `QI_ERR_BUSY`
/// if somebody else waits for it. SUSPENDS.
///
/// # Safety
/// `result` is null or valid for writing as many bytes as the task's result has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_await(task: TaskRef, result: *mut c_void) -> i32 {
    let result = Sent(result);
    waiting(|| Ok(delivered(object::find(task)?, result)))
}

/// As `qi_task_await`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`, and the task goes
/// on. SUSPENDS.
///
/// # Safety
/// As `qi_task_await`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_await_timeout(
    task: TaskRef,
    timeout_ns: u64,
    result: *mut c_void,
) -> i32 {
    let result = Sent(result);
    waiting_for(timeout_ns, || Ok(delivered(object::find(task)?, result)))
}

/// The twin of `qi_task_await` for poll functions.
///
/// # Safety
/// As `qi_task_await`, until the task of the poll function ends or does not ask for it any more; `cx`
/// is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_poll_await(
    task: TaskRef,
    cx: *mut PollContext,
    result: *mut c_void,
) -> i32 {
    let key = Key { handle: task, operation: operation::AWAIT, data: result as usize };
    let result = Sent(result);
    polling(cx, key, move || Ok(delivered(object::find(task)?, result)))
}

/// Waits for all of `count` tasks, and leaves their results with them. SUSPENDS.
///
/// # Safety
/// `tasks` is valid for reading `count` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_await_all(tasks: *const TaskRef, count: usize) -> i32 {
    waiting(|| {
        // SAFETY: as the caller promises.
        let handles = unsafe { pointer::elements(tasks, count) }?;
        let found: Result<Vec<Here<Task>>, Code> =
            handles.iter().map(|handle| object::find(*handle)).collect();
        Ok(task::until_all_ended(found?))
    })
}

/// Waits until one of `count` tasks has ended, leaves its result with it, and says which. SUSPENDS.
///
/// # Safety
/// As `qi_task_await_all`; `index` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_await_any(
    tasks: *const TaskRef,
    count: usize,
    index: *mut usize,
) -> i32 {
    waiting(|| {
        // SAFETY: as the caller promises.
        let (handles, out) = unsafe { (pointer::elements(tasks, count)?, Out::new(index)?) };
        let found: Result<Vec<Here<Task>>, Code> =
            handles.iter().map(|handle| object::find(*handle)).collect();
        let found = found?;
        Ok(async move {
            out.put(task::until_one_ended(found).await?);
            Ok(Code::OK)
        })
    })
}

/// Asks for a task to be cancelled: it ends at the next point where it waits. Asking again is no error;
/// `QI_ERR_FINISHED` if it has ended, `QI_ERR_NOT_CANCELLABLE` for a blocking call that has begun.
#[unsafe(no_mangle)]
pub extern "C" fn qi_task_cancel(task: TaskRef) -> i32 {
    shell(|| object::find::<Task>(task)?.cancel().map(|()| Code::OK))
}

/// What a task is doing, `QI_TASK_…`, or an error.
#[unsafe(no_mangle)]
pub extern "C" fn qi_task_state(task: TaskRef) -> i32 {
    shell(|| {
        Ok(Code(match object::find::<Task>(task)?.status() {
            TaskStatus::Pending => QI_TASK_PENDING,
            TaskStatus::Running => QI_TASK_RUNNING,
            TaskStatus::Waiting => QI_TASK_WAITING,
            TaskStatus::Completed => QI_TASK_COMPLETED,
            TaskStatus::Cancelled => QI_TASK_CANCELLED,
            TaskStatus::Failed => QI_TASK_FAILED,
        }))
    })
}

/// A number that names the task in statistics and messages, 0 if the handle is none of a task.
#[unsafe(no_mangle)]
pub extern "C" fn qi_task_id(task: TaskRef) -> u64 {
    boundary::value(0, || object::find::<Task>(task).map_or(0, |task| task.id()))
}

/// The number of the task that the caller is inside of, 0 outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn qi_current_task_id() -> u64 {
    boundary::value(0, || qi_runtime::task_id().map_or(0, |id| id.as_u64()))
}

/// Gives a task another priority (`QI_PRIORITY_…`). `QI_ERR_BUSY` while somebody waits for it: it then
/// has the priority of whoever waits at least.
#[unsafe(no_mangle)]
pub extern "C" fn qi_task_set_priority(task: TaskRef, number: i32) -> i32 {
    shell(|| {
        let wanted = priority(number)?;
        object::find::<Task>(task)?.set_priority(wanted).map(|()| Code::OK)
    })
}

/// The name of a task that has not ended, as `qi_error_message` gives texts; empty if it has none.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_name(
    task: TaskRef,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    boundary::value(0, || {
        let name = object::find::<Task>(task).ok().and_then(|task| task.name()).unwrap_or_default();
        // SAFETY: as the caller promises.
        unsafe { pointer::copy_text(&name, buffer.cast(), capacity) }
    })
}

/// What the panic of a task said that `qi_task_await` answered `QI_ERR_PANIC` for, as
/// `qi_error_message` gives texts.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_panic_message(
    task: TaskRef,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    boundary::value(0, || {
        let words = object::find::<Task>(task).map(|task| task.panic_words()).unwrap_or_default();
        // SAFETY: as the caller promises.
        unsafe { pointer::copy_text(&words, buffer.cast(), capacity) }
    })
}
