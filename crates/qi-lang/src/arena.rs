//! The memory of strands: addresses that stay theirs, pages that go back to the system.
//!
//! Nothing tells this library when a program forgets a future, so a strand is never freed by address.
//! Instead the chunk that it lies in is *retired* when nobody can miss what is in it: all of its strands
//! have ended, and their values were given out, or are zero. The pages go back; the addresses stay
//! reserved, and are given to new strands only when the whole reservation has been used up once. Where the
//! system can do that, the pages go to the next chunk at once instead, without being cleared by it.
//!
//! Values that are there at once need no strand: they lie four to a line of the cache, in chunks of their
//! own, whose first page has a byte of notes for each (see `ready`).
//!
//! # States of a chunk
//! *Live* (of strands, or of values) → *gone* (all values were zero: reading zero is the truth) or
//! *lossy* (a value was given out long ago and is no more: asking again is an error). The last chunks of
//! either kind always stay live, and a chunk in which one future was awaited twice stays for ever.
//! (Invariant I90.)
//!
//! # Memory ordering
//! Relaxed almost everywhere: a strand's address reaches other threads through the program's own
//! synchronisation, and its fields order themselves. A chunk's state is Release/Acquire: who reads *gone*
//! takes no field of it.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use self::books::{Books, Left};
use crate::ready::{Cell as ReadyCell, Notes, Ready};
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
/// Chunks of strands that stay live however finished they are: 16 MiB, the last 260 000 coroutines.
const WINDOW: usize = 256;
/// Bytes of a value that was there at once.
const READY_SLOT: usize = 16;
/// A chunk of values begins with a page of notes, a byte for each slot; so those of the page are unused.
const READY_FIRST: usize = CHUNK / READY_SLOT / READY_SLOT;
/// Slots of such a chunk, with the unused ones.
const READY_SLOTS: usize = CHUNK / READY_SLOT;
/// Chunks of values that stay live: 4.5 MiB, the last 270 000.
const READY_WINDOW: usize = 72;
/// Old chunks that are looked at for each new one; more than one, so that the list becomes shorter.
const SWEPT: usize = 2;

const LIVE: u8 = 0;
const GONE: u8 = 1;
const LOSSY: u8 = 2;
/// Live, and of values.
const READY: u8 = 3;

/// No address of a future, nor null.
const NOBODY: *mut ReadyCell = ptr::without_provenance_mut(1);

const _: () = assert!(size_of::<Strand>() == SLOT, "a strand fills its slot");
const _: () = assert!(size_of::<ReadyCell>() == READY_SLOT, "a value fills its slot");

struct Arena {
    /// Where the first chunk begins: chunks are aligned to their size, so an address says where its own begins.
    base: NonNull<u8>,
    chunks: usize,
    /// All of them.
    bytes: usize,
    /// A byte for each chunk.
    states: NonNull<AtomicU8>,
    books: Mutex<Books>,
}

// SAFETY: the base is an address; what lies there are strands, which are made of atomics.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

static ARENA: OnceLock<Arena> = OnceLock::new();

thread_local! {
    /// The next slot of the calling thread's chunk; where another chunk begins, or null, if it has none.
    static NEXT: Cell<*mut Strand> = const { Cell::new(ptr::null_mut()) };
    /// The same of values.
    static NEXT_READY: Cell<*mut ReadyCell> = const { Cell::new(ptr::null_mut()) };
    /// The value that the calling thread has put last, or `NOBODY`.
    static LAST: Cell<*mut ReadyCell> = const { Cell::new(NOBODY) };
}

