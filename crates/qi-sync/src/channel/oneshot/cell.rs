//! The one allocation of a oneshot channel, and the rules for touching it. (I30)
//!
//! A cell is a word and a place: 24 bytes for values of up to 16.
//!
//! # States
//! While the channel is open the word is the receiver's waker, as one address, or null; TX_WAITS is
//! set in it while the sender waits in `closed()`. Afterwards it is one of four numbers:
//!
//! ```text
//!          ┌── send ─────────────► SENT ───── the receiver takes the value, and frees
//!          ├── drop of the sender ► ENDED ──── the receiver frees
//!   open ──┤                         ▲
//!          ├── close ──► CLOSED ─────┘ the sender leaves
//!          │               │ drop of the receiver
//!          └── drop of ────┴──────► GONE ───── the sender frees
//!              the receiver
//! ```
//!
//! # Protocol
//! * The change that ends the open state takes the receiver's waker with it: it is the one's who
//!   made the change. A sender wakes it; a receiver drops it. So does each change of the waker: it
//!   is made by the receiver, in one step, and the old one is its own again.
//! * The place is the sender's while the channel is open. It holds nothing, or with TX_WAITS the
//!   sender's waker, or the value that is about to be sent. With SENT it is the receiver's, with the
//!   value in it; with CLOSED it is the receiver's if TX_WAITS was set, with the waker in it.
//! * SENT, ENDED and GONE are the last thing that a side does to the cell; the other side frees it.
//!   A receiver that goes while the sender waits closes first, takes the waker out, then leaves.
//!
//! So a channel that is sent to before it is awaited costs an allocation, one read-modify-write, and
//! a load; one that is awaited first costs two read-modify-writes.
//!
//! # Memory ordering
//! Every change of the word is AcqRel and every look that decides something is Acquire: what a side
//! did before its change is seen by who finds the word changed.
//!
//! # Rejected alternatives
//! Flags in the word, and places for a value and two wakers: 48 bytes, and a third read-modify-write
//! for a sender that has to take the waker out before it may leave.

use crate::sync::{AtomicPtr, UnsafeCell};
use crate::wake::wake_all;
use qi_sched::ThinWaker;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, null_mut, without_provenance_mut};
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::Waker;

/// The sender's waker lies in the place.
const TX_WAITS: usize = 1 << 1;
/// The word is one of the four numbers.
const OVER: usize = 1 << 2;
const SENT: usize = OVER;
const ENDED: usize = OVER | 1 << 3;
const CLOSED: usize = OVER | 2 << 3;
const GONE: usize = OVER | 3 << 3;

const _: () = assert!(ThinWaker::FREE_BITS == TX_WAITS | OVER);

/// A value of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(*mut ());

impl Word {
    #[inline]
    fn number(number: usize) -> Self {
        Self(without_provenance_mut(number))
    }

    #[inline]
    fn is(self, number: usize) -> bool {
        self.0.addr() == number
    }

    #[inline]
    fn is_over(self) -> bool {
        self.0.addr() & OVER != 0
    }

    #[inline]
    fn sender_waits(self) -> bool {
        self.0.addr() & (OVER | TX_WAITS) == TX_WAITS
    }

    #[inline]
    fn with_sender_waiting(self, waits: bool) -> Self {
        Self(self.0.map_addr(|address| address & !TX_WAITS | if waits { TX_WAITS } else { 0 }))
    }

    /// The address of the receiver's waker, if one is there.
    #[inline]
    fn waker(self) -> Option<NonNull<()>> {
        if self.is_over() {
            return None;
        }
        NonNull::new(self.0.map_addr(|address| address & !TX_WAITS))
    }

    /// The open word with another waker.
    #[inline]
    fn with_waker(self, waker: *mut ()) -> Self {
        Self(waker).with_sender_waiting(self.sender_waits())
    }

    /// Takes the waker that the word was changed from.
    ///
    /// # Safety
    /// The caller has just taken the word out of the cell, by a change to one without this waker.
    #[inline]
    unsafe fn take_waker(self) -> Option<ThinWaker> {
        // SAFETY: it was put there by `into_raw`; who changes the word is its only owner.
        self.waker().map(|waker| unsafe { ThinWaker::from_raw(waker) })
    }
}

