//! Graphs of tasks: nodes that begin when those before them have ended.

use std::ffi::c_void;

use qi_graph::{OnFailure, Options};

use super::options::{CallFn, TaskOptions, Wishes};
use super::{GraphRef, RuntimeRef, TaskRef, shell};
use crate::code::Code;
use crate::graph::{self, Graph};
use crate::memory::{Dropper, Owned, Place};
use crate::object;
use crate::own;
use crate::pointer::Out;
use crate::runtime::Instance;
use crate::task::poll_task::{PollFn, PollTask};
use crate::task::{Task, call};

/// A run goes on after a failure with the nodes that do not come after the failed one.
pub const QI_GRAPH_CONTINUE: u32 = 1;

/// Makes a graph without nodes.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_create(out: *mut GraphRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(object::publish(Graph::new())?);
        Ok(Code::OK)
    })
}

/// What the options of a node say.
///
/// # Safety
/// As `Wishes::read`.
unsafe fn of_node<'a>(options: *const TaskOptions) -> Result<Wishes<'a>, Code> {
    // SAFETY: as the caller promises.
    let wishes = unsafe { Wishes::read(options) }?;
    if wishes.are_of_a_node() { Ok(wishes) } else { Err(Code::ERR_INVALID) }
}

/// Adds a node that a poll function drives, and says its number, from 0 on. The node owns `state` from
/// now on, also if this fails: `drop` (may be null) is called with it exactly once. Of `options` (may
/// be null) runtime and scope must be 0; a name must not be given twice. `QI_ERR_BUSY` if the graph was
/// started.
///
/// # Safety
/// As `qi_task_spawn_poll`; `node` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_add_poll(
    graph: GraphRef,
    poll: PollFn,
    drop: Dropper,
    state: *mut c_void,
    options: *const TaskOptions,
    node: *mut u32,
) -> i32 {
    shell(|| {
        let state = Owned::new(state, drop);
        let poll = poll.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, node) = unsafe { (of_node(options)?, Out::new(node)?) };
        let result = Place::new(wishes.result)?;
        let task = PollTask::new(poll, state, result, own::inherited(), None);
        node.put(object::find::<Graph>(graph)?.add_poll(wishes.name, wishes.priority, task)?);
        Ok(Code::OK)
    })
}

/// As `qi_graph_add_poll`, for a call that may block its thread, on the pool for such calls.
///
/// # Safety
/// As `qi_task_spawn_blocking`; `node` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_add_blocking(
    graph: GraphRef,
    call: CallFn,
    drop: Dropper,
    argument: *mut c_void,
    options: *const TaskOptions,
    node: *mut u32,
) -> i32 {
    shell(|| {
        let argument = Owned::new(argument, drop);
        let call = call.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, node) = unsafe { (of_node(options)?, Out::new(node)?) };
        let call = call::blocking_later(call, argument, &wishes)?;
        let graph = object::find::<Graph>(graph)?;
        node.put(graph.add_blocking(wishes.name, wishes.priority, call)?);
        Ok(Code::OK)
    })
}

/// As `qi_graph_add_poll`, for a coroutine, as `qi_task_spawn` makes them. When the run is cancelled it is
/// told, and may end a little later than the run.
///
/// # Safety
/// As `qi_task_spawn`; `node` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_add(
    graph: GraphRef,
    call: CallFn,
    drop: Dropper,
    argument: *mut c_void,
    options: *const TaskOptions,
    node: *mut u32,
) -> i32 {
    shell(|| {
        let argument = Owned::new(argument, drop);
        let call = call.ok_or(Code::ERR_NULL)?;
        // SAFETY: as the caller promises.
        let (wishes, node) = unsafe { (of_node(options)?, Out::new(node)?) };
        let spawn = call::coroutine_later(call, argument, &wishes)?;
        let graph = object::find::<Graph>(graph)?;
        node.put(graph.add_coroutine(wishes.name, wishes.priority, spawn)?);
        Ok(Code::OK)
    })
}

/// Has one node begin only when another has ended. `QI_ERR_INVALID` for numbers that no node has,
/// `QI_ERR_BUSY` if the graph was started. A cycle is found when it is.
#[unsafe(no_mangle)]
pub extern "C" fn qi_graph_edge(graph: GraphRef, earlier: u32, later: u32) -> i32 {
    shell(|| object::find::<Graph>(graph)?.order(earlier, later).map(|()| Code::OK))
}

/// Runs a graph on a runtime (0: that of the calling thread, or the global one), once: at most `limit`
/// nodes at a time (0: any number), `flags` are `QI_GRAPH_…`, or'ed. The task ends when all nodes have;
/// waiting for it answers the error of the node that failed first. Cancelling the task cancels the
/// nodes. `out` may be null: the graph then runs unheard.
///
/// `QI_ERR_CYCLE` if nodes wait for each other, `QI_ERR_INVALID` for anything else that is wrong, which
/// `qi_last_error_message` tells: nothing has begun then, and the graph can be mended. `QI_ERR_BUSY` if
/// it was started.
///
/// # Safety
/// `out` is null or valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_run(
    graph: GraphRef,
    runtime: RuntimeRef,
    limit: u32,
    flags: u32,
    out: *mut TaskRef,
) -> i32 {
    shell(|| {
        if flags & !QI_GRAPH_CONTINUE != 0 {
            return Err(Code::ERR_INVALID);
        }
        // SAFETY: as the caller promises.
        let out = if out.is_null() { None } else { Some(unsafe { Out::new(out) }?) };
        let handle = Instance::of(runtime)?;
        let mut options = Options::new();
        if flags & QI_GRAPH_CONTINUE != 0 {
            options = options.on_failure(OnFailure::Continue);
        }
        if limit > 0 {
            options = options.limit(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        let run = object::find::<Graph>(graph)?.start(&handle, options)?;
        let task = handle.task().name("graph").spawn(graph::ending(run));
        match out {
            Some(out) => out.put(object::publish(Task::new(task))?),
            None => drop(task),
        }
        Ok(Code::OK)
    })
}

/// Cancels a run: its task ends with `QI_ERR_CANCELLED` when what had begun is over. `QI_ERR_EMPTY` if it
/// was not started; cancelling what has ended is no error.
#[unsafe(no_mangle)]
pub extern "C" fn qi_graph_cancel(graph: GraphRef) -> i32 {
    shell(|| object::find::<Graph>(graph)?.cancel().map(|()| Code::OK))
}

/// Moves a node's result to `result` (null drops it): inside a node that comes after it, or when the run is
/// over. Answers the node's own error if it failed, `QI_ERR_EMPTY` if it has not ended or never began,
/// `QI_ERR_TAKEN` if the result was taken before.
///
/// # Safety
/// `result` is null or valid for writing as many bytes as the node's result has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_take(graph: GraphRef, node: u32, result: *mut c_void) -> i32 {
    shell(|| {
        let mut place = object::find::<Graph>(graph)?.take(node)?;
        if !result.is_null() {
            // SAFETY: as the caller promises.
            unsafe { place.move_to(result) };
        }
        Ok(Code::OK)
    })
}

/// Finds a node's result without taking it: several nodes that come after it may read it there, until it
/// is taken or the graph is released. Otherwise as `qi_graph_take`.
///
/// # Safety
/// `result` is valid for writing a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_graph_look(
    graph: GraphRef,
    node: u32,
    result: *mut *const c_void,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let to = unsafe { Out::new(result) }?;
        to.put(object::find::<Graph>(graph)?.look(node)?.cast_const());
        Ok(Code::OK)
    })
}
