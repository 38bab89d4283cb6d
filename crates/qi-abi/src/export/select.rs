//! Select: waiting for the first of several operations.

use std::ffi::c_void;
use std::time::Duration;

use super::channel::{Receiving, copied};
use super::time::{asleep, fired};
use super::{AnyRef, Sent, operation, polling, waiting};
use crate::channel::{Channel, Handing};
use crate::code::Code;
use crate::object;
use crate::pointer::{self, Out};
use crate::poll_context::{Key, PollContext};
use crate::select::{Operation, Select};
use crate::structs::{self, Versioned};
use crate::sync::event::Event;
use crate::task::{Task, UntilEnded};

/// Receives a value into `data`.
pub const QI_SELECT_RECV: i32 = 1;
/// Sends the value at `data`, which stays the caller's unless this branch is chosen and answers `QI_OK`.
/// In a channel without room it goes to a receiver that waits, not to one that only looks.
pub const QI_SELECT_SEND: i32 = 2;
/// A task has ended; its result stays with it.
pub const QI_SELECT_TASK: i32 = 3;
/// An event is set.
pub const QI_SELECT_EVENT: i32 = 4;
/// A timer fires.
pub const QI_SELECT_TIMER: i32 = 5;
/// So many nanoseconds have passed.
pub const QI_SELECT_TIMEOUT: i32 = 6;
/// No other branch is ready at once.
pub const QI_SELECT_DEFAULT: i32 = 7;

/// Branches are looked at in the order in which they stand; without it each that is ready is as likely
/// to be chosen as the others.
pub const QI_SELECT_IN_ORDER: u32 = 1;

/// A branch of a select. Zero what it does not need.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SelectCase {
    /// `sizeof(qi_select_case)`; the same for all branches of a select.
    pub struct_size: u32,
    /// `QI_SELECT_…`.
    pub operation: i32,
    /// What it waits for; 0: the branch is never chosen.
    pub handle: AnyRef,
    /// The value's place.
    pub data: *mut c_void,
    /// Of `QI_SELECT_TIMEOUT`.
    pub timeout_ns: u64,
    /// Written if the branch was chosen: what its operation answered, such as `QI_ERR_CLOSED`.
    pub answer: i32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, begins with a u32, and zero bytes are numbers and null pointers.
unsafe impl Versioned for SelectCase {
    const FIRST: usize = size_of::<SelectCase>();
}

/// The branches as they lie with the caller.
struct Cases {
    first: Sent<SelectCase>,
    stride: usize,
    chosen: Sent<usize>,
}

impl Cases {
    fn at(&self, index: usize) -> *mut SelectCase {
        self.first.get().wrapping_byte_add(index * self.stride)
    }

    fn report(&self, branch: usize, answer: Code) -> Result<Code, Code> {
        // SAFETY: `chosen` and the branches were checked when this was made, and stay until the
        // operation ends, as the caller of the exported function promised.
        unsafe {
            Out::new(self.chosen.get())?.put(branch);
            Out::new(&raw mut (*self.at(branch)).answer)?.put(answer.0);
        }
        Ok(Code::OK)
    }
}

/// # Safety
/// `data` is as the branch's operation demands.
unsafe fn begin(case: &SelectCase) -> Result<Option<Operation>, Code> {
    let handle = case.handle;
    if case.operation == QI_SELECT_TIMEOUT {
        return Ok(Some(Box::pin(asleep(Duration::from_nanos(case.timeout_ns))?)));
    }
    if handle == 0 {
        return Ok(None);
    }
    Ok(Some(match case.operation {
        QI_SELECT_RECV => Box::pin(Receiving::new(handle, case.data)?),
        QI_SELECT_SEND => {
            let channel = object::find::<Channel>(handle)?;
            // SAFETY: as the caller promises.
            let value = unsafe { copied(&channel, case.data) }?;
            Box::pin(Handing::new(channel, value))
        }
        QI_SELECT_TASK => {
            let ended = UntilEnded::of(object::find::<Task>(handle)?)?;
            Box::pin(async move {
                ended.await;
                Ok(Code::OK)
            })
        }
        QI_SELECT_EVENT => {
            let event = object::find::<Event>(handle)?;
            Box::pin(async move { event.wait().await })
        }
        QI_SELECT_TIMER => Box::pin(fired(handle)?),
        _ => return Err(Code::ERR_INVALID),
    }))
}

