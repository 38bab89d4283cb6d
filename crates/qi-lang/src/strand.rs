//! A strand: whoever can wait, and what became of it.
//!
//! # States
//! | bit | set | never together with |
//! |---|---|---|
//! | `DONE` | once, by `complete`, after the value | `IDLE` |
//! | `MANY` | by a second waiter, before it looks at `DONE` again | |
//! | `CANCEL` | by `qi_coro_cancel`; the task sees it in its next poll | |
//! | `IDLE` | by the strand, under the lock of what it waits for; taken by whoever wakes it | `DONE` |
//! | `SENT` | by the receiver that took its value, under the channel's lock | |
//! | `SEEN` | at the first await; `KEPT` at the second | |
//! | `ENDED_QUIETLY` | by `quiet`: nothing can end this wait | |
//!
//! Besides: what it is (`Kind`), what its value is (`Value`), what it waits for (`Reason`).
//!
//! # Protocol
//! A waiter of a strand's end puts itself into `waiter`, or, when another one is there, into `CROWD`.
//! `complete` closes both. All of it are read-modify-writes of `state` or `waiter`, so of a waiter that
//! comes and an end one sees the other. Wakes go through `own`: it holds the task's waker, may be called
//! by anybody at any time, and does nothing once the task is gone.
//!
//! # Memory ordering
//! `state` is AcqRel: `DONE` carries the value, `SENT` the channel's hand-over.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::task::AtomicWaker;

use crate::quiet;

/// What the compiler's own code looks for in a future.
const MAGIC: u64 = 0xC0DE_F00D_C0A0_5151;

const DONE: u32 = 1;
const MANY: u32 = 1 << 1;
const CANCEL: u32 = 1 << 2;
const IDLE: u32 = 1 << 3;
const SENT: u32 = 1 << 4;
const SEEN: u32 = 1 << 5;
const KEPT: u32 = 1 << 6;
const RELEASED: u32 = 1 << 7;
const ENDED_QUIETLY: u32 = 1 << 8;
const VALUE_AT: u32 = 12;
const KIND_AT: u32 = 16;
const REASON_AT: u32 = 20;
const FIELD: u32 = 0xF;
/// All that says that it rests.
const RESTING: u32 = IDLE | (FIELD << REASON_AT);

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
    /// Something of the outside world, or a value that was ready at once.
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
}

const REASONS: [Reason; 9] = [
    Reason::Nothing,
    Reason::Receive,
    Reason::Send,
    Reason::Future,
    Reason::Join,
    Reason::Group,
    Reason::Lock,
    Reason::Select,
    Reason::All,
];
const KINDS: [Kind; 4] = [Kind::Coroutine, Kind::Goroutine, Kind::Thread, Kind::Outside];
const VALUES: [Value; 3] = [Value::Bits, Value::Text, Value::Failure];

/// See the file.
#[repr(C, align(64))]
pub(crate) struct Strand {
    magic: AtomicU64,
    state: AtomicU32,
    /// Of use to nobody but the layout.
    _spare: AtomicU32,
    value: AtomicI64,
    waiter: AtomicPtr<Strand>,
    /// The address of what it waits for, for reports.
    on: AtomicUsize,
    own: AtomicWaker,
}

/// Waiters beyond the first one, by the address of what they wait for.
static CROWD: Mutex<Option<HashMap<usize, Vec<&'static Strand>>>> = Mutex::new(None);

