//! What a task has of its own: task-locals, and a place to park.
//!
//! A poll function finds it through its context, a coroutine and a blocking call through a task-local of
//! the runtime, which goes along when the coroutine is suspended. Tasks that use none of it pay a word,
//! and one look when they spawn.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use qi_runtime::sync::Notify;

use crate::code::Code;
use crate::memory::{Dropper, Owned};
use crate::poll_context;
use crate::task::call::{InheritFn, inherit};

/// A key of task-locals.
#[derive(Clone, Copy)]
pub(crate) struct Local {
    pub(crate) dropper: Dropper,
    pub(crate) inherit: InheritFn,
}

/// A value that a task has set.
struct Value {
    key: u64,
    local: Local,
    owned: Owned,
}

#[derive(Default)]
struct Content {
    values: Vec<Value>,
    parking: Option<Arc<Notify>>,
}

/// What one task has of its own, made when it is first used.
#[derive(Default)]
pub(crate) struct Own(RefCell<Option<Box<Content>>>);

qi_runtime::task_local! {
    /// Of the coroutine or the blocking call that runs here.
    static OWN: Own;
}

thread_local! {
    /// The place to park of threads that are inside no task.
    static PARKING: Arc<Notify> = Arc::new(Notify::new());
}

impl Own {
    /// Runs the code of a coroutine or a blocking call, which finds this.
    pub(crate) fn around<R>(self, code: impl FnOnce() -> R) -> R {
        OWN.sync_scope(self, code)
    }

    fn get(&self, key: u64) -> Option<*mut c_void> {
        let content = self.0.borrow();
        let value = content.as_ref()?.values.iter().find(|value| value.key == key)?;
        Some(value.owned.pointer())
    }

    /// Puts a value in; the one before is given back, to be dropped where nothing is borrowed.
    fn set(&self, key: u64, local: Local, pointer: *mut c_void) -> Option<Value> {
        let mut content = self.0.borrow_mut();
        let values = &mut content.get_or_insert_default().values;
        let index = values.iter().position(|value| value.key == key);
        let before = index.map(|index| values.swap_remove(index));
        if !pointer.is_null() {
            values.push(Value { key, local, owned: Owned::new(pointer, local.dropper) });
        }
        before
    }

    fn parking(&self) -> Arc<Notify> {
        let mut content = self.0.borrow_mut();
        Arc::clone(content.get_or_insert_default().parking.get_or_insert_default())
    }

    /// What a child begins with.
    fn for_a_child(&self) -> Own {
        // Not called under the borrow: it is code of the other side.
        let heirs: Vec<(u64, Local, *mut c_void)> = match &*self.0.borrow() {
            None => return Own::default(),
            Some(content) => content
                .values
                .iter()
                .filter(|value| value.local.inherit.is_some())
                .map(|value| (value.key, value.local, value.owned.pointer()))
                .collect(),
        };
        let child = Own::default();
        for (key, local, pointer) in heirs {
            let _ = child.set(key, local, inherit(local.inherit, pointer));
        }
        child
    }
}

/// Calls `code` with what the task has that runs here; `None` outside of tasks.
fn here<R>(code: impl FnOnce(&Own) -> R) -> Option<R> {
    let mut code = Some(code);
    let mut call = |own: &Own| code.take().map(|code| code(own));
    match poll_context::with_own(&mut call) {
        Some(result) => result,
        None => OWN.try_with(|own| call(own)).ok().flatten(),
    }
}

/// What a child of the caller begins with.
pub(crate) fn inherited() -> Own {
    here(Own::for_a_child).unwrap_or_default()
}

/// Sets a task-local; null takes it away.
pub(crate) fn set(key: u64, local: Local, pointer: *mut c_void) -> Result<Code, Code> {
    let before = here(|own| own.set(key, local, pointer)).ok_or(Code::ERR_NOT_IN_TASK)?;
    drop(before);
    Ok(Code::OK)
}

/// The value of a task-local, null if the task has none.
pub(crate) fn get(key: u64) -> Result<*mut c_void, Code> {
    let found = here(|own| own.get(key)).ok_or(Code::ERR_NOT_IN_TASK)?;
    Ok(found.unwrap_or(ptr::null_mut()))
}

/// Where the caller parks: its task's place, or that of its thread.
pub(crate) fn parking() -> Arc<Notify> {
    here(Own::parking).unwrap_or_else(|| PARKING.with(Arc::clone))
}