/// What an address of the program is.
pub(crate) enum Found {
    /// A strand.
    Strand(&'static Strand),
    /// A value that was there at once.
    Ready(Ready),
    /// A future that ended long ago; whether a value was lost with it.
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
    let mut at = NEXT.get();
    if is_begin_of_chunk(at) {
        at = begin_chunk(LIVE, at.cast()).cast().as_ptr();
    }
    NEXT.set(at.wrapping_add(1));
    // SAFETY: the slot lies in a chunk that only this thread hands out, and was not handed out before:
    // mapped, aligned, and nobody else's.
    unsafe { at.write(strand) };
    // SAFETY: just written. It is never unmapped, and becomes nothing but a strand: retiring makes its
    // bytes zero, which are valid atomics.
    unsafe { &*at }
}

/// Gives a value that is there an address.
#[inline]
pub(crate) fn put_ready(cell: ReadyCell, note: u8) -> usize {
    let mut at = NEXT_READY.get();
    if is_begin_of_chunk(at) {
        // SAFETY: within the chunk.
        let first = unsafe { begin_chunk(READY, at.cast()).add(READY_FIRST * READY_SLOT) };
        at = first.cast().as_ptr();
    }
    NEXT_READY.set(at.wrapping_add(1));
    // SAFETY: as in `put`.
    unsafe { at.write(cell) };
    if note != 0 {
        // SAFETY: a slot of a chunk of values.
        let own = unsafe { note_of(at) };
        // Relaxed: the address reaches others through the program's own synchronisation.
        own.store(note, Ordering::Relaxed);
    }
    LAST.set(at);
    at as usize
}

/// Whether that is the address of the value that the calling thread has put last.
#[inline]
pub(crate) fn is_last(address: usize) -> bool {
    LAST.get() as usize == address
}

/// The value that the calling thread has put last, if that is its address: most are asked for at once.
///
/// # Safety
/// Null, or a future.
#[inline]
pub(crate) unsafe fn last(address: usize) -> Option<Ready> {
    let at = LAST.get();
    if at as usize != address {
        return None;
    }
    // SAFETY: a future, so not `NOBODY`: within the chunk whose slots this thread hands out, which is not
    // retired before it hands out those of another one; and made of atomics.
    let cell: &'static ReadyCell = unsafe { &*at };
    // SAFETY: as above.
    Some(Ready::new(cell, unsafe { note_of(at) }))
}

/// Has `is_last` and `last` know nothing until the next value is put.
#[inline]
pub(crate) fn forget_last() {
    LAST.set(NOBODY);
}

#[inline]
fn is_begin_of_chunk<T>(at: *mut T) -> bool {
    at as usize % CHUNK == 0
}

/// The note of a slot of values.
///
/// # Safety
/// The slot is one of a chunk of values.
#[inline]
unsafe fn note_of(slot: *mut ReadyCell) -> &'static AtomicU8 {
    let at = slot as usize % CHUNK;
    // SAFETY: the chunk's page of notes, a byte for each slot; any byte is a valid atomic.
    unsafe { &*slot.cast::<u8>().sub(at).add(at / READY_SLOT).cast() }
}

/// A chunk of that kind for the calling thread. The one before, which ends there, is full.
#[cold]
#[inline(never)]
fn begin_chunk(kind: u8, end: *mut u8) -> NonNull<u8> {
    let arena = arena();
    let full = (end as usize).checked_sub(arena.base.as_ptr() as usize);
    arena.chunk_at(arena.chunk(kind, full.map(|end| end / CHUNK - 1)))
}

/// The strand of an address that was one's, however long ago.
#[inline]
pub(crate) fn at(strand: *const Strand) -> &'static Strand {
    let arena = arena();
    let offset = (strand as usize).wrapping_sub(arena.base.as_ptr() as usize);
    assert!(offset < arena.bytes && offset % SLOT == 0, "no strand was there");
    // SAFETY: within the reservation, readable, and bytes that were never written are zero.
    unsafe { arena.slot(offset / SLOT).as_ref() }
}

/// What lies at an address.
#[inline]
pub(crate) fn find(address: usize) -> Found {
    let Some(arena) = ARENA.get() else { return Found::Foreign };
    // Below the base it is more than all there is.
    let offset = address.wrapping_sub(arena.base.as_ptr() as usize);
    if offset >= arena.bytes || offset % READY_SLOT != 0 {
        return Found::Foreign;
    }
    // Acquire pairs with the Release of `retire`.
    match arena.state(offset / CHUNK).load(Ordering::Acquire) {
        READY => return arena.find_ready(offset / CHUNK, offset % CHUNK / READY_SLOT),
        _ if offset % SLOT != 0 => return Found::Foreign,
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
    let live = |books: &Books| books.live.len() + books.ready.len() + books.filling;
    ARENA.get().map_or(0, |arena| live(&arena.books()) * CHUNK)
}

#[inline]
fn arena() -> &'static Arena {
    ARENA.get_or_init(Arena::reserve)
}