impl Strand {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            magic: AtomicU64::new(MAGIC),
            state: AtomicU32::new((kind as u32) << KIND_AT),
            _spare: AtomicU32::new(0),
            value: AtomicI64::new(0),
            waiter: AtomicPtr::new(ptr::null_mut()),
            on: AtomicUsize::new(0),
            own: AtomicWaker::new(),
        }
    }

    /// One that has ended before anybody knew of it.
    #[inline]
    pub(crate) fn ended(kind: Kind, value: Value, bits: i64) -> Self {
        let strand = Self::new(kind);
        let state = DONE | ((value as u32) << VALUE_AT) | ((kind as u32) << KIND_AT);
        Self { state: AtomicU32::new(state), value: AtomicI64::new(bits), ..strand }
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
        VALUES[self.field(VALUE_AT) % VALUES.len()]
    }

    /// Why it is idle and on what, if it is.
    pub(crate) fn idle(&self) -> Option<(Reason, usize)> {
        let reason = REASONS[self.field(REASON_AT) % REASONS.len()];
        self.has(IDLE).then(|| (reason, self.on.load(Ordering::Relaxed)))
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.has(DONE)
    }

    /// Whether nobody can miss it: see the arena.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        let done = self.is_made() && state & DONE != 0 && state & KEPT == 0;
        done && (state & (SEEN | RELEASED) != 0 || !self.has_value())
    }

    pub(crate) fn has_value(&self) -> bool {
        self.value.load(Ordering::Relaxed) != 0
    }

    #[inline]
    pub(crate) fn bits(&self) -> i64 {
        // Relaxed: read after `DONE` was seen.
        self.value.load(Ordering::Relaxed)
    }

    /// The value, for the first who comes; zero for all others.
    pub(crate) fn take_bits(&self) -> i64 {
        // Relaxed: as in `bits`; of two takers the exchange serves one.
        self.value.swap(0, Ordering::Relaxed)
    }

    /// Notes that its value was asked for, after its end.
    #[inline]
    pub(crate) fn seen(&self) {
        // Relaxed, and two steps: it has ended, so whatever else is noted is a hint to the arena, too.
        let before = self.state.load(Ordering::Relaxed);
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
    pub(crate) fn complete(&self, kind: Value, value: i64) {
        // Relaxed: published by `DONE`.
        self.value.store(value, Ordering::Relaxed);
        // AcqRel: Release publishes the value to all that see `DONE`; Acquire pairs with the second
        // waiter's exchange.
        let before = self.state.fetch_or(DONE | ((kind as u32) << VALUE_AT), Ordering::AcqRel);
        self.wake_waiters(before);
    }

    fn wake_waiters(&self, before: u32) {
        let closed = ptr::from_ref(self).cast_mut();
        // AcqRel: pairs with the exchange of `listen`. Its own address stands for "over".
        let first = self.waiter.swap(closed, Ordering::AcqRel);
        if !first.is_null() && first != closed {
            if let crate::arena::Found::Strand(first) = crate::arena::find(first as usize) {
                first.wake();
            }
        }
        if before & MANY != 0 {
            let key = ptr::from_ref(self) as usize;
            let crowd = crowd(|crowd| crowd.remove(&key));
            crowd.into_iter().flatten().for_each(Strand::wake);
        }
    }

    /// Has `waiter` woken at this one's end; `false` if that has come already. Says that it rests.
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
        crowd(|crowd| {
            let list = crowd.entry(key).or_default();
            if !list.iter().any(|one| ptr::eq(*one, waiter)) {
                list.push(waiter);
            }
        });
        // AcqRel: either `complete` sees `MANY`, or this sees `DONE`.
        if self.state.fetch_or(MANY, Ordering::AcqRel) & DONE == 0 {
            waiter.lie_down(marked);
            return true;
        }
        self.unlisten(waiter);
        waiter.unmark(marked);
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

    /// Says that nothing but another strand can make it go on: under the lock under which it is listed
    /// where its wake will come from.
    pub(crate) fn rest(&self, reason: Reason, on: usize) {
        self.lie_down(self.mark(reason, on));
    }

    /// The first half of [`rest`](Self::rest), where there is no such lock: it can be woken from now on,
    /// and still counts. [`lie_down`](Self::lie_down) follows once it is listed, or
    /// [`unmark`](Self::unmark) if what it wanted had come before that: one that rested too early would
    /// not be counted while it runs.
    #[must_use = "a mark is followed by its other half"]
    pub(crate) fn mark(&self, reason: Reason, on: usize) -> bool {
        // Relaxed: only reports read it.
        self.on.store(on, Ordering::Relaxed);
        let bits = IDLE | ((reason as u32) << REASON_AT);
        // AcqRel: pairs with `stir`.
        self.state.fetch_or(bits, Ordering::AcqRel) & IDLE == 0
    }

    /// Counts it as resting; if it was woken meanwhile that has counted the other way.
    pub(crate) fn lie_down(&self, marked: bool) {
        if marked {
            quiet::down();
        }
    }

    /// Takes a mark back.
    pub(crate) fn unmark(&self, marked: bool) {
        // AcqRel: as in `mark`. Whoever has woken it has counted it.
        if marked && self.state.fetch_and(!RESTING, Ordering::AcqRel) & IDLE == 0 {
            quiet::down();
        }
    }

    /// Takes that back. It is counted before that can be seen: of two who come at once the second goes on,
    /// and may come to rest, before the first has counted.
    #[inline]
    pub(crate) fn stir(&self) {
        if !self.has(IDLE) {
            return;
        }
        quiet::up();
        // AcqRel: pairs with `mark`, and publishes the count; one of several wakers counts.
        if self.state.fetch_and(!RESTING, Ordering::AcqRel) & IDLE == 0 {
            quiet::down();
        }
    }

    /// Makes it go on.
    pub(crate) fn wake(&self) {
        self.stir();
        self.own.wake();
    }

    /// Leaves the waker that `wake` calls.
    pub(crate) fn keep(&self, waker: &std::task::Waker) {
        self.own.register(waker);
    }

    /// Drops that waker.
    pub(crate) fn drop_waker(&self) {
        drop(self.own.take());
    }

    /// Asks it to end.
    pub(crate) fn cancel(&self) {
        // AcqRel: pairs with the load in `is_cancelled`.
        if self.state.fetch_or(CANCEL, Ordering::AcqRel) & (CANCEL | DONE) == 0 {
            self.wake();
        }
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has(CANCEL)
    }

    /// Notes that its value was taken over by a channel or a receiver.
    pub(crate) fn sent(&self) {
        // Release: pairs with the Acquire of `take_sent`.
        self.state.fetch_or(SENT, Ordering::Release);
    }

    /// Whether its value was taken over since the last time this was asked.
    pub(crate) fn take_sent(&self) -> bool {
        self.has(SENT) && self.state.fetch_and(!SENT, Ordering::AcqRel) & SENT != 0
    }

    /// Ends its wait: nothing can.
    pub(crate) fn end_quietly(&self) {
        // Release: pairs with the Acquire of `take_quiet_end`.
        self.state.fetch_or(ENDED_QUIETLY, Ordering::Release);
        self.wake();
    }

    pub(crate) fn take_quiet_end(&self) -> bool {
        let bit = ENDED_QUIETLY;
        self.has(bit) && self.state.fetch_and(!bit, Ordering::AcqRel) & bit != 0
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
    fn every_reason_kind_and_value_fits_its_field() {
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
    }
}