/// A select whose sender met its own receiver would have sent a value that the caller believes to have
/// kept. Only channels without room bring the two together.
fn refuse_meeting_oneself(cases: &[SelectCase]) -> Result<(), Code> {
    let sends_to = |handle| {
        let is_send = |case: &SelectCase| case.operation == QI_SELECT_SEND && case.handle == handle;
        cases.iter().any(is_send)
    };
    for case in cases {
        let is_both = case.operation == QI_SELECT_RECV && case.handle != 0 && sends_to(case.handle);
        if is_both && !object::find::<Channel>(case.handle)?.has_room() {
            return Err(Code::ERR_INVALID);
        }
    }
    Ok(())
}

/// # Safety
/// As `qi_select`.
unsafe fn selecting(
    cases: *mut SelectCase,
    count: usize,
    flags: u32,
    chosen: *mut usize,
) -> Result<impl Future<Output = Result<Code, Code>> + Send + 'static, Code> {
    if count == 0 || flags & !QI_SELECT_IN_ORDER != 0 {
        return Err(Code::ERR_INVALID);
    }
    // SAFETY: as the caller promises.
    let stride = unsafe {
        Out::new(chosen)?;
        *pointer::read(cases.cast::<u32>())? as usize
    };
    let cases = Cases { first: Sent(cases), stride, chosen: Sent(chosen) };
    // SAFETY: as the caller promises.
    let all = (0..count).map(|branch| unsafe { structs::read(cases.at(branch)) });
    let all = all.collect::<Result<Vec<SelectCase>, Code>>()?;
    if all.iter().any(|case| case.struct_size as usize != stride) {
        return Err(Code::ERR_STRUCT_SIZE);
    }
    refuse_meeting_oneself(&all)?;
    let (mut operations, mut otherwise) = (Vec::with_capacity(count), None);
    for (branch, case) in all.into_iter().enumerate() {
        if case.operation == QI_SELECT_DEFAULT {
            otherwise = Some(branch);
            continue;
        }
        // SAFETY: as the caller promises.
        if let Some(operation) = unsafe { begin(&case) }? {
            operations.push((branch, operation));
        }
    }
    let select = Select::new(operations, otherwise, flags & QI_SELECT_IN_ORDER != 0);
    Ok(async move {
        let (branch, answer) = select.await;
        cases.report(branch, answer)
    })
}

/// Waits until one of `count` branches is ready, does what that says, and no other; writes its number to
/// `chosen` and what it answered to its `answer`. `flags`: `QI_SELECT_…`, or'ed. `QI_ERR_INVALID` if it
/// were to send to and receive from the same channel without room. SUSPENDS.
///
/// # Safety
/// `cases` is valid for reading and writing `count` branches, each of which points to what it needs;
/// `chosen` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_select(
    cases: *mut SelectCase,
    count: usize,
    flags: u32,
    chosen: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    waiting(|| unsafe { selecting(cases, count, flags, chosen) })
}

/// The twin of `qi_select` for poll functions. The branches are read by the first call.
///
/// # Safety
/// As there, until the operation ends or is not asked for any more; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_poll_select(
    cases: *mut SelectCase,
    count: usize,
    flags: u32,
    chosen: *mut usize,
    cx: *mut PollContext,
) -> i32 {
    let key = Key { handle: 0, operation: operation::SELECT, data: cases as usize };
    // SAFETY: as the caller promises.
    polling(cx, key, || unsafe { selecting(cases, count, flags, chosen) })
}
