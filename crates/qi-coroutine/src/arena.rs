//! The process's address space for stacks: one reservation, cut into runs of slots of one size.
//!
//! It is the last of three stores. A [`StackCache`](crate::StackCache) belongs to a thread and takes
//! no lock, a [`StackPool`](crate::StackPool) keeps stacks in memory for all its caches, the arena
//! keeps addresses for all pools. Slots in the arena have no memory, but keep their guards;
//! none leaves it without one (I55).
//!
//! One reservation for the whole process, because every stack pointer is looked up in it: a bounds
//! check, an entry of the table of chunks, a multiplication. Runs are never given up, so an entry
//! that is set stays, and can be read without a lock, from a signal handler too. Nothing is read at an
//! address before it was found here (I56).
//!
//! Rejected: slots of a power of two (half the address space lost, and the guard in another page of
//! page tables than the stack below it: 4 KiB more for each); a reservation per pool or size (each
//! look-up would walk a list).
#![forbid(unsafe_code)]

use crate::config::Guards;
use crate::error::StackError;
use crate::memory::{self, Row};
use crate::slot::{Run, Shape, Slot};
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What is asked for first: room for two million stacks of 2 MiB. Halved until it fits, which it
/// must where a process may have so much address space only, or the processor has less.
const MOST: usize = 1 << if usize::BITS > 32 { 42 } else { 30 };
/// What is asked for where a reservation takes time.
const MODEST: usize = 1 << if usize::BITS > 32 { 32 } else { 28 };
/// Less than this holds too few stacks to be of use.
const LEAST: usize = 1 << 24;
/// The table has an entry for each chunk; a run begins and ends at one.
const CHUNKS: usize = 1 << 12;

/// Bytes of a guard: one page would do for code that probes the stack; code of other compilers
/// has frames of some pages that jump over it.
const GUARD: usize = 16 * 1024;

pub(crate) struct Arena {
    base: usize,
    bytes: usize,
    chunk_shift: u32,
    page_guards: bool,
    guard_limit: usize,
    books: Mutex<Books>,
}

struct Books {
    next_chunk: usize,
    classes: Vec<Class>,
    /// Slots whose guard is a mapping.
    mapping_guards: usize,
}

/// All slots of one shape.
struct Class {
    shape: Shape,
    free: Vec<Slot>,
    run: &'static Run,
    /// The next slot of `run` that was never used.
    fresh: usize,
}

