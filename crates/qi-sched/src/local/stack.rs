//! The scopes of task-locals that are entered on this thread, innermost first: a list through the
//! stack frames of the functions that entered them.
//!
//! An entry lies in the frame of [`enter`], which takes it off again before it returns, also when it
//! unwinds. So whatever the list leads to is alive for whoever runs on this thread, because they run
//! further up the same stack. (A coroutine that suspends inside a scope must take its part of the
//! list with it; none exists yet.)

use crate::worker::context;
use std::any::Any;
use std::cell::Cell;
use std::ptr;

thread_local! {
    static TOP: Cell<*const Entry> = const { Cell::new(ptr::null()) };
}

struct Entry {
    /// Whose scope it is; see the parent module. (I40)
    owner: usize,
    /// The key's address.
    key: usize,
    value: *const dyn Any,
    below: *const Entry,
}

/// Takes an entry off again.
struct Leave(*const Entry);

impl Drop for Leave {
    fn drop(&mut self) {
        TOP.set(self.0);
    }
}

/// Lets `code` find `value` under `key`.
pub(super) fn enter<R>(key: usize, value: &dyn Any, code: impl FnOnce() -> R) -> R {
    let below = TOP.get();
    let entry = Entry { owner: context::owner(), key, value: ptr::from_ref(value), below };
    TOP.set(&raw const entry);
    let _leave = Leave(below);
    code()
}

/// Calls `code` with what the current task finds under `key`.
pub(super) fn look_up<R>(key: usize, code: impl FnOnce(Option<&dyn Any>) -> R) -> R {
    let owner = context::owner();
    let mut entry = TOP.get();
    // SAFETY: entries lie in frames of `enter` further down this thread's stack, which cannot
    // return, and so not take them away, before we do.
    while let Some(found) = unsafe { entry.as_ref() } {
        if found.owner != owner {
            // Whoever runs on top of another task never sees the latter's entries, nor its own below.
            break;
        }
        if found.key == key {
            // SAFETY: as above; `enter` borrows the value for as long as the entry exists.
            return code(Some(unsafe { &*found.value }));
        }
        entry = found.below;
    }
    code(None)
}
