//! What can be said of a task when it is spawned, of whatever kind it is.

use std::ffi::{c_char, c_void};

use qi_runtime::{TaskBuilder, TaskPriority, coroutine};

use super::task::{QI_PRIORITY_CRITICAL, QI_PRIORITY_HIGH, QI_PRIORITY_LOW, QI_PRIORITY_NORMAL};
use super::{RuntimeRef, ScopeRef, TaskRef};
use crate::code::Code;
use crate::memory::{Dropper, Shape};
use crate::object::{self, Here};
use crate::pointer::{self, Out};
use crate::scope::{Child, Scope};
use crate::structs::{self, Versioned};
use crate::task::Task;

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
    /// The scope that the task belongs to; 0: none.
    pub scope: ScopeRef,
    /// Usable bytes of a coroutine's stack, 16 KiB to 1 GiB. 0: the runtime's `max_stack_size`.
    pub stack_size: usize,
}

// SAFETY: `repr(C)`, begins with a u32, and zero bytes are numbers, null pointers and absent functions.
unsafe impl Versioned for TaskOptions {
    // Without the scope and the stack, which came later.
    const FIRST: usize = std::mem::offset_of!(TaskOptions, scope);
}

/// What a task does: a coroutine, or a call on the pool for blocking ones. Answers `QI_OK` when its
/// result lies at `result`, or a negative code. It must not unwind.
pub type CallFn = Option<unsafe extern "C" fn(argument: *mut c_void, result: *mut c_void) -> i32>;

/// A call that is there.
pub(crate) type Call = unsafe extern "C" fn(argument: *mut c_void, result: *mut c_void) -> i32;

/// Sizes of coroutine stacks that are accepted, in bytes.
const STACKS: std::ops::RangeInclusive<usize> = 16 << 10..=1 << 30;

/// What the options say, checked.
pub(crate) struct Wishes<'a> {
    pub(crate) priority: TaskPriority,
    pub(crate) runtime: u64,
    pub(crate) result: Shape,
    pub(crate) name: Option<&'a str>,
    pub(crate) stack_size: Option<usize>,
    scope: Option<Here<Scope>>,
}

impl<'a> Wishes<'a> {
    /// What holds when nothing is said.
    pub(crate) fn plain(result: Shape) -> Self {
        let (priority, runtime) = (TaskPriority::Normal, 0);
        Wishes { priority, runtime, result, name: None, stack_size: None, scope: None }
    }

    /// # Safety
    /// `options` is null or points to as many bytes as its `struct_size` says, and its name to its
    /// bytes.
    pub(crate) unsafe fn read(options: *const TaskOptions) -> Result<Self, Code> {
        if options.is_null() {
            return Ok(Self::plain(Shape::new(0, 0, None)?));
        }
        // SAFETY: as the caller promises.
        let options = unsafe { structs::read(options) }?;
        let name = match options.name.is_null() {
            true => None,
            // SAFETY: as the caller promises.
            false => Some(unsafe { pointer::text(options.name.cast(), options.name_len) }?),
        };
        let stack_size = match options.stack_size {
            0 => None,
            bytes if STACKS.contains(&bytes) => Some(bytes),
            _ => return Err(Code::ERR_INVALID),
        };
        Ok(Wishes {
            priority: priority(options.priority)?,
            runtime: options.runtime,
            result: Shape::new(options.result_size, options.result_align, options.result_drop)?,
            name,
            stack_size,
            scope: if options.scope == 0 { None } else { Some(object::find(options.scope)?) },
        })
    }

    /// Whether a node of a graph can have them: where it runs, and who waits for it, is the graph's.
    pub(crate) fn are_of_a_node(&self) -> bool {
        self.runtime == 0 && self.scope.is_none()
    }

    /// The membership of a child of the scope that is wished for.
    pub(crate) fn admit(&self) -> Result<Option<Child>, Code> {
        self.scope.as_ref().map(|scope| scope.admit()).transpose()
    }

    pub(crate) fn of_task<'h>(&self, builder: TaskBuilder<'h>) -> TaskBuilder<'h> {
        let builder = match self.priority {
            TaskPriority::Normal => builder,
            other => builder.priority(other),
        };
        match self.name {
            Some(name) => builder.name(name.to_owned()),
            None => builder,
        }
    }

    pub(crate) fn of_coroutine<'h>(
        &self,
        builder: coroutine::Builder<'h>,
    ) -> coroutine::Builder<'h> {
        let mut builder = builder;
        if self.priority != TaskPriority::Normal {
            builder = builder.priority(self.priority);
        }
        if let Some(name) = self.name {
            builder = builder.name(name.to_owned());
        }
        match self.stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        }
    }

    /// Tells the scope how to reach the child that was spawned.
    pub(crate) fn introduce(&self, number: Option<u64>, task: &Task) {
        if let (Some(scope), Some(number)) = (&self.scope, number) {
            Child::tell(scope, number, task.abort_handle());
        }
    }
}

/// A priority by its number.
pub(crate) fn priority(number: i32) -> Result<TaskPriority, Code> {
    match number {
        QI_PRIORITY_LOW => Ok(TaskPriority::Low),
        QI_PRIORITY_NORMAL => Ok(TaskPriority::Normal),
        QI_PRIORITY_HIGH => Ok(TaskPriority::High),
        QI_PRIORITY_CRITICAL => Ok(TaskPriority::Critical),
        _ => Err(Code::ERR_INVALID),
    }
}

/// The number of a priority.
pub(crate) fn number(priority: TaskPriority) -> i32 {
    match priority {
        TaskPriority::Low => QI_PRIORITY_LOW,
        TaskPriority::Normal => QI_PRIORITY_NORMAL,
        TaskPriority::High => QI_PRIORITY_HIGH,
        TaskPriority::Critical => QI_PRIORITY_CRITICAL,
    }
}

/// Where a new task's handle goes; nowhere, if the caller lets it go at once.
pub(crate) struct Receipt(Option<Out<u64>>);

impl Receipt {
    /// # Safety
    /// `out` is null or valid for writing a handle.
    pub(crate) unsafe fn new(out: *mut TaskRef) -> Result<Self, Code> {
        // SAFETY: as the caller promises.
        let out = if out.is_null() { None } else { Some(unsafe { Out::new(out) }?) };
        Ok(Self(out))
    }

    pub(crate) fn give(self, task: Task) -> Result<Code, Code> {
        match self.0 {
            Some(out) => out.put(object::publish(task)?),
            None => drop(task),
        }
        Ok(Code::OK)
    }
}
