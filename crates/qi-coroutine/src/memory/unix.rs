//! Memory calls of Unix systems.
//!
//! Address space is reserved without access, so it counts against no limit on memory, and made
//! accessible a row of slots at a time. A guard in the page tables lies inside of an accessible
//! mapping; any other is the part of a slot that stays without access. A slot of which neither
//! can be made is not prepared (I55).

use super::Row;
use std::io;
use std::ptr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "unix/linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "unix/other.rs")]
mod system;

pub(crate) use system::{guard_limit, has_page_guards};

/// Memory that was given back is there again, zeroed, when it is touched.
pub(crate) const NEEDS_PREPARING_AGAIN: bool = false;

/// Whether the lower part of a stack cannot be given back alone.
pub(crate) const KEEPS_DEPTH: bool = false;

/// What the system wants to know of a stack besides its place: nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra;

impl Extra {
    pub(crate) fn new(_top: usize, _bottom: usize) -> Self {
        Self
    }
}

/// Bytes of a page.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: it only reads a constant of the system.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two()).unwrap_or(4096)
    })
}

/// Reserves `bytes` of address space, without access. Never given back.
pub(crate) fn reserve(bytes: usize) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | system::RESERVE_FLAGS;
    // SAFETY: a new anonymous mapping at an address of the system's choice disturbs nothing.
    let address = unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    system::reserved(address as usize, bytes);
    Ok(address as usize)
}

/// Whether address space costs nothing to reserve, as on every real system. Emulators of a processor
/// may note every page of it: seconds for what is reserved here, minutes for more.
pub(crate) fn reserves_for_free() -> bool {
    const PIECE: usize = 1 << 29;
    let quickest = (0..3).map(|_| {
        let start = Instant::now();
        let piece = reserve(PIECE);
        let took = start.elapsed();
        if let Ok(address) = piece {
            // SAFETY: reserved just now, and nobody else knows of it.
            let _ = unsafe { libc::munmap(address as *mut libc::c_void, PIECE) };
        }
        took
    });
    quickest.min().unwrap_or_default() < Duration::from_millis(1)
}

/// Makes the slots of `row` accessible, but for their guards.
pub(crate) fn prepare(row: Row) -> io::Result<()> {
    if row.page_guards {
        let bytes = row.slot_bytes * row.slots + row.rest_bytes;
        open(row.first, bytes)?;
        let guard = || each(row, |slot| system::page_guard(slot, row.guard_bytes));
        return guard().or_else(|refusal| {
            // Nobody has used these slots, so all that was locked in memory may go.
            if system::unlock(row.first, bytes) && advise_release(row.first, bytes) {
                return guard();
            }
            Err(refusal)
        });
    }
    each(row, |slot| open(slot + row.guard_bytes, row.slot_bytes - row.guard_bytes))
}

fn each(row: Row, mut act: impl FnMut(usize) -> io::Result<()>) -> io::Result<()> {
    (0..row.slots).try_for_each(|index| act(row.first + index * row.slot_bytes))
}

fn open(address: usize, bytes: usize) -> io::Result<()> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the range lies in the arena's reservation, and in it nobody has anything yet.
    let result = unsafe { libc::mprotect(address as *mut libc::c_void, bytes, access) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives the memory of a range back; what lay there is lost. Guards stay.
pub(crate) fn release(address: usize, bytes: usize) {
    // A failure leaves the memory as it is, which harms nobody.
    if !advise_release(address, bytes) && system::unlock(address, bytes) {
        let _ = advise_release(address, bytes);
    }
}

fn advise_release(address: usize, bytes: usize) -> bool {
    // SAFETY: the range lies in slots of the arena that the caller has for itself.
    unsafe { libc::madvise(address as *mut libc::c_void, bytes, system::RELEASE) == 0 }
}

/// Brings the page at `address` into memory.
pub(crate) fn touch(address: usize) {
    // SAFETY: the address lies in the usable part of a slot that the caller has for itself.
    unsafe { ptr::write_volatile(address as *mut u8, 0) };
}
