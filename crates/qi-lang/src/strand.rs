//! A strand: whoever can wait, and what became of it.
//!
//! # States
//! | bit | set | never together with |
//! |---|---|---|
//! | `MANY` | by a second waiter, before it looks whether it is done again | |
//! | `CANCEL` | by `qi_coro_cancel`; the driver sees it before each turn | |
//! | `PARKED` | by the strand, under the lock of what it waits for; taken by whoever wakes it | done |
//! | `RESTS` | with `PARKED`, if only another strand can wake it | |
//! | `HELD` | while a thread or a stack waits in it: its wakes go to a waker and not to a queue | |
//! | `SENT` | by the receiver that took its value, under the channel's lock | |
//! | `SEEN` | at the first await; `KEPT` at the second | |
//! | `ENDED_QUIETLY` | by `quiet`: nothing can end this wait | |
//!
//! Besides: what it is (`Kind`), what its value is (`Value`), why it parked last (`Reason`), its lane.
//! It is done once `waiter` is its own address.
//!
//! # Protocol
//! A waiter of a strand's end puts itself into `waiter`, or, when another one is there, into `CROWD`.
//! `complete` closes both. Who takes `PARKED` away from a coroutine owns it until it is queued; it is in
//! a queue once at most. All others are woken through `own`, at any time, by anybody.
//!
//! # Memory ordering
//! `waiter` carries the value: it is closed with AcqRel. `state` is AcqRel: `PARKED` carries the frame
//! from the thread that suspended it to the one that resumes it, `SENT` the channel's hand-over. `MANY`
//! and the closing are SeqCst: of a second waiter that comes and an end one sees the other.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::task::AtomicWaker;
use qi_runtime::TaskPriority;

use crate::arena;

mod rest;

/// What the compiler's own code looks for in a future.
pub(crate) const MAGIC: u64 = 0xC0DE_F00D_C0A0_5151;

const MANY: u32 = 1 << 1;
const CANCEL: u32 = 1 << 2;
const PARKED: u32 = 1 << 3;
const SENT: u32 = 1 << 4;
const SEEN: u32 = 1 << 5;
const KEPT: u32 = 1 << 6;
const RELEASED: u32 = 1 << 7;
const ENDED_QUIETLY: u32 = 1 << 8;
const RESTS: u32 = 1 << 9;
const HELD: u32 = 1 << 10;
const VALUE_AT: u32 = 12;
const KIND_AT: u32 = 16;
const REASON_AT: u32 = 20;
const LANE_AT: u32 = 24;
const FIELD: u32 = 0xF;
/// Of the owner's notes.
const NOTED: u32 = 0xFF;
const PAUSE_AT: u32 = 8;

/// What a strand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    /// A stackless coroutine.
    Coroutine,
    /// A closure on a stack of its own.
    Goroutine,
    /// A thread that called in.
    Thread,
    /// Something of the outside world.
    Outside,
}

/// What its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Value {
    /// The bits of a number, or of a pointer that the first await takes.
    Bits,
    /// A number of the table of texts: a string, given out anew at each await.
    Text,
    /// A number of the table of texts: what an exception said.
    Failure,
}

/// What it waits for. The order is that of `report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Reason {
    Nothing,
    Receive,
    Send,
    Future,
    Join,
    Group,
    Lock,
    Select,
    All,
    /// Time, which ends by itself: no rest.
    Time,
}

const REASONS: [Reason; 10] = [
    Reason::Nothing,
    Reason::Receive,
    Reason::Send,
    Reason::Future,
    Reason::Join,
    Reason::Group,
    Reason::Lock,
    Reason::Select,
    Reason::All,
    Reason::Time,
];
const KINDS: [Kind; 4] = [Kind::Coroutine, Kind::Goroutine, Kind::Thread, Kind::Outside];
const VALUES: [Value; 3] = [Value::Bits, Value::Text, Value::Failure];
const LANES: [TaskPriority; 4] =
    [TaskPriority::Low, TaskPriority::Normal, TaskPriority::High, TaskPriority::Critical];

impl Value {
    /// That of a field of bits.
    #[inline]
    pub(crate) fn of(field: usize) -> Self {
        VALUES[field % VALUES.len()]
    }
}

/// See the file.
#[repr(C, align(64))]
pub(crate) struct Strand {
    magic: AtomicU64,
    state: AtomicU32,
    /// The owner's notes: what it parked for, until it is resumed (a byte); above that milliseconds
    /// between two looks at a future of the language's library.
    note: AtomicU32,
    /// The frame of a coroutine until it is done; its value then.
    value: AtomicI64,
    waiter: AtomicPtr<Strand>,
    /// The address of what it waits for.
    on: AtomicUsize,
    own: AtomicWaker,
}

/// Waiters beyond the first one, by the address of what they wait for.
static CROWD: Mutex<Option<HashMap<usize, Vec<&'static Strand>>>> = Mutex::new(None);

impl Strand {
    #[inline]
    pub(crate) const fn new(kind: Kind) -> Self {
        let held = if let Kind::Coroutine = kind { 0 } else { HELD };
        Self::with(((kind as u32) << KIND_AT) | held, 0)
    }