/// Which of the two it holds, and whose it is, is said by the word.
union Place<T> {
    nothing: (),
    value: ManuallyDrop<T>,
    sender: ManuallyDrop<Waker>,
}

struct Cell<T> {
    word: AtomicPtr<()>,
    place: UnsafeCell<Place<T>>,
}

#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Cell<u64>>() == 24, "each parked task may wait for one");

/// The sender's end of a cell. Dropping it ends the channel without a value.
pub(super) struct TxEnd<T>(NonNull<Cell<T>>);

/// The receiver's end of a cell. Dropping it closes the channel.
pub(super) struct RxEnd<T>(NonNull<Cell<T>>);

// SAFETY: the two ends only hand over `T`s and wakers, by the protocol above.
unsafe impl<T: Send> Send for TxEnd<T> {}
// SAFETY: a shared end only looks at the word.
unsafe impl<T: Send> Sync for TxEnd<T> {}
// SAFETY: as for `TxEnd`.
unsafe impl<T: Send> Send for RxEnd<T> {}
// SAFETY: as for `TxEnd`.
unsafe impl<T: Send> Sync for RxEnd<T> {}

/// What the receiver finds.
pub(super) enum Found<T> {
    Value(T),
    /// No value, and none will come.
    Ended,
    NotYet,
}

#[inline]
pub(super) fn pair<T>() -> (TxEnd<T>, RxEnd<T>) {
    let cell = NonNull::from(Box::leak(Box::new(Cell {
        word: AtomicPtr::new(null_mut()),
        place: UnsafeCell::new(Place { nothing: () }),
    })));
    (TxEnd(cell), RxEnd(cell))
}

impl<T> Cell<T> {
    #[inline]
    fn word(&self) -> Word {
        // Acquire: see the head of the file.
        Word(self.word.load(Acquire))
    }

    /// One try to change `seen`; the newer word if somebody else was faster.
    #[inline]
    fn change(&self, seen: Word, next: Word) -> Result<(), Word> {
        // AcqRel, Acquire: see the head of the file.
        let result = self.word.compare_exchange(seen.0, next.0, AcqRel, Acquire);
        result.map(drop).map_err(Word)
    }

    /// Reads the value out.
    ///
    /// # Safety
    /// The place is the caller's, and the value is in it.
    unsafe fn take_value(&self) -> T {
        // SAFETY: by the caller's word.
        ManuallyDrop::into_inner(
            self.place.with_mut(|place| unsafe { (&raw mut (*place).value).read() }),
        )
    }

    /// Reads the sender's waker out.
    ///
    /// # Safety
    /// The place is the caller's, and the waker is in it. The sender may be comparing it with
    /// another, so it is only read.
    unsafe fn take_sender(&self) -> Waker {
        // SAFETY: by the caller's word.
        ManuallyDrop::into_inner(
            self.place.with(|place| unsafe { (&raw const (*place).sender).read() }),
        )
    }
}

impl<T> TxEnd<T> {
    #[inline]
    fn cell(&self) -> &Cell<T> {
        // SAFETY: while the end lives the word is none that allows the receiver to free.
        unsafe { self.0.as_ref() }
    }

