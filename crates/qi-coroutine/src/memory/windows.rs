//! Memory calls of Windows.
//!
//! A stack there grows by itself: below the memory that it has lies a guard page, and whoever
//! touches that one gets the next. The system does so only where the thread's block says that the
//! stack is, which corosensei sees to at each switch; `Extra` is what it writes there. The slot's
//! own guard is reserved space that never gets memory.
//!
//! # References
//! Windows documentation, "Thread Stack Size", `SetThreadStackGuarantee`; corosensei,
//! `stack/windows.rs`, whose drawing shows how these parts lie.

use super::Row;
use corosensei::stack::StackTebFields;
use std::io;
use std::ptr;
use std::sync::OnceLock;
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RESERVE, PAGE_GUARD, PAGE_READWRITE, VirtualAlloc, VirtualFree,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

/// Memory that was given back is gone until it is asked for.
pub(crate) const NEEDS_PREPARING_AGAIN: bool = true;

/// Pages that a new stack has.
const PAGES: usize = 2;
/// Pages that the system keeps for whoever handles an overflow.
const GUARANTEE_PAGES: usize = 4;
/// Pages of the guard that moves, on 64 bits.
const GUARD_PAGES: usize = 2;

/// What the thread's block must say while this stack is in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra {
    limit: usize,
    guarantee: usize,
}

impl Extra {
    pub(crate) fn new(top: usize, _bottom: usize) -> Self {
        let page = page_size();
        Self { limit: top - PAGES * page, guarantee: GUARANTEE_PAGES * page }
    }

    pub(crate) fn fields(&self, top: usize, bottom: usize) -> StackTebFields {
        StackTebFields {
            StackBase: top,
            StackLimit: self.limit,
            DeallocationStack: bottom,
            GuaranteedStackBytes: self.guarantee,
        }
    }

    pub(crate) fn update(&mut self, limit: usize, guarantee: usize) {
        *self = Self { limit, guarantee };
    }
}

/// Bytes of a page.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: all zeroes is a value of this type.
        let mut info: SYSTEM_INFO = unsafe { std::mem::zeroed() };
        // SAFETY: it only writes there.
        unsafe { GetSystemInfo(&mut info) };
        info.dwPageSize as usize
    })
}

/// Reserves `bytes` of address space. Never given back.
pub(crate) fn reserve(bytes: usize) -> io::Result<usize> {
    // SAFETY: new space at an address of the system's choice disturbs nothing.
    let address = unsafe { VirtualAlloc(ptr::null(), bytes, MEM_RESERVE, PAGE_READWRITE) };
    if address.is_null() { Err(io::Error::last_os_error()) } else { Ok(address as usize) }
}

/// Guards are reserved space, and cost nothing.
pub(crate) fn has_page_guards(_address: usize) -> bool {
    true
}

pub(crate) fn reserves_for_free() -> bool {
    true
}

pub(crate) fn guard_limit() -> usize {
    usize::MAX
}

/// Gives each slot of `row` its first pages and the guard that moves.
pub(crate) fn prepare(row: Row) -> io::Result<()> {
    let page = page_size();
    (0..row.slots).try_for_each(|index| {
        let top = row.first + (index + 1) * row.slot_bytes;
        let limit = top - PAGES * page;
        commit(limit, PAGES * page, PAGE_READWRITE)?;
        let guard = (GUARD_PAGES + GUARANTEE_PAGES) * page;
        commit(limit - guard, guard, PAGE_READWRITE | PAGE_GUARD)
    })
}

fn commit(address: usize, bytes: usize, access: u32) -> io::Result<()> {
    // SAFETY: the range lies in a slot that nobody uses yet.
    let got = unsafe { VirtualAlloc(address as *const _, bytes, MEM_COMMIT, access) };
    if got.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Gives the memory of whole slots back.
pub(crate) fn release(address: usize, bytes: usize) {
    // SAFETY: the range lies in slots of the arena that the caller has for itself. A failure
    // leaves the memory as it is, which harms nobody.
    let _ = unsafe { VirtualFree(address as *mut _, bytes, MEM_DECOMMIT) };
}

/// Nothing grows back below a stack's upper part by itself there, so its depth stays.
pub(crate) const KEEPS_DEPTH: bool = true;

/// The first pages are there from the beginning.
pub(crate) fn touch(_address: usize) {}