static ARENA: OnceLock<Arena> = OnceLock::new();
/// For each chunk the run that it belongs to, itself and not its address: one step less on the way
/// from a stack pointer to a head. Written once, under the lock.
static TABLE: [OnceLock<Run>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static MAKING: Mutex<()> = Mutex::new(());

impl Arena {
    /// The process's arena.
    pub(crate) fn get() -> Result<&'static Self, StackError> {
        if let Some(arena) = ARENA.get() {
            return Ok(arena);
        }
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        if ARENA.get().is_none() {
            let arena = Self::new()?;
            return Ok(ARENA.get_or_init(|| arena));
        }
        Self::get_made()
    }

    fn get_made() -> Result<&'static Self, StackError> {
        let never = || StackError::Reserve { bytes: LEAST, source: io::ErrorKind::Other.into() };
        ARENA.get().ok_or_else(never)
    }

    fn new() -> Result<Self, StackError> {
        let mut bytes = if memory::reserves_for_free() { MOST } else { MODEST };
        let base = loop {
            match memory::reserve(bytes) {
                Ok(base) => break base,
                Err(source) if bytes <= LEAST => return Err(StackError::Reserve { bytes, source }),
                Err(_) => bytes /= 2,
            }
        };
        // The first chunk is for trying out guards, and never used.
        let page_guards = memory::has_page_guards(base);
        Ok(Self {
            base,
            bytes,
            chunk_shift: (bytes / CHUNKS).max(memory::page_size()).trailing_zeros(),
            page_guards,
            guard_limit: memory::guard_limit(),
            books: Mutex::new(Books { next_chunk: 1, classes: Vec::new(), mapping_guards: 0 }),
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // A panic leaves the books right: nothing but system calls happens under the lock.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The slots of `usable` bytes, with the guards that there are.
    pub(crate) fn shape(&self, usable: usize, guards: Guards) -> Shape {
        let page_guards = guards == Guards::Auto && self.page_guards;
        Shape { usable, guard_bytes: GUARD.max(memory::page_size()), page_guards }
    }

    /// Adds up to `count` slots, at least one, to `into`. They have guards, and no memory.
    pub(crate) fn take(
        &self,
        shape: Shape,
        count: usize,
        into: &mut Vec<Slot>,
    ) -> Result<(), StackError> {
        let mut books = self.books();
        let Books { next_chunk, classes, mapping_guards } = &mut *books;
        let class = match classes.iter().position(|class| class.shape == shape) {
            Some(index) => &mut classes[index],
            None => {
                let run = self.cut(next_chunk, shape)?;
                classes.push(Class { shape, free: Vec::new(), run, fresh: 0 });
                let last = classes.len() - 1;
                &mut classes[last]
            }
        };
        let kept = class.free.len().saturating_sub(count);
        if kept < class.free.len() {
            let again = &mut class.free;
            prepare_again(&again[kept..])?;
            into.extend(again.drain(kept..));
            return Ok(());
        }
        if class.fresh == class.run.slots {
            class.run = self.cut(next_chunk, shape)?;
            class.fresh = 0;
        }
        let mut count = count.max(1).min(class.run.slots - class.fresh);
        if !shape.page_guards {
            count = count.min(self.guard_limit - *mapping_guards);
            if count == 0 {
                return Err(StackError::GuardBudget { stacks: *mapping_guards });
            }
        }
        let first = class.run.slot(class.fresh).base;
        let mut row = row(first, shape, count);
        if class.fresh + count == class.run.slots {
            row.rest_bytes = class.run.rest_bytes();
        }
        memory::prepare(row).map_err(StackError::Prepare)?;
        into.extend((class.fresh..class.fresh + count).map(|index| class.run.slot(index)));
        class.fresh += count;
        if !shape.page_guards {
            *mapping_guards += count;
        }
        Ok(())
    }

    /// Takes slots back, with or without memory in them.
    pub(crate) fn give(&self, mut slots: Vec<Slot>) {
        let Some(shape) = slots.first().map(|slot| slot.run.shape) else { return };
        release(&mut slots);
        slots.iter_mut().for_each(Slot::renew);
        let mut books = self.books();
        if let Some(class) = books.classes.iter_mut().find(|class| class.shape == shape) {
            class.free.append(&mut slots);
        }
    }

    /// Cuts another run out of the chunks that nobody has.
    fn cut(&self, next_chunk: &mut usize, shape: Shape) -> Result<&'static Run, StackError> {
        let chunk = 1_usize << self.chunk_shift;
        let chunks = shape.slot_bytes().div_ceil(chunk);
        let end = *next_chunk + chunks;
        if end > self.bytes >> self.chunk_shift {
            let bytes = shape.usable;
            return Err(StackError::Exhausted { bytes, reserved: self.bytes });
        }
        let first = self.base + *next_chunk * chunk;
        let run = Run::new(first, chunks * chunk, shape, memory::page_size());
        for entry in &TABLE[*next_chunk + 1..end] {
            entry.get_or_init(|| run);
        }
        let entry = &TABLE[*next_chunk];
        *next_chunk = end;
        Ok(entry.get_or_init(|| run))
    }

    /// The run that `address` lies in.
    #[inline]
    fn run_at(&self, address: usize) -> Option<&'static Run> {
        let offset = address.wrapping_sub(self.base);
        if offset >= self.bytes {
            return None;
        }
        TABLE.get(offset >> self.chunk_shift)?.get()
    }
}

fn row(first: usize, shape: Shape, slots: usize) -> Row {
    Row {
        first,
        slot_bytes: shape.slot_bytes(),
        slots,
        guard_bytes: shape.guard_bytes,
        page_guards: shape.page_guards,
        rest_bytes: 0,
    }
}

fn prepare_again(slots: &[Slot]) -> Result<(), StackError> {
    if !memory::NEEDS_PREPARING_AGAIN {
        return Ok(());
    }
    for slot in slots {
        memory::prepare(row(slot.base, slot.run.shape, 1)).map_err(StackError::Prepare)?;
    }
    Ok(())
}

/// Gives the memory of slots back, neighbours in one call: guards stay where they are.
pub(crate) fn release(slots: &mut [Slot]) {
    slots.sort_unstable_by_key(|slot| slot.base);
    let mut rest = &*slots;
    while let Some(first) = rest.first() {
        let bytes = first.run.slot_bytes;
        let is_next = |(index, slot): &(usize, &Slot)| slot.base == first.base + index * bytes;
        let together = rest.iter().enumerate().take_while(is_next).count();
        memory::release(first.base, bytes * together);
        rest = &rest[together..];
    }
}

/// The slot that holds `address`, if any does. Takes no lock; a signal handler may call it.
pub(crate) fn slot_at(address: usize) -> Option<Slot> {
    ARENA.get()?.run_at(address)?.slot_at(address)
}

/// The upper end of the stack that the stack pointer `pointer` points into, if it is one of ours.
/// Nobody has a stack in the rest of a run, so that is not looked for.
#[inline]
pub(crate) fn top_at(pointer: usize) -> Option<usize> {
    Some(ARENA.get()?.run_at(pointer)?.top_at(pointer))
}