    /// Whether the receiver is gone, or wants no value any more.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.cell().word().is_over()
    }

    /// Leaves a waker for the receiver's end; `false` if that has come. The caller is the only one
    /// who uses this end.
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        if self.waits_with(waker) {
            return !self.is_closed();
        }
        if !self.stop_waiting() {
            return false;
        }
        let cell = self.cell();
        let mut seen = cell.word();
        let waker = ManuallyDrop::new(waker.clone());
        // SAFETY: TX_WAITS is clear, and was so when the channel was last seen open. Only the sender
        // sets it: the place is its own, and empty.
        cell.place.with_mut(|place| unsafe { (&raw mut (*place).sender).write(waker) });
        while !seen.is_over() {
            match cell.change(seen, seen.with_sender_waiting(true)) {
                Ok(()) => return true,
                Err(now) => seen = now,
            }
        }
        // SAFETY: TX_WAITS was never set: the waker is still the sender's.
        drop(unsafe { cell.take_sender() });
        false
    }

    /// Whether this end waits with such a waker.
    fn waits_with(&self, waker: &Waker) -> bool {
        let cell = self.cell();
        // SAFETY: this end put the waker there. The receiver may be taking it out meanwhile; both
        // only read, and what is read here are the two addresses that a waker consists of.
        let known = |place: *const Place<T>| unsafe { &(*place).sender }.will_wake(waker);
        cell.word().sender_waits() && cell.place.with(known)
    }

    /// Takes the waker back, if there is one. `false` if the receiver has closed.
    pub(super) fn stop_waiting(&mut self) -> bool {
        let cell = self.cell();
        let mut seen = cell.word();
        while seen.sender_waits() {
            match cell.change(seen, seen.with_sender_waiting(false)) {
                Ok(()) => {
                    // SAFETY: TX_WAITS was cleared by this end: the waker is its own again.
                    drop(unsafe { cell.take_sender() });
                    return true;
                }
                Err(now) => seen = now,
            }
        }
        !seen.is_over()
    }

    /// Hands the value over, or gives it back if the receiver does not want it any more.
    #[inline]
    pub(super) fn send(mut self, value: T) -> Result<(), T> {
        // The mutant takes a place that is the receiver's.
        if !self.stop_waiting() && !cfg!(qi_mutant = "oneshot_send_takes_a_closed_place") {
            return Err(value);
        }
        let cell = self.cell();
        let value = ManuallyDrop::new(value);
        // SAFETY: the channel was open, without TX_WAITS: the place is the sender's. Should it be
        // closed meanwhile, it stays so.
        cell.place.with_mut(|place| unsafe { (&raw mut (*place).value).write(value) });
        match self.end(SENT) {
            Ok(()) => {
                // It has left.
                std::mem::forget(self);
                Ok(())
            }
            // SAFETY: it was not sent: the value written above is still the sender's.
            Err(()) => Err(unsafe { self.cell().take_value() }),
        }
    }

    /// Ends the open state, and leaves: nothing of this end may be used after `Ok`. `Err` if the
    /// receiver has ended it before.
    #[inline]
    fn end(&self, how: usize) -> Result<(), ()> {
        let cell = self.cell();
        let mut seen = cell.word();
        while !seen.is_over() {
            match change_to_end(cell, seen, how) {
                Ok(()) => {
                    // SAFETY: just taken out by a change.
                    let waker = unsafe { seen.take_waker() };
                    wake_all(waker.map(ThinWaker::into_waker));
                    return Ok(());
                }
                Err(now) => seen = now,
            }
        }
        Err(())
    }
}

/// The mutant publishes nothing of what was done before.
#[inline]
fn change_to_end<T>(cell: &Cell<T>, seen: Word, how: usize) -> Result<(), Word> {
    if cfg!(qi_mutant = "oneshot_send_publishes_nothing") {
        let (seen, next) = (seen.0, Word::number(how).0);
        let result = cell.word.compare_exchange(seen, next, Acquire, Acquire);
        return result.map(drop).map_err(Word);
    }
    cell.change(seen, Word::number(how))
}

impl<T> Drop for TxEnd<T> {
    fn drop(&mut self) {
        if self.stop_waiting() && self.end(ENDED).is_ok() {
            return;
        }
        if self.cell().change(Word::number(CLOSED), Word::number(ENDED)).is_err() {
            // SAFETY: the word is over, and not CLOSED: it is GONE, so the receiver has left.
            unsafe { free(self.0) };
        }
    }
}

impl<T> RxEnd<T> {
    #[inline]
    fn cell(&self) -> &Cell<T> {
        // SAFETY: while the end lives the word is not GONE, so the sender does not free.
        unsafe { self.0.as_ref() }
    }

    /// Whether a value lies there.
    pub(super) fn has_value(&self) -> bool {
        self.cell().word().is(SENT)
    }

