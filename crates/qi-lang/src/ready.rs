//! Values that were there at once: what a ramp that ran to its end gives, and futures made ready.
//!
//! Sixteen bytes and a note, since most futures of a program are such ones: `fib(24)` makes 150 000, none
//! of which anybody waits for.
//!
//! # Memory ordering
//! Relaxed: it is written before its address is given out, which reaches other threads through the
//! program's own synchronisation. Notes are hints to the arena, written in two steps; a number that nobody
//! has asked for has none, so that putting it writes one line of the cache only.
#![forbid(unsafe_code)]

use std::ffi::CString;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

use crate::strand::{MAGIC, Value};
use crate::{arena, text};

/// The kind of the value, as in a strand.
const VALUE: u8 = 3;
/// It was asked for, or nobody will.
const ASKED: u8 = 1 << 2;
/// It was asked for twice.
const KEPT: u8 = 1 << 3;
/// It was asked for, and has no value any more.
const EMPTY: u8 = 1 << 4;

/// Notes that are read before it is looked whether they are all over.
const READ: usize = 64;

/// What the program's pointer points at.
#[repr(C, align(16))]
pub(crate) struct Cell {
    magic: AtomicU64,
    value: AtomicI64,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct Ready {
    cell: &'static Cell,
    note: &'static AtomicU8,
}

/// A new one; its address.
#[inline]
pub(crate) fn put(kind: Value, value: i64) -> usize {
    let cell = Cell { magic: AtomicU64::new(MAGIC), value: AtomicI64::new(value) };
    arena::put_ready(cell, kind as u8)
}

/// A new one with a text; its address.
pub(crate) fn put_text(kind: Value, text: CString) -> usize {
    put(kind, text::keep(text))
}

impl Ready {
    #[inline]
    pub(crate) fn new(cell: &'static Cell, note: &'static AtomicU8) -> Self {
        Self { cell, note }
    }

    #[inline]
    fn note(self) -> u8 {
        self.note.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn is_made(self) -> bool {
        self.cell.magic.load(Ordering::Relaxed) == MAGIC
    }

    #[inline]
    pub(crate) fn kind(self) -> Value {
        Value::of(usize::from(self.note() & VALUE))
    }

    #[inline]
    pub(crate) fn bits(self) -> i64 {
        self.cell.value.load(Ordering::Relaxed)
    }

    /// The value, for the first who comes; zero for all others.
    pub(crate) fn take_bits(self) -> i64 {
        self.note.fetch_or(EMPTY, Ordering::Relaxed);
        self.cell.value.swap(0, Ordering::Relaxed)
    }

    /// Notes that its value was asked for; its kind.
    #[inline]
    pub(crate) fn seen(self) -> Value {
        let before = self.note();
        let next = if before & ASKED == 0 { asked(self.bits()) } else { KEPT };
        if before & next != next {
            self.note.store(before | next, Ordering::Relaxed);
        }
        Value::of(usize::from(before & VALUE))
    }

    /// Notes that the program has said it will not ask any more.
    pub(crate) fn release(self) {
        self.note.fetch_or(ASKED, Ordering::Relaxed);
    }

    /// The value, if it is a number that nobody has asked for yet; that it was is noted.
    #[inline]
    pub(crate) fn first_number(self) -> Option<i64> {
        if self.note() != 0 {
            return None;
        }
        let bits = self.bits();
        self.note.store(asked(bits), Ordering::Relaxed);
        Some(bits)
    }

    pub(crate) fn has_value(self) -> bool {
        self.bits() != 0
    }

    /// Whether nobody can miss it: see the arena.
    fn is_over(self) -> bool {
        let note = self.note();
        note & KEPT == 0 && (note & ASKED != 0 || !self.has_value())
    }

    /// The number of its text, if it has one.
    pub(crate) fn text(self) -> Option<i64> {
        (self.kind() != Value::Bits).then(|| self.bits())
    }
}

/// The note of a first question.
#[inline]
fn asked(bits: i64) -> u8 {
    if bits == 0 { ASKED | EMPTY } else { ASKED }
}

/// What the notes of a chunk's values say together.
pub(crate) struct Notes {
    /// Whether a value is lost with them.
    pub(crate) lose: bool,
    /// Whether there may be texts among them.
    pub(crate) hold_texts: bool,
}

impl Notes {
    /// `None` if somebody can miss one of the values: see the arena. `value` gives the value of a note.
    pub(crate) fn read(notes: &[AtomicU8], value: impl Fn(usize) -> Ready) -> Option<Self> {
        let mut read = Self { lose: false, hold_texts: false };
        for (group, some) in notes.chunks(READ).enumerate() {
            let (mut any, mut all) = (0, u8::MAX);
            for note in some {
                let note = note.load(Ordering::Relaxed);
                any |= note;
                all &= note;
            }
            let values = || (group * READ..group * READ + some.len()).map(&value);
            if any & KEPT != 0 || (all & ASKED == 0 && !values().all(Ready::is_over)) {
                return None;
            }
            read.hold_texts |= any & VALUE != 0;
            read.lose |= any & ASKED != 0
                && all & EMPTY == 0
                && (any & EMPTY == 0 || values().any(Ready::has_value));
        }
        Some(read)
    }
}