impl Arena {
    fn reserve() -> Self {
        let mut bytes = RESERVED;
        let base = loop {
            if let Some(base) = map(bytes + CHUNK) {
                let past = base.as_ptr() as usize % CHUNK;
                // SAFETY: within the mapping, which has a chunk too many.
                break unsafe { base.add((CHUNK - past) % CHUNK) };
            }
            bytes /= 2;
            assert!(bytes > CHUNK, "the system gives no address space for futures");
        };
        let chunks = bytes / CHUNK;
        // Zero, which is `LIVE`.
        let states = map(chunks).expect("the system gives memory for the books of futures").cast();
        Self { base, chunks, bytes, states, books: Mutex::default() }
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

    #[inline]
    fn chunk_at(&self, chunk: usize) -> NonNull<u8> {
        debug_assert!(chunk < self.chunks);
        // SAFETY: within the reservation.
        unsafe { self.base.add(chunk * CHUNK) }
    }

    #[inline]
    fn find_ready(&self, chunk: usize, slot: usize) -> Found {
        let ready = self.ready(chunk, slot);
        if ready.is_made() { Found::Ready(ready) } else { Found::Foreign }
    }

    /// A slot of a chunk of values.
    #[inline]
    fn ready(&self, chunk: usize, slot: usize) -> Ready {
        debug_assert!(slot < READY_SLOTS);
        let base = self.chunk_at(chunk);
        // SAFETY: within the chunk, and made of atomics, of which zero is a valid one.
        let cell: &'static ReadyCell = unsafe { base.add(slot * READY_SLOT).cast().as_ref() };
        // SAFETY: within the chunk's page of notes.
        let note: &'static AtomicU8 = unsafe { base.add(slot).cast().as_ref() };
        Ready::new(cell, note)
    }

    /// A chunk of this kind for the calling thread, which has filled that one.
    fn chunk(&self, kind: u8, full: Option<usize>) -> usize {
        let mut books = self.books();
        if kind == READY {
            books.ready.extend(full);
            books.filling += usize::from(full.is_none());
        }
        let spare = self.sweep(&mut books, kind);
        let chunk = if books.fresh < self.chunks {
            books.fresh += 1;
            books.fresh - 1
        } else {
            let again = books.retired.pop_front();
            again.expect("fewer than 250 million futures are alive at once")
        };
        let has_pages = spare.is_some_and(|spare| self.move_pages(&mut books, spare, chunk, kind));
        // Relaxed: what is put there reaches others through the program's own synchronisation.
        self.state(chunk).store(kind, Ordering::Relaxed);
        if kind == LIVE {
            books.live.push_back(chunk);
        }
        drop(books);
        if !has_pages {
            populate::ask(self.chunk_at(chunk), CHUNK);
        }
        chunk
    }

    /// Looks at the oldest chunks of a kind. One that is retired may be given out with its pages.
    fn sweep(&self, books: &mut Books, kind: u8) -> Option<usize> {
        let window = if kind == READY { READY_WINDOW } else { WINDOW };
        let mut spare = None;
        for _ in 0..SWEPT.min(books.live_of(kind).len().saturating_sub(window)) {
            let Some(oldest) = books.live_of(kind).pop_front() else { break };
            let retired =
                if kind == READY { self.retire_ready(oldest) } else { self.retire(oldest) };
            if retired {
                books.retired.push_back(oldest);
                spare.replace(oldest).into_iter().for_each(|before| self.give_back(before));
            } else {
                books.live_of(kind).push_back(oldest);
            }
        }
        spare
    }

    /// Gives a new chunk the pages of a retired one of its kind, which has none then; `false` if the new
    /// one must get them from the system.
    fn move_pages(&self, books: &mut Books, from: usize, to: usize, kind: u8) -> bool {
        let (begin, end) = (self.chunk_at(from), self.chunk_at(to));
        // SAFETY: chunks of one mapping. The one is retired, so nobody takes what he finds there for more
        // than a hint; the other one was never used, or was retired long ago, and nobody has it yet.
        if !books.may_move(from, to) || !unsafe { populate::take_over(begin, end, CHUNK) } {
            self.give_back(from);
            return false;
        }
        // What says that a slot is one: see `find` and `find_ready`.
        let cleared = if kind == READY { READY_FIRST * READY_SLOT } else { CHUNK };
        // SAFETY: within the chunk, which nobody else has yet.
        unsafe { end.write_bytes(0, cleared) };
        true
    }

    /// Retires a chunk of strands if nobody can miss it.
    fn retire(&self, chunk: usize) -> bool {
        let strands = chunk * SLOTS..(chunk + 1) * SLOTS;
        // SAFETY: as in `find`; a slot that its thread has not handed out yet reads as not made.
        let strand = |slot| -> &'static Strand { unsafe { self.slot(slot).as_ref() } };
        let mut left = Left::default();
        for strand in strands.map(strand) {
            if !strand.is_over() {
                return false;
            }
            left.note(strand.has_value(), || strand.text());
        }
        self.bury(chunk, left);
        true
    }

    /// The same of a chunk of values: the notes say all.
    fn retire_ready(&self, chunk: usize) -> bool {
        // SAFETY: within the chunk.
        let begin = unsafe { self.chunk_at(chunk).add(READY_FIRST) };
        // SAFETY: the notes of all its slots; any byte is a valid atomic.
        let notes: &'static [AtomicU8] =
            unsafe { slice::from_raw_parts(begin.as_ptr().cast(), READY_SLOTS - READY_FIRST) };
        let ready = |note| self.ready(chunk, READY_FIRST + note);
        let Some(all) = Notes::read(notes, ready) else { return false };
        let mut left = Left { lossy: all.lose, texts: Vec::new() };
        if all.hold_texts {
            for ready in (0..notes.len()).map(ready) {
                left.note(ready.has_value(), || ready.text());
            }
        }
        self.bury(chunk, left);
        true
    }

    fn bury(&self, chunk: usize, left: Left) {
        // Release pairs with the Acquire of `find`.
        self.state(chunk).store(if left.lossy { LOSSY } else { GONE }, Ordering::Release);
        left.texts.into_iter().for_each(text::forget);
    }

    /// Gives the pages of a retired chunk back.
    fn give_back(&self, chunk: usize) {
        // SAFETY: the chunk lies in this mapping. Its bytes become zero.
        unsafe { libc::madvise(self.chunk_at(chunk).as_ptr().cast(), CHUNK, libc::MADV_DONTNEED) };
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

mod books;
#[cfg(test)]
mod tests;
