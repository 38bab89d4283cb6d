//! Values that were there at once: what a ramp that ran to its end gives, and futures made ready.
//!
//! Sixteen bytes and a note, since most futures of a program are such ones: `fib(24)` makes 150 000, none
//! of which anybody waits for.
//!
//! # Memory ordering
//! Relaxed: it is written before its address is given out, which reaches other threads through the
//! program's own synchronisation. Notes are hints to the arena, written in two steps.
#![forbid(unsafe_code)]

use std::ffi::CString;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

use crate::strand::{MAGIC, Value};
use crate::{arena, text};

/// The kind of the value, as in a strand.
const VALUE: u8 = 3;
const MADE: u8 = 1 << 2;
const SEEN: u8 = 1 << 3;
const KEPT: u8 = 1 << 4;
const RELEASED: u8 = 1 << 5;
const HAS_VALUE: u8 = 1 << 6;

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
    let has_value = if value == 0 { 0 } else { HAS_VALUE };
    arena::put_ready(cell, kind as u8 | MADE | has_value)
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
        self.note() & MADE != 0
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
        self.note.fetch_and(!HAS_VALUE, Ordering::Relaxed);
        self.cell.value.swap(0, Ordering::Relaxed)
    }

    /// Notes that its value was asked for; its kind.
    #[inline]
    pub(crate) fn seen(self) -> Value {
        let before = self.note();
        let next = if before & SEEN == 0 { SEEN } else { KEPT };
        if before & next == 0 {
            self.note.store(before | next, Ordering::Relaxed);
        }
        Value::of(usize::from(before & VALUE))
    }

    /// Notes that the program has said it will not ask any more.
    pub(crate) fn release(self) {
        self.note.fetch_or(RELEASED, Ordering::Relaxed);
    }

    pub(crate) fn has_value(self) -> bool {
        self.note() & HAS_VALUE != 0
    }

    /// Whether nobody can miss it: see the arena.
    pub(crate) fn is_over(self) -> bool {
        let note = self.note();
        let over = note & (SEEN | RELEASED) != 0 || note & HAS_VALUE == 0;
        note & MADE != 0 && note & KEPT == 0 && over
    }

    /// The number of its text, if it has one.
    pub(crate) fn text(self) -> Option<i64> {
        (self.kind() != Value::Bits).then(|| self.bits())
    }
}
