//! The system's memory calls, chosen by platform: address space reserved in one piece, stacks
//! prepared in it, memory given back.
//!
//! All of them take addresses. What lies there belongs to the arena, which keeps the books.

#[cfg(qi_fiber)]
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod chosen;

/// Threads bring their own stacks.
#[cfg(not(qi_fiber))]
#[path = "tokens.rs"]
mod chosen;

pub(crate) use chosen::{
    Extra, KEEPS_DEPTH, NEEDS_PREPARING_AGAIN, guard_limit, has_page_guards, page_size, prepare,
    release, reserve, reserves_for_free, touch,
};

/// Some slots beside each other that are to become stacks.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "guards there are what was never committed"))]
pub(crate) struct Row {
    /// The lowest address of the lowest slot.
    pub(crate) first: usize,
    pub(crate) slot_bytes: usize,
    pub(crate) slots: usize,
    /// Bytes at the lower end of each slot that nobody may touch.
    pub(crate) guard_bytes: usize,
    /// Whether the guard is made in the page tables, and costs no mapping.
    pub(crate) page_guards: bool,
    /// Bytes behind the last slot that nobody will use. Where guards are no mappings these become
    /// accessible too, so that all stacks lie in one mapping.
    pub(crate) rest_bytes: usize,
}