    /// Whether no value will come that is not there yet.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.cell().word().is_over()
    }

    /// Leaves a waker for the sender's end; `false` if that has come.
    #[inline]
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        let cell = self.cell();
        let mut seen = cell.word();
        // With a box this is never so: the sender may be freeing it, and must not be looked into.
        if seen.waker().is_some_and(|known| ThinWaker::raw_of(waker) == Some(known)) {
            return true;
        }
        let waker = ThinWaker::new(waker);
        let raw = waker.into_raw();
        while !seen.is_over() {
            match cell.change(seen, seen.with_waker(raw.as_ptr())) {
                Ok(()) => {
                    // SAFETY: just taken out by a change.
                    drop(unsafe { seen.take_waker() });
                    return true;
                }
                // The mutant waits although the sender has ended.
                Err(now) if cfg!(qi_mutant = "oneshot_register_ignores_end") && now.is_over() => {
                    return true;
                }
                Err(now) => seen = now,
            }
        }
        // SAFETY: made above, and not left in the word.
        drop(unsafe { ThinWaker::from_raw(raw) });
        false
    }

    /// Takes the waker back.
    pub(super) fn stop_waiting(&mut self) {
        let cell = self.cell();
        let mut seen = cell.word();
        while seen.waker().is_some() {
            match cell.change(seen, seen.with_waker(null_mut())) {
                Ok(()) => {
                    // SAFETY: just taken out by a change.
                    drop(unsafe { seen.take_waker() });
                    return;
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Looks for the value. The end is left behind in `this` only if the value may still come.
    #[inline]
    pub(super) fn take(this: &mut Option<Self>) -> Found<T> {
        let Some(end) = this else { return Found::Ended };
        let seen = end.cell().word();
        if !seen.is_over() {
            return Found::NotYet;
        }
        match this.take() {
            Some(end) if seen.is(SENT) => Found::Value(end.take_value()),
            _ => Found::Ended,
        }
    }

    /// Takes the value of a word that is SENT.
    #[inline]
    fn take_value(self) -> T {
        let end = ManuallyDrop::new(self);
        // SAFETY: SENT: the place is the receiver's, and was not emptied, which ends this end.
        let value = unsafe { end.cell().take_value() };
        // SAFETY: the sender has left, and this end is not used any more.
        unsafe { free(end.0) };
        value
    }

    /// Says that no value is wanted any more. One that was sent before can still be taken.
    pub(super) fn close(&mut self) {
        let mut seen = self.cell().word();
        while !seen.is_over() {
            match self.cell().change(seen, Word::number(CLOSED)) {
                // SAFETY: just changed.
                Ok(()) => return unsafe { self.let_go(seen) },
                Err(now) => seen = now,
            }
        }
    }

    /// Wakes the sender and drops the receiver's waker, as they were in the word that was changed
    /// to CLOSED.
    ///
    /// # Safety
    /// The caller has just made that change, and has not left.
    unsafe fn let_go(&self, seen: Word) {
        // SAFETY: TX_WAITS was set when the channel was closed: the place is the receiver's, and
        // the sender's waker is in it. This end has not left, so the cell is there.
        let sender = seen.sender_waits().then(|| unsafe { self.cell().take_sender() });
        wake_all(sender);
        // SAFETY: just taken out by a change.
        drop(unsafe { seen.take_waker() });
    }
}

impl<T> Drop for RxEnd<T> {
    fn drop(&mut self) {
        let mut seen = self.cell().word();
        loop {
            if seen.is(SENT) {
                // This end is as good as gone; the copy leaves in its place, and only once, because
                // `take_value` does not drop it. The value is dropped last.
                return drop(Self(self.0).take_value());
            }
            if seen.is(ENDED) {
                // SAFETY: the sender has left, and this end is being dropped.
                return unsafe { free(self.0) };
            }
            if seen.sender_waits() {
                self.close();
                seen = self.cell().word();
                continue;
            }
            match self.cell().change(seen, Word::number(GONE)) {
                Ok(()) => {
                    // SAFETY: just taken out by a change; a word that is over has none.
                    return drop(unsafe { seen.take_waker() });
                }
                Err(now) => seen = now,
            }
        }
    }
}

/// Gives the memory back. Value and wakers were taken out.
///
/// # Safety
/// The other side has left, and the caller leaves by this.
#[inline]
unsafe fn free<T>(cell: NonNull<Cell<T>>) {
    // SAFETY: made by `Box::leak`, and nobody refers to it any more.
    drop(unsafe { Box::from_raw(cell.as_ptr()) });
}
