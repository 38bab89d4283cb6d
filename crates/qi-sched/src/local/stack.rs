//! The scopes of task-locals that are entered on this thread, innermost first: a list through the
//! stack frames of the functions that entered them.
//!
//! An entry lies in the frame of [`enter`], which takes it off again before it returns, also when it
//! unwinds. So whatever the list leads to is alive for whoever runs on this thread, because they run
//! further up the same stack. Code on a stack of its own takes its part of the list with it when it
//! suspends ([`Scopes`]), and has it linked to whatever lies below when it goes on.

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
    below: Cell<*const Entry>,
}

/// Takes an entry off again.
struct Leave<'a>(&'a Entry);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        // What lies below now: another than before, if the code was suspended meanwhile.
        TOP.set(self.0.below.get());
    }
}

/// Lets `code` find `value` under `key`.
pub(super) fn enter<R>(key: usize, value: &dyn Any, code: impl FnOnce() -> R) -> R {
    let below = Cell::new(TOP.get());
    let entry = Entry { owner: context::owner(), key, value: ptr::from_ref(value), below };
    TOP.set(&raw const entry);
    let _leave = Leave(&entry);
    code()
}

/// Where the list begins on this thread.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Top(*const Entry);

impl Top {
    #[inline]
    pub(super) fn now() -> Self {
        Self(TOP.get())
    }

    /// Takes the list off the calling thread.
    pub(super) fn take() -> Self {
        Self(TOP.replace(ptr::null()))
    }

    pub(super) fn restore(&self) {
        TOP.set(self.0);
    }
}

/// The part of the list that lies in frames of suspended code.
#[derive(Debug)]
pub(super) struct Scopes {
    top: *const Entry,
    /// Its lowest entry.
    lowest: *const Entry,
}

impl Scopes {
    /// The part above `base`, if there is one. It is in the list still.
    pub(super) fn above(base: &Top) -> Option<Self> {
        let top = TOP.get();
        let mut lowest = ptr::null();
        let mut entry = top;
        while entry != base.0 {
            lowest = entry;
            // SAFETY: it lies above `base`, in a frame of the code that has just suspended.
            entry = unsafe { &*entry }.below.get();
        }
        (top != base.0).then_some(Self { top, lowest })
    }

    /// Puts the part on top of the thread's list.
    ///
    /// # Safety
    /// The frames that it lies in exist, and run on this thread next.
    pub(super) unsafe fn put_back(self) {
        // SAFETY: the caller's word.
        unsafe { &*self.lowest }.below.set(TOP.get());
        TOP.set(self.top);
    }
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
        entry = found.below.get();
    }
    code(None)
}
