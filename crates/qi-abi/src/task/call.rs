//! Calls of the other side that have a stack: coroutines, and blocking calls.
//!
//! # Cancelling a coroutine
//! Frames of C cannot be unwound. So a coroutine that was cancelled is told by the calls it makes, which
//! answer `QI_ERR_CANCELLED`, and is expected to return that. Only when it has returned, and nothing but
//! frames of this library is left on its stack, is that unwound, so that the task ends as Cancelled. One
//! that passes on the code of somebody else's cancellation has failed with it. (I81)

use std::ffi::c_void;
use std::future::pending;

use qi_runtime::{Handle, TaskHandle, coroutine, yield_now};

use super::Ending;
use crate::code::Code;
use crate::export::options::{Call, Wishes};
use crate::memory::{Owned, Place, Shape};
use crate::own::{self, Own};
use crate::runtime::Instance;
use crate::scope::Child;
use crate::task::Task;

/// What a call needs; dropped with the task if that does not begin.
struct Piece {
    call: Call,
    argument: Owned,
    result: Shape,
    own: Own,
    /// Dropped last: whoever waits for the scope finds all else gone.
    child: Option<Child>,
}

impl Piece {
    /// Makes the call. What it was handed is dropped when this returns, but for the membership.
    fn run(self) -> (Ending, Option<Child>) {
        let Self { call, argument, result, mut own, child } = self;
        own.begin();
        let ending = Place::new(result).and_then(|mut place| {
            // SAFETY: the other side gave the function together with the argument, for this call; the
            // room for the result is valid until it returns.
            let code = Code(unsafe { call(argument.pointer(), place.pointer()) });
            super::ending_of(code, Some(place))
        });
        drop(argument);
        drop(own);
        if let (Some(child), Err(failure)) = (&child, &ending) {
            child.note(*failure);
        }
        (ending, child)
    }

    fn run_as_a_coroutine(self) -> Ending {
        let (ending, child) = self.run();
        if matches!(ending, Err(Code::ERR_CANCELLED)) && was_cancelled() {
            drop(child);
            // Unwinds what is left, which is this: the task ends as Cancelled.
            coroutine::wait(pending::<()>());
        }
        ending
    }
}

/// Whether the coroutine that runs here was told that it is cancelled, which it is for good.
fn was_cancelled() -> bool {
    cfg!(panic = "unwind") && coroutine::try_wait(yield_now()).is_err()
}

fn piece(call: Call, argument: Owned, wishes: &Wishes<'_>) -> Result<(Piece, Option<u64>), Code> {
    let child = wishes.admit()?;
    let number = child.as_ref().map(Child::number);
    let own = own::inherited();
    Ok((Piece { call, argument, result: wishes.result, own, child }, number))
}

fn introduced(handle: TaskHandle<Ending>, number: Option<u64>, wishes: &Wishes<'_>) -> Task {
    let task = Task::new(handle);
    wishes.introduce(number, &task);
    task
}

/// Spawns a coroutine that makes the call.
pub(crate) fn spawn(call: Call, argument: Owned, wishes: &Wishes<'_>) -> Result<Task, Code> {
    let runtime = Instance::of(wishes.runtime)?;
    let (piece, number) = piece(call, argument, wishes)?;
    let handle = wishes.of_coroutine(runtime.coroutine()).spawn(move || piece.run_as_a_coroutine());
    Ok(introduced(handle, number, wishes))
}

/// Spawns a call on the pool for blocking ones.
pub(crate) fn spawn_blocking(
    call: Call,
    argument: Owned,
    wishes: &Wishes<'_>,
) -> Result<Task, Code> {
    let runtime = Instance::of(wishes.runtime)?;
    let (piece, number) = piece(call, argument, wishes)?;
    let handle = wishes.of_task(runtime.task()).spawn_blocking(move || piece.run().0);
    Ok(introduced(handle, number, wishes))
}

/// Makes the value that a child has of its parent's; null: the child has none. It must not unwind.
pub type InheritFn = Option<unsafe extern "C" fn(value: *mut c_void) -> *mut c_void>;

/// The value that a child has of its parent's.
pub(crate) fn inherit(function: InheritFn, value: *mut c_void) -> *mut c_void {
    match function {
        // SAFETY: the other side gave the function for values of its key, of which this is one.
        Some(function) => unsafe { function(value) },
        None => std::ptr::null_mut(),
    }
}

/// A call on the pool for blocking ones that somebody else makes: the node of a graph.
pub(crate) fn blocking_later(
    call: Call,
    argument: Owned,
    wishes: &Wishes<'_>,
) -> Result<impl FnOnce() -> Ending + Send + 'static, Code> {
    let (piece, _) = piece(call, argument, wishes)?;
    Ok(move || piece.run().0)
}

/// A coroutine that somebody else spawns, on a runtime of theirs: the node of a graph.
pub(crate) fn coroutine_later(
    call: Call,
    argument: Owned,
    wishes: &Wishes<'_>,
) -> Result<impl FnOnce(&Handle) -> Task + Send + 'static, Code> {
    let (piece, _) = piece(call, argument, wishes)?;
    let (priority, stack_size) = (wishes.priority, wishes.stack_size);
    Ok(move |runtime: &Handle| {
        let builder = runtime.coroutine().priority(priority).name("node of a graph");
        let builder = match stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        };
        Task::new(builder.spawn(move || piece.run_as_a_coroutine()))
    })
}
