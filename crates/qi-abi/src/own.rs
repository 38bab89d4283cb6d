//! What a task has of its own: task-locals, and a place to park.
//!
//! It lies in a table by the task's number, so that tasks which use none of it pay for one look at a count,
//! when they spawn and when they end. A task sets and reads only what is its own, so nobody waits long for
//! a lock; values are dropped, and those of children made, under none.
//!
//! Rejected: a word in each task, and a task-local of the runtime by which coroutines find it (a scope
//! entered and left for each coroutine took a twelfth of the time of spawning and awaiting one).
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use qi_runtime::sync::Notify;

use crate::code::Code;
use crate::memory::{Dropper, Owned};
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

/// What one task has.
#[derive(Default)]
struct Content {
    values: Vec<Value>,
    parking: Option<Arc<Notify>>,
}

/// Parts of the table, each with a lock of its own.
const PARTS: usize = 16;

/// What tasks have, by their numbers.
static TABLE: LazyLock<[Mutex<HashMap<u64, Content>>; PARTS]> = LazyLock::new(Default::default);

/// How many tasks have something.
static OWNERS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The place to park of threads that are inside no task.
    static PARKING: Arc<Notify> = Arc::new(Notify::new());
}

/// The part of the table where a task's things lie.
fn part(task: u64) -> MutexGuard<'static, HashMap<u64, Content>> {
    TABLE[task as usize % PARTS].lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_in_use() -> bool {
    // Relaxed: what a task has was counted by itself, in its own order.
    OWNERS.load(Relaxed) > 0
}

/// Changes what a task has.
fn change<R>(task: u64, code: impl FnOnce(&mut Content) -> R) -> R {
    code(part(task).entry(task).or_insert_with(|| {
        OWNERS.fetch_add(1, Relaxed);
        Content::default()
    }))
}

fn here() -> Option<u64> {
    qi_runtime::task_id().map(|id| id.as_u64())
}

/// A task's hold on what it has; dropped with the task, it ends that.
#[derive(Default)]
pub(crate) struct Own {
    /// What it inherited, until it begins.
    heritage: Option<Box<[Value]>>,
    /// Its number; 0 before it begins.
    task: u64,
}

impl Own {
    /// Called in the task, before its code is.
    pub(crate) fn begin(&mut self) {
        if self.task != 0 {
            return;
        }
        self.task = here().unwrap_or(0);
        if let Some(values) = self.heritage.take() {
            change(self.task, |content| content.values = values.into_vec());
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if self.task == 0 || !is_in_use() {
            return;
        }
        // The values are dropped when the lock is free.
        let left = part(self.task).remove(&self.task);
        if left.is_some() {
            OWNERS.fetch_sub(1, Relaxed);
        }
    }
}

/// What a child of the caller begins with.
pub(crate) fn inherited() -> Own {
    let heritage = if is_in_use() { heritage() } else { None };
    Own { heritage, task: 0 }
}

#[cold]
fn heritage() -> Option<Box<[Value]>> {
    let task = here()?;
    let heirs: Vec<(u64, Local, *mut c_void)> = part(task)
        .get(&task)?
        .values
        .iter()
        .filter(|value| value.local.inherit.is_some())
        .map(|value| (value.key, value.local, value.owned.pointer()))
        .collect();
    // Code of the other side, so not under the lock.
    let made = heirs.into_iter().filter_map(|(key, local, parents)| {
        let pointer = inherit(local.inherit, parents);
        let is_there = !pointer.is_null();
        is_there.then(|| Value { key, local, owned: Owned::new(pointer, local.dropper) })
    });
    Some(made.collect())
}

/// Sets a task-local; null takes it away.
pub(crate) fn set(key: u64, local: Local, pointer: *mut c_void) -> Result<Code, Code> {
    let task = here().ok_or(Code::ERR_NOT_IN_TASK)?;
    let before = change(task, |content| {
        let index = content.values.iter().position(|value| value.key == key);
        let before = index.map(|index| content.values.swap_remove(index));
        if !pointer.is_null() {
            let owned = Owned::new(pointer, local.dropper);
            content.values.push(Value { key, local, owned });
        }
        before
    });
    drop(before);
    Ok(Code::OK)
}

/// The value of a task-local, null if the task has none.
pub(crate) fn get(key: u64) -> Result<*mut c_void, Code> {
    let task = here().ok_or(Code::ERR_NOT_IN_TASK)?;
    if !is_in_use() {
        return Ok(ptr::null_mut());
    }
    let part = part(task);
    let value =
        part.get(&task).and_then(|content| content.values.iter().find(|value| value.key == key));
    Ok(value.map_or(ptr::null_mut(), |value| value.owned.pointer()))
}

/// Where the caller parks: its task's place, or that of its thread.
pub(crate) fn parking() -> Arc<Notify> {
    match here() {
        Some(task) => change(task, |content| Arc::clone(content.parking.get_or_insert_default())),
        None => PARKING.with(Arc::clone),
    }
}
