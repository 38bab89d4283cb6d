//! The memory of strands: addresses that stay theirs, pages that go back to the system.
//!
//! Nothing tells this library when a program forgets a future, so a strand is never freed by address.
//! Instead the chunk that it lies in is *retired* when nobody can miss what is in it: all of its strands
//! have ended, and their values were given out, or are zero. The pages go back; the addresses stay
//! reserved, and are given to new strands only when the whole reservation has been used up once.
//!
//! # States of a chunk
//! *Live* → *gone* (all values were zero: reading zero is the truth) or *lossy* (a value was given out
//! long ago and is no more: asking again is an error). The last `WINDOW` chunks always stay live, and a
//! chunk in which one future was awaited twice stays for ever. (Invariant I90.)
//!
//! # Memory ordering
//! Relaxed almost everywhere: a strand's address reaches other threads through the program's own
//! synchronisation, and its fields order themselves. A chunk's state is Release/Acquire: who reads *gone*
//! takes no field of it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::strand::{Kind, Strand};
use crate::{populate, text};

/// Bytes of a chunk: a multiple of every usual page size.
const CHUNK: usize = 64 << 10;
/// Bytes of a strand: a line of the cache.
const SLOT: usize = 64;
/// Strands of a chunk.
const SLOTS: usize = CHUNK / SLOT;
/// Reserved addresses at most: 250 million strands before one is used again. Page tables that
/// stay behind are a five-hundredth of what was in use: 32 MiB at most.
const RESERVED: usize = 16 << 30;
/// Chunks that stay live however finished they are: 16 MiB, the last 260 000 futures.
const WINDOW: usize = 256;
/// Old chunks that are looked at for each new one; more than one, so that the list becomes shorter.
const SWEPT: usize = 2;

const LIVE: u8 = 0;
const GONE: u8 = 1;
const LOSSY: u8 = 2;

const _: () = assert!(size_of::<Strand>() == SLOT, "a strand fills its slot");

struct Arena {
    base: NonNull<u8>,
    chunks: usize,
    /// A byte for each chunk.
    states: NonNull<AtomicU8>,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    /// Chunks that were never used begin here.
    fresh: usize,
    /// Live ones, oldest first.
    live: VecDeque<usize>,
    /// Retired ones, oldest first.
    retired: VecDeque<usize>,
}

// SAFETY: the base is an address; what lies there are strands, which are made of atomics.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

static ARENA: OnceLock<Arena> = OnceLock::new();

thread_local! {
    /// What is left of the calling thread's chunk: index of the next slot, slots left.
    static NEXT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// What an address of the program is.
pub(crate) enum Found {
    /// A strand.
    Strand(&'static Strand),
    /// A strand that ended long ago; whether a value was lost with it.
    Gone { lossy: bool },
    /// No strand of this library.
    Foreign,
}

/// A new strand.
pub(crate) fn claim(kind: Kind) -> &'static Strand {
    put(Strand::new(kind))
}

/// Gives a strand its address.
#[inline]
pub(crate) fn put(strand: Strand) -> &'static Strand {
    let (slot, left) = NEXT.get();
    let (slot, left) = if left == 0 { arena().chunk() } else { (slot, left) };
    NEXT.set((slot + 1, left - 1));
    let at = arena().slot(slot);
    // SAFETY: the slot lies in a chunk that only this thread hands out, and was not handed out before:
    // mapped, aligned, and nobody else's.
    unsafe { at.write(strand) };
    // SAFETY: just written. It is never unmapped, and becomes nothing but a strand: retiring makes its
    // bytes zero, which are valid atomics.
    unsafe { at.as_ref() }
}

/// What lies at an address.
#[inline]
pub(crate) fn find(address: usize) -> Found {
    let Some(arena) = ARENA.get() else { return Found::Foreign };
    let Some(offset) = address.checked_sub(arena.base.as_ptr() as usize) else {
        return Found::Foreign;
    };
    if offset >= arena.chunks * CHUNK || offset % SLOT != 0 {
        return Found::Foreign;
    }
    // Acquire pairs with the Release of `retire`.
    match arena.state(offset / CHUNK).load(Ordering::Acquire) {
        GONE => return Found::Gone { lossy: false },
        LOSSY => return Found::Gone { lossy: true },
        _ => {}
    }
    // SAFETY: within the reservation, readable, and bytes that were never written are zero.
    let strand: &'static Strand = unsafe { arena.slot(offset / SLOT).as_ref() };
    if strand.is_made() { Found::Strand(strand) } else { Found::Foreign }
}

/// Its place among all strands, for people.
pub(crate) fn number(strand: &Strand) -> usize {
    let base = ARENA.get().map_or(0, |arena| arena.base.as_ptr() as usize);
    (ptr::from_ref(strand) as usize - base) / SLOT + 1
}

/// Calls that with every live strand that `wanted` wants.
pub(crate) fn each(mut wanted: impl FnMut(&'static Strand)) {
    let Some(arena) = ARENA.get() else { return };
    let live: Vec<usize> = arena.books().live.iter().copied().collect();
    for slot in live.iter().flat_map(|chunk| chunk * SLOTS..(chunk + 1) * SLOTS) {
        // SAFETY: as in `find`.
        let strand: &'static Strand = unsafe { arena.slot(slot).as_ref() };
        if strand.is_made() {
            wanted(strand);
        }
    }
}

/// Bytes of strands that are in use.
pub(crate) fn bytes() -> usize {
    ARENA.get().map_or(0, |arena| arena.books().live.len() * CHUNK)
}

#[inline]
fn arena() -> &'static Arena {
    ARENA.get_or_init(Arena::reserve)
}

