//! Tasks.

use std::ffi::{c_char, c_void};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use qi_runtime::TaskStatus;

use super::options::{self, Receipt, TaskOptions, Wishes};
use super::{Sent, TaskRef, operation, polling, polling_now, shell, waiting, waiting_for};
use crate::code::Code;
use crate::memory::{Dropper, Owned, Place, Shape};
use crate::object::{self, Here};
use crate::pointer::Out;
use crate::poll_context::{Key, PollContext};
use crate::runtime::Instance;
use crate::scope::Child;
use crate::task::poll_task::{LARGEST_WITHIN, PollFn, PollTask, Poller, State, Within};
use crate::task::{self, TakeResult, Task};
use crate::{boundary, own, pointer};

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
        let state = Owned::new(state, drop);
        let poll = poll.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, receipt) = unsafe { (Wishes::read(options)?, Receipt::new(out)?) };
        spawn_poll(poll, state, &wishes, receipt)
    })
}

fn spawn_poll<S: State + 'static>(
    poll: Poller,
    state: S,
    wishes: &Wishes<'_>,
    receipt: Receipt,
) -> Result<Code, Code> {
    let runtime = Instance::of(wishes.runtime)?;
    let result = Place::new(wishes.result)?;
    let child = wishes.admit()?;
    let number = child.as_ref().map(Child::number);
    let future = PollTask::new(poll, state, result, own::inherited(), child);
    let task = Task::new(wishes.of_task(runtime.task()).spawn(future));
    wishes.introduce(number, &task);
    receipt.give(task)
}

/// As `qi_task_spawn_poll`, with the state copied into the task: `init` points to `state_size` bytes
/// aligned to `state_align` (0: 16), which belong to the task from now on, also if this fails. Up to
/// 1024 bytes, aligned to no more than 16, lie in the task's own block of memory.
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
        let say = Say { poll, options, out };
        // SAFETY: as the caller promises; each state fits where it is put.
        unsafe {
            match shape.size() {
                _ if !Within::<LARGEST_WITHIN>::fits(&shape) => {
                    let mut place = Place::new(shape)?;
                    place.fill_from(init);
                    say.spawn(place)
                }
                0..=32 => say.spawn(Within::<32>::new(shape, init)),
                33..=64 => say.spawn(Within::<64>::new(shape, init)),
                65..=128 => say.spawn(Within::<128>::new(shape, init)),
                129..=256 => say.spawn(Within::<256>::new(shape, init)),
                257..=512 => say.spawn(Within::<512>::new(shape, init)),
                _ => say.spawn(Within::<LARGEST_WITHIN>::new(shape, init)),
            }
        }
    })
}

/// What the caller of `qi_task_spawn_inline` said beside the state, unchecked.
struct Say {
    poll: PollFn,
    options: *const TaskOptions,
    out: *mut TaskRef,
}

impl Say {
    /// # Safety
    /// As `qi_task_spawn_inline`.
    unsafe fn spawn<S: State + 'static>(&self, state: S) -> Result<Code, Code> {
        let poll = self.poll.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, receipt) = unsafe { (Wishes::read(self.options)?, Receipt::new(self.out)?) };
        spawn_poll(poll, state, &wishes, receipt)
    }
}

/// Moves a task's result to where the caller wants it.
struct Delivering {
    taking: TakeResult,
    to: Sent<c_void>,
}

impl Delivering {
    fn of(task: TaskRef, to: Sent<c_void>) -> Result<Self, Code> {
        Ok(Self { taking: TakeResult::of(object::find(task)?)?, to })
    }
}

impl Future for Delivering {
    type Output = Result<Code, Code>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(taken) = Pin::new(&mut self.taking).poll(cx) else { return Poll::Pending };
        Poll::Ready(taken.map(|mut place| {
            if !self.to.get().is_null() {
                // SAFETY: the caller of the exported function promised room for the result.
                unsafe { place.move_to(self.to.get()) };
            }
            Code::OK
        }))
    }
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
    waiting(|| Delivering::of(task, result))
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
    waiting_for(timeout_ns, || Delivering::of(task, result))
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
    polling_now(cx, key, move || Delivering::of(task, result))
}

/// # Safety
/// `tasks` is valid for reading `count` handles.
unsafe fn found(tasks: *const TaskRef, count: usize) -> Result<Vec<Here<Task>>, Code> {
    // SAFETY: as the caller promises.
    let handles = unsafe { pointer::elements(tasks, count) }?;
    handles.iter().map(|handle| object::find(*handle)).collect()
}

async fn which(tasks: Vec<Here<Task>>, index: Sent<usize>) -> Result<Code, Code> {
    let ended = task::until_one_ended(tasks).await?;
    // SAFETY: checked by the exported function, whose caller promised that it stays.
    unsafe { Out::new(index.get()) }?.put(ended);
    Ok(Code::OK)
}

/// Waits for all of `count` tasks, and leaves their results with them. SUSPENDS.
///
/// # Safety
/// `tasks` is valid for reading `count` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_await_all(tasks: *const TaskRef, count: usize) -> i32 {
    // SAFETY: as the caller promises.
    waiting(|| Ok(task::until_all_ended(unsafe { found(tasks, count) }?)))
}

/// The twin of `qi_task_await_all` for poll functions.
///
/// # Safety
/// As there; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_poll_await_all(
    tasks: *const TaskRef,
    count: usize,
    cx: *mut PollContext,
) -> i32 {
    let key = Key { handle: 0, operation: operation::AWAIT_ALL, data: tasks as usize };
    // SAFETY: as the caller promises.
    polling(cx, key, || Ok(task::until_all_ended(unsafe { found(tasks, count) }?)))
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
        let (found, _) = unsafe { (found(tasks, count)?, Out::new(index)?) };
        Ok(which(found, Sent(index)))
    })
}

/// The twin of `qi_task_await_any` for poll functions.
///
/// # Safety
/// As there, `index` until the operation ends or is not asked for any more; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_poll_await_any(
    tasks: *const TaskRef,
    count: usize,
    index: *mut usize,
    cx: *mut PollContext,
) -> i32 {
    let key = Key { handle: 0, operation: operation::AWAIT_ANY, data: tasks as usize };
    polling(cx, key, || {
        // SAFETY: as the caller promises.
        let (found, _) = unsafe { (found(tasks, count)?, Out::new(index)?) };
        Ok(which(found, Sent(index)))
    })
}

/// Lets a task go: gives its reference back, as `qi_release`, if the handle is one of a task. It goes on
/// by itself, and its result is dropped.
#[unsafe(no_mangle)]
pub extern "C" fn qi_task_detach(task: TaskRef) -> i32 {
    shell(|| {
        drop(object::find::<Task>(task)?);
        object::release(task).map(|()| Code::OK)
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
        let wanted = options::priority(number)?;
        object::find::<Task>(task)?.set_priority(wanted).map(|()| Code::OK)
    })
}

/// The priority that a task has in effect: its own, or that of whoever waits for it. Errors as
/// `qi_task_set_priority`.
///
/// # Safety
/// `out` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_task_priority(task: TaskRef, out: *mut i32) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(options::number(object::find::<Task>(task)?.priority()?));
        Ok(Code::OK)
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