    #[inline]
    const fn with(state: u32, value: i64) -> Self {
        Self {
            magic: AtomicU64::new(MAGIC),
            state: AtomicU32::new(state),
            note: AtomicU32::new(0),
            value: AtomicI64::new(value),
            waiter: AtomicPtr::new(ptr::null_mut()),
            on: AtomicUsize::new(0),
            own: AtomicWaker::new(),
        }
    }

    /// A coroutine of this lane whose frame lies there.
    #[inline]
    pub(crate) fn coroutine(frame: i64, lane: TaskPriority) -> Self {
        let lane = LANES.iter().position(|one| *one == lane).unwrap_or(1) as u32;
        Self::with(((Kind::Coroutine as u32) << KIND_AT) | (lane << LANE_AT), frame)
    }

    /// What the program knows it by.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self) as usize
    }

    #[inline]
    fn has(&self, bits: u32) -> bool {
        self.state.load(Ordering::Acquire) & bits != 0
    }

    #[inline]
    fn field(&self, at: u32) -> usize {
        ((self.state.load(Ordering::Acquire) >> at) & FIELD) as usize
    }

    /// Whether this slot is a strand yet.
    #[inline]
    pub(crate) fn is_made(&self) -> bool {
        // Relaxed: see the arena.
        self.magic.load(Ordering::Relaxed) == MAGIC
    }

    pub(crate) fn kind(&self) -> Kind {
        KINDS[self.field(KIND_AT) % KINDS.len()]
    }

    #[inline]
    pub(crate) fn value_kind(&self) -> Value {
        Value::of(self.field(VALUE_AT))
    }

    /// The number of its lane; 0 is the lowest.
    #[inline]
    pub(crate) fn lane(&self) -> usize {
        self.field(LANE_AT) % LANES.len()
    }

    /// What it has parked for and was not resumed from yet. For its owner.
    #[inline]
    pub(crate) fn parked_for(&self) -> Reason {
        // Relaxed: only the owner reads and writes it.
        REASONS[(self.note.load(Ordering::Relaxed) & NOTED) as usize % REASONS.len()]
    }

    /// Notes that it is resumed.
    #[inline]
    pub(crate) fn resumed(&self) {
        // Relaxed: as above.
        let note = self.note.load(Ordering::Relaxed);
        if note & NOTED != 0 {
            self.note.store(note & !NOTED, Ordering::Relaxed);
        }
    }

    /// Why it parked last.
    #[inline]
    pub(crate) fn reason(&self) -> Reason {
        REASONS[self.field(REASON_AT) % REASONS.len()]
    }

    /// The address of what it waited for last.
    #[inline]
    pub(crate) fn on(&self) -> usize {
        // Relaxed: who asks owns the strand, or only reports.
        self.on.load(Ordering::Relaxed)
    }

    /// Why it rests and on what, if it does.
    pub(crate) fn rests(&self) -> Option<(Reason, usize)> {
        let reason = self.reason();
        self.has(RESTS).then(|| (reason, self.on()))
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        // SeqCst: see the file; it includes Acquire, which pairs with the closing.
        ptr::eq(self.waiter.load(Ordering::SeqCst), self)
    }

    /// Whether nobody can miss it: see the arena.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        let done = self.is_made() && state & KEPT == 0 && self.is_done();
        done && (state & (SEEN | RELEASED) != 0 || !self.has_value())
    }

    pub(crate) fn has_value(&self) -> bool {
        self.value.load(Ordering::Relaxed) != 0
    }

    /// The frame, or the value of one that is done.
    #[inline]
    pub(crate) fn bits(&self) -> i64 {
        // Relaxed: read by the owner, or after the end was seen.
        self.value.load(Ordering::Relaxed)
    }

    /// The value, for the first who comes; zero for all others.
    pub(crate) fn take_bits(&self) -> i64 {
        // Relaxed: as in `bits`; of two takers the exchange serves one.
        self.value.swap(0, Ordering::Relaxed)
    }

    /// The number of its text, if it has ended with one.
    pub(crate) fn text(&self) -> Option<i64> {
        (self.is_done() && self.value_kind() != Value::Bits).then(|| self.bits())
    }

    /// Milliseconds noted.
    pub(crate) fn pause(&self) -> u32 {
        // Relaxed: as in `parked_for`.
        self.note.load(Ordering::Relaxed) >> PAUSE_AT
    }

    pub(crate) fn set_pause(&self, milliseconds: u32) {
        // Relaxed: as above.
        self.note.store(milliseconds << PAUSE_AT, Ordering::Relaxed);
    }

    /// Notes that its value was asked for, after its end.
    #[inline]
    pub(crate) fn seen(&self) {
        // Two steps: it has ended, so whatever else is noted meanwhile is a hint to the arena, too; what
        // was noted before the end (`MANY`) is seen by a SeqCst load after that of `is_done`.
        let before = self.state.load(Ordering::SeqCst);
        let next = if before & SEEN == 0 { SEEN } else { KEPT };
        if before & next == 0 {
            self.state.store(before | next, Ordering::Relaxed);
        }
    }

    /// Notes that the program has said it will not ask any more.
    pub(crate) fn release(&self) {
        // Relaxed: as in `seen`.
        self.state.fetch_or(RELEASED, Ordering::Relaxed);
    }

    /// Ends it with a value and wakes who waits for that.
    pub(crate) fn complete(&'static self, kind: Value, value: i64) {
        if let Some(first) = self.close(kind, value) {
            first.wake();
        }
    }

    /// As [`complete`](Self::complete), but the first waiter is the caller's to wake.
    #[inline]
    #[must_use = "somebody may wait"]
    pub(crate) fn close(&'static self, kind: Value, value: i64) -> Option<&'static Strand> {
        // Relaxed, both: published by the closing.
        self.value.store(value, Ordering::Relaxed);
        if kind != Value::Bits {
            self.state.fetch_or((kind as u32) << VALUE_AT, Ordering::Relaxed);
        }
        let closed = ptr::from_ref(self).cast_mut();
        // SeqCst: see the file. Release publishes the value to all that see it closed.
        let first = self.waiter.swap(closed, Ordering::SeqCst);
        if self.state.load(Ordering::SeqCst) & MANY != 0 {
            self.wake_crowd();
        }
        if first.is_null() || first == closed { None } else { Some(arena::at(first)) }
    }

    #[cold]
    fn wake_crowd(&self) {
        let key = ptr::from_ref(self) as usize;
        let crowd = crowd(|crowd| crowd.remove(&key));
        crowd.into_iter().flatten().for_each(Strand::wake);
    }

    /// Has `waiter` woken at this one's end; `false` if that has come already and `waiter` goes on. Says
    /// that it rests: a coroutine is not the caller's any more then.
    pub(crate) fn listen(&'static self, waiter: &'static Strand, reason: Reason) -> bool {
        if self.is_done() {
            return false;
        }
        let key = ptr::from_ref(self) as usize;
        let marked = waiter.mark(reason, key);
        let me = ptr::from_ref(waiter).cast_mut();
        // AcqRel: Release for what the waiter did before, Acquire for the closing.
        let put =
            self.waiter.compare_exchange(ptr::null_mut(), me, Ordering::AcqRel, Ordering::Acquire);
        if put.is_ok() || put == Err(me) {
            waiter.lie_down(marked);
            return true;
        }
        if !put.is_err_and(|other| ptr::eq(other, self)) && self.join_crowd(waiter) {
            waiter.lie_down(marked);
            return true;
        }
        !waiter.unmark(marked)
    }

    /// Waits beside others; `false` if it has ended.
    #[cold]
    fn join_crowd(&self, waiter: &'static Strand) -> bool {
        crowd(|crowd| {
            let list = crowd.entry(ptr::from_ref(self) as usize).or_default();
            if !list.iter().any(|one| ptr::eq(*one, waiter)) {
                list.push(waiter);
            }
        });
        // SeqCst: see the file.
        self.state.fetch_or(MANY, Ordering::SeqCst);
        if !self.is_done() {
            return true;
        }
        self.unlisten(waiter);
        false
    }

    /// Takes a waiter out that does not wait any more.
    pub(crate) fn unlisten(&self, waiter: &'static Strand) {
        let me = ptr::from_ref(waiter).cast_mut();
        // AcqRel as in `listen`; if it fails somebody has woken the waiter, or it is in the crowd.
        let taken =
            self.waiter.compare_exchange(me, ptr::null_mut(), Ordering::AcqRel, Ordering::Acquire);
        if taken.is_err() && self.has(MANY) {
            let key = ptr::from_ref(self) as usize;
            crowd(|crowd| {
                if let Some(list) = crowd.get_mut(&key) {
                    list.retain(|one| !ptr::eq(*one, waiter));
                }
            });
        }
    }
}

fn crowd<R>(work: impl FnOnce(&mut HashMap<usize, Vec<&'static Strand>>) -> R) -> R {
    let mut crowd = CROWD.lock().unwrap_or_else(PoisonError::into_inner);
    work(crowd.get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strand_fills_a_line_and_begins_with_the_magic_number() {
        assert_eq!((size_of::<Strand>(), align_of::<Strand>()), (64, 64));
        let strand = Strand::new(Kind::Goroutine);
        assert_eq!(std::mem::offset_of!(Strand, magic), 0);
        assert_eq!((strand.is_made(), strand.kind()), (true, Kind::Goroutine));
    }

    #[test]
    fn every_reason_kind_value_and_lane_fits_its_field() {
        for (at, reason) in REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, at);
        }
        for (at, kind) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, at);
        }
        for (at, value) in VALUES.iter().enumerate() {
            assert_eq!(*value as usize, at);
        }
        assert!(REASONS.len() <= FIELD as usize + 1);
        for (at, lane) in LANES.iter().enumerate() {
            assert_eq!(Strand::coroutine(8, *lane).lane(), at);
        }
    }
}