impl Arena {
    fn reserve() -> Self {
        let mut bytes = RESERVED;
        let base = loop {
            if let Some(base) = map(bytes) {
                break base;
            }
            bytes /= 2;
            assert!(bytes > CHUNK, "the system gives no address space for futures");
        };
        let chunks = bytes / CHUNK;
        // Zero, which is `LIVE`.
        let states = map(chunks).expect("the system gives memory for the books of futures").cast();
        Self { base, chunks, states, books: Mutex::default() }
    }

    #[inline]
    fn state(&self, chunk: usize) -> &AtomicU8 {
        debug_assert!(chunk < self.chunks);
        // SAFETY: within a mapping of so many bytes, which is never unmapped; any byte is a valid atomic.
        unsafe { self.states.add(chunk).as_ref() }
    }

    #[inline]
    fn slot(&self, slot: usize) -> NonNull<Strand> {
        debug_assert!(slot < self.chunks * SLOTS);
        // SAFETY: within the reservation.
        unsafe { self.base.add(slot * SLOT) }.cast()
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A chunk for the calling thread: first slot, slots.
    #[cold]
    fn chunk(&self) -> (usize, usize) {
        let mut books = self.books();
        for _ in 0..SWEPT.min(books.live.len().saturating_sub(WINDOW)) {
            let Some(oldest) = books.live.pop_front() else { break };
            if self.retire(oldest) {
                books.retired.push_back(oldest);
            } else {
                books.live.push_back(oldest);
            }
        }
        let chunk = if books.fresh < self.chunks {
            books.fresh += 1;
            books.fresh - 1
        } else {
            let again = books.retired.pop_front();
            let again = again.expect("fewer than 250 million futures are alive at once");
            // Relaxed: the strands of the second use reach others as those of the first did.
            self.state(again).store(LIVE, Ordering::Relaxed);
            again
        };
        books.live.push_back(chunk);
        drop(books);
        populate::ask(self.slot(chunk * SLOTS).cast(), CHUNK);
        (chunk * SLOTS, SLOTS)
    }

    /// Gives a chunk's pages back if nobody can miss them.
    fn retire(&self, chunk: usize) -> bool {
        let strands = chunk * SLOTS..(chunk + 1) * SLOTS;
        // SAFETY: as in `find`; a slot that its thread has not handed out yet reads as not made.
        let strand = |slot| -> &'static Strand { unsafe { self.slot(slot).as_ref() } };
        if !strands.clone().all(|slot| strand(slot).is_over()) {
            return false;
        }
        let lossy = strands.clone().any(|slot| strand(slot).has_value());
        // Release pairs with the Acquire of `find`.
        self.state(chunk).store(if lossy { LOSSY } else { GONE }, Ordering::Release);
        for slot in strands {
            text::forget(strand(slot));
        }
        // SAFETY: the chunk lies in this mapping. Its bytes become zero.
        unsafe {
            libc::madvise(self.slot(chunk * SLOTS).as_ptr().cast(), CHUNK, libc::MADV_DONTNEED)
        };
        true
    }
}

fn map(bytes: usize) -> Option<NonNull<u8>> {
    let (read_write, private) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE,
    );
    // SAFETY: a new mapping at an address of the system's choice takes nothing from anybody.
    let at = unsafe { libc::mmap(ptr::null_mut(), bytes, read_write, private, -1, 0) };
    if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strand::Value;

    fn ready(value: i64) -> &'static Strand {
        put(Strand::ended(Kind::Outside, Value::Bits, value))
    }

    #[test]
    fn pages_go_back_once_nobody_can_miss_them_and_stale_addresses_know_it() {
        let address = |strand: &'static Strand| ptr::from_ref(strand) as usize;
        // Chunks of their own for each kind.
        let of_zeros: Vec<_> = (0..3 * SLOTS).map(|_| address(ready(0))).collect();
        let taken: Vec<_> = (0..3 * SLOTS).map(|_| ready(7)).collect();
        taken.iter().for_each(|strand| strand.seen());
        let unasked: Vec<_> = (0..3 * SLOTS).map(|_| ready(8)).collect();
        let kept: Vec<_> = (0..3 * SLOTS).map(|_| ready(9)).collect();
        kept.iter().for_each(|strand| {
            strand.seen();
            strand.seen();
        });
        let waits: Vec<_> = (0..3 * SLOTS).map(|_| claim(Kind::Coroutine)).collect();
        // More than the window, several times, so that all the above is looked at.
        for _ in 0..3 * WINDOW * SLOTS {
            ready(1).seen();
        }
        // The middle of each: its neighbours are of the same kind.
        let middle = SLOTS + SLOTS / 2;
        assert!(matches!(find(of_zeros[middle]), Found::Gone { lossy: false }));
        assert!(matches!(find(address(taken[middle])), Found::Gone { lossy: true }));
        for strand in [unasked[middle], kept[middle], waits[middle]] {
            assert!(matches!(find(address(strand)), Found::Strand(one) if ptr::eq(one, strand)));
        }
        assert_eq!((unasked[middle].bits(), kept[middle].bits()), (8, 9));
        assert!(bytes() < 2 * WINDOW * CHUNK, "{} bytes are in use", bytes());
    }

    #[test]
    fn addresses_of_others_are_foreign() {
        let strand = ready(1);
        let address = ptr::from_ref(strand) as usize;
        for foreign in [0, 8, address + 1, &raw const address as usize, usize::MAX] {
            assert!(matches!(find(foreign), Found::Foreign));
        }
    }
}
