//! The one allocation of a oneshot channel, and the rules for touching it. (I30)
//!
//! # States
//! One word. Bits are only ever added, but for VALUE and the two WAKER bits:
//!
//! | bit | set by | means |
//! |---|---|---|
//! | VALUE | sender | a value was sent; it lies in the cell until the receiver takes it |
//! | ENDED | sender | it will send no more (with or without VALUE) |
//! | TX_LEFT | sender | it touches the cell no more |
//! | CLOSED | receiver | a value that is not sent yet is not wanted any more |
//! | RX_LEFT | receiver | it touches the cell no more |
//! | RX_WAKER | receiver | its waker lies in the cell |
//! | TX_WAKER | sender | its waker lies in the cell, for `closed()` |
//!
//! # Protocol
//! * The value is the sender's until VALUE is set, then the receiver's, who clears the bit if it
//!   takes the value out before the sender has left. VALUE is never set over CLOSED: the sender
//!   keeps the value then.
//! * A waker's place belongs to its own side while its bit is clear, to nobody while it is set, and
//!   to the *other* side once that has set its end (ENDED, or CLOSED) over the set bit. To replace
//!   a waker its side clears the bit first; finding the end set instead, it leaves the place alone.
//! * A side that has nothing to wake ends and leaves in one step; one that finds a waker takes it
//!   out first, then leaves, then wakes. Who leaves second frees the cell.
//!
//! So a channel that is sent to before it is awaited costs an allocation, one read-modify-write,
//! one load; one that is awaited first costs three read-modify-writes.
//!
//! # Memory ordering
//! Every change of the word is AcqRel and every look that decides something is Acquire: what a side
//! wrote before setting a bit is seen by who finds the bit set.

use crate::sync::{AtomicU32, UnsafeCell};
use crate::wake::wake_all;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::Waker;

const VALUE: u32 = 1;
const ENDED: u32 = 1 << 1;
const TX_LEFT: u32 = 1 << 2;
const CLOSED: u32 = 1 << 3;
const RX_LEFT: u32 = 1 << 4;
const RX_WAKER: u32 = 1 << 5;
const TX_WAKER: u32 = 1 << 6;

type WakerPlace = UnsafeCell<MaybeUninit<Waker>>;

struct Cell<T> {
    state: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
    rx_waker: WakerPlace,
    tx_waker: WakerPlace,
}

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

pub(super) fn pair<T>() -> (TxEnd<T>, RxEnd<T>) {
    let cell = NonNull::from(Box::leak(Box::new(Cell {
        state: AtomicU32::new(0),
        value: UnsafeCell::new(MaybeUninit::uninit()),
        rx_waker: UnsafeCell::new(MaybeUninit::uninit()),
        tx_waker: UnsafeCell::new(MaybeUninit::uninit()),
    })));
    (TxEnd(cell), RxEnd(cell))
}

impl<T> Cell<T> {
    /// Leaves a waker for the other side, unless that has set `end`. Says whether it was left.
    ///
    /// # Safety
    /// `place` and `bit` are those of the calling side, and `end` is the other side's.
    unsafe fn register(&self, place: &WakerPlace, bit: u32, end: u32, waker: &Waker) -> bool {
        // Acquire: what the other side wrote before it ended is looked at next.
        let mut seen = self.state.load(Acquire);
        if seen & bit != 0 {
            // SAFETY: the bit was set by this side, so the place was filled. The other side may be
            // taking the waker out meanwhile; both only read, and what is read here are the two
            // addresses that a waker consists of.
            if place.with(|place| unsafe { (*place).assume_init_ref() }.will_wake(waker)) {
                return seen & end == 0;
            }
            // SAFETY: as for this function.
            if !unsafe { self.unregister(place, bit, end) } {
                return false;
            }
            seen = self.state.load(Acquire);
        }
        let waker = waker.clone();
        // SAFETY: the bit is clear: the place is this side's, and empty.
        place.with_mut(|place| unsafe { (*place).write(waker) });
        while seen & end == 0 {
            // AcqRel: the other side sees the waker with the bit. The mutant says that there is a
            // waker even if the other side has ended, so that nobody is woken.
            match self.state.compare_exchange(seen, seen | bit, AcqRel, Acquire) {
                Ok(_) => return true,
                Err(_) if cfg!(qi_mutant = "oneshot_register_ignores_end") => {
                    self.state.fetch_or(bit, AcqRel);
                    return true;
                }
                Err(now) => seen = now,
            }
        }
        // SAFETY: the bit could not be set: the place is still this side's, and full.
        drop(unsafe { take(place) });
        false
    }

    /// Takes this side's waker back; `false` if it has become the other side's, or there is none.
    ///
    /// # Safety
    /// As for [`Self::register`].
    unsafe fn unregister(&self, place: &WakerPlace, bit: u32, end: u32) -> bool {
        // Relaxed: only this side sets and clears the bit.
        if self.state.load(Relaxed) & bit == 0 {
            return false;
        }
        // AcqRel: after the end the place is left alone; before it, whoever ends sees no waker.
        if self.state.fetch_and(!bit, AcqRel) & end != 0 {
            return false;
        }
        // SAFETY: the bit was cleared before the end was set: the place is full, and this side's.
        drop(unsafe { take(place) });
        true
    }
}

impl<T> TxEnd<T> {
    fn cell(&self) -> &Cell<T> {
        // SAFETY: TX_LEFT is not set while the end lives, so nobody has freed the cell.
        unsafe { self.0.as_ref() }
    }

    /// Whether the receiver is gone, or wants no value any more.
    pub(super) fn is_closed(&self) -> bool {
        // Acquire: what the receiver did before it closed is seen by who asks.
        self.cell().state.load(Acquire) & CLOSED != 0
    }

    /// Leaves a waker for the receiver's end; `false` if that has come. The caller is the only one
    /// who uses this end.
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        let cell = self.cell();
        // SAFETY: place and bit of the sender, end of the receiver.
        unsafe { cell.register(&cell.tx_waker, TX_WAKER, CLOSED, waker) }
    }

    /// Takes the waker back.
    pub(super) fn stop_waiting(&mut self) {
        let cell = self.cell();
        // SAFETY: as in `wait`.
        unsafe { cell.unregister(&cell.tx_waker, TX_WAKER, CLOSED) };
    }

    /// Hands the value over, or gives it back if the receiver does not want it any more.
    pub(super) fn send(mut self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        self.stop_waiting();
        // SAFETY: VALUE is clear, and only this end sets it: the place is the sender's, and empty.
        self.cell().value.with_mut(|place| unsafe { (*place).write(value) });
        let end = ManuallyDrop::new(self);
        // SAFETY: the end is not used any more, unless the function says that it did not end.
        if unsafe { end.end(VALUE) } {
            return Ok(());
        }
        let mut end = ManuallyDrop::into_inner(end);
        let cell = end.cell();
        // SAFETY: VALUE was not set: the value written above is still the sender's.
        let value = cell.value.with(|place| unsafe { (*place).assume_init_read() });
        end.stop_waiting();
        Err(value)
    }

    /// Ends the sender's side, together with `value`, and leaves. With `value` set it does nothing
    /// if the receiver has closed, and answers `false`.
    ///
    /// # Safety
    /// After `true` the end is not used any more.
    unsafe fn end(&self, value: u32) -> bool {
        let cell = self.cell();
        // Acquire: as in the loop.
        let mut seen = cell.state.load(Acquire);
        loop {
            if value != 0 && seen & CLOSED != 0 {
                return false;
            }
            // With a waker to take out the end must not leave yet.
            let leave = if seen & RX_WAKER == 0 { TX_LEFT } else { 0 };
            let next = seen | value | ENDED | leave;
            // AcqRel: the receiver that sees VALUE sees the value; we see its waker with RX_WAKER,
            // and all it did with RX_LEFT. The mutant publishes nothing.
            let publish =
                if cfg!(qi_mutant = "oneshot_send_publishes_nothing") { Acquire } else { AcqRel };
            match cell.state.compare_exchange(seen, next, publish, Acquire) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        if seen & RX_WAKER != 0 {
            // SAFETY: ENDED was set over RX_WAKER: the waker's place is full, and the sender's. The
            // receiver may be looking at the waker, so it is only read.
            let waker = cell.rx_waker.with(|place| unsafe { (*place).assume_init_read() });
            // SAFETY: this end is not used any more.
            unsafe { leave(self.0, TX_LEFT, RX_LEFT) };
            wake_all([waker]);
        } else if seen & RX_LEFT != 0 {
            // SAFETY: TX_LEFT was set over RX_LEFT: the sender left second.
            unsafe { free(self.0) };
        }
        true
    }
}

impl<T> Drop for TxEnd<T> {
    fn drop(&mut self) {
        self.stop_waiting();
        // SAFETY: the end is being dropped.
        unsafe { self.end(0) };
    }
}

impl<T> RxEnd<T> {
    fn cell(&self) -> &Cell<T> {
        // SAFETY: RX_LEFT is not set while the end lives, so nobody has freed the cell.
        unsafe { self.0.as_ref() }
    }

    /// Whether a value lies there.
    pub(super) fn has_value(&self) -> bool {
        // Acquire: as in `take`.
        self.cell().state.load(Acquire) & VALUE != 0
    }

    /// Whether no value will come that is not there yet.
    pub(super) fn is_over(&self) -> bool {
        // Acquire: what the sender did before it ended is seen by who asks.
        self.cell().state.load(Acquire) & (ENDED | CLOSED) != 0
    }

    /// Leaves a waker for the sender's end; `false` if that has come.
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        let cell = self.cell();
        // SAFETY: place and bit of the receiver, end of the sender.
        unsafe { cell.register(&cell.rx_waker, RX_WAKER, ENDED, waker) }
    }

    /// Takes the waker back.
    pub(super) fn stop_waiting(&mut self) {
        let cell = self.cell();
        // SAFETY: as in `wait`.
        unsafe { cell.unregister(&cell.rx_waker, RX_WAKER, ENDED) };
    }

    /// Looks for the value. The end is left behind in `this` only if the value may still come.
    pub(super) fn take(this: &mut Option<Self>) -> Found<T> {
        let Some(end) = this else { return Found::Ended };
        // Acquire: pairs with the sender's publication of the value.
        let seen = end.cell().state.load(Acquire);
        if seen & VALUE != 0 {
            if let Some(end) = this.take() {
                return Found::Value(end.take_value(seen));
            }
        }
        if seen & (ENDED | CLOSED) == 0 {
            return Found::NotYet;
        }
        *this = None;
        Found::Ended
    }

    /// Takes the value out, and leaves.
    fn take_value(self, seen: u32) -> T {
        let end = ManuallyDrop::new(self);
        // SAFETY: VALUE is set and the value was not taken: it is the receiver's.
        let value = end.cell().value.with(|place| unsafe { (*place).assume_init_read() });
        if seen & TX_LEFT != 0 {
            // SAFETY: the sender has left, and this end is not used any more.
            unsafe { free(end.0) };
            return value;
        }
        // The sender is about to take the waker out. AcqRel: who leaves second sees all that the
        // first did. VALUE is set and RX_LEFT clear: both change.
        let before = end.cell().state.fetch_xor(VALUE | RX_LEFT, AcqRel);
        if before & TX_LEFT != 0 {
            // SAFETY: the receiver left second.
            unsafe { free(end.0) };
        }
        value
    }

    /// Says that no value is wanted any more. One that was sent before can still be taken.
    pub(super) fn close(&mut self) {
        // SAFETY: without RX_LEFT the end goes on living.
        unsafe { self.end(0) };
    }

    /// Closes, and sets `leave` too unless there is a waker to take out first. Answers the word
    /// that was changed; the sender's waker is woken.
    ///
    /// # Safety
    /// If `leave` is RX_LEFT the end is not used any more, unless VALUE is in the answer.
    unsafe fn end(&self, leaving: u32) -> u32 {
        let cell = self.cell();
        // Acquire: as in the loop.
        let mut seen = cell.state.load(Acquire);
        loop {
            if leaving != 0 && seen & VALUE != 0 {
                return seen;
            }
            let wakes = seen & (TX_WAKER | CLOSED) == TX_WAKER;
            let next = seen | CLOSED | if wakes { 0 } else { leaving };
            // AcqRel: the sender that sees CLOSED or RX_LEFT sees what was done before; we see its
            // waker, and all it did.
            match cell.state.compare_exchange(seen, next, AcqRel, Acquire) {
                Ok(_) if wakes => break,
                Ok(_) => {
                    if leaving != 0 && seen & TX_LEFT != 0 {
                        // SAFETY: the receiver left second.
                        unsafe { free(self.0) };
                    }
                    return seen;
                }
                Err(now) => seen = now,
            }
        }
        // SAFETY: CLOSED was set over TX_WAKER: the waker's place is full, and the receiver's.
        let waker = cell.tx_waker.with(|place| unsafe { (*place).assume_init_read() });
        if leaving != 0 {
            // SAFETY: this end is not used any more. CLOSED is set: no value comes.
            unsafe { leave(self.0, RX_LEFT, TX_LEFT) };
        }
        wake_all([waker]);
        seen
    }
}

impl<T> Drop for RxEnd<T> {
    fn drop(&mut self) {
        self.stop_waiting();
        // SAFETY: the end is being dropped; with VALUE in the answer it has not left.
        let seen = unsafe { self.end(RX_LEFT) };
        if seen & VALUE != 0 {
            // This end is as good as gone; the copy leaves in its place, and only once, because
            // `take_value` does not drop it. The value is dropped last.
            drop(Self(self.0).take_value(seen));
        }
    }
}

/// Empties a waker's place.
///
/// # Safety
/// The place is full, and the caller's.
unsafe fn take(place: &WakerPlace) -> Waker {
    // SAFETY: by the caller's word.
    place.with_mut(|place| unsafe { (*place).assume_init_read() })
}

/// Sets `own`, and frees the cell if `other` was set.
///
/// # Safety
/// The calling side touches the cell no more.
unsafe fn leave<T>(cell: NonNull<Cell<T>>, own: u32, other: u32) {
    // SAFETY: the caller has not left yet, so the cell lives.
    // AcqRel: who leaves second sees all that the first did.
    if unsafe { cell.as_ref() }.state.fetch_or(own, AcqRel) & other != 0 {
        // SAFETY: both sides have left.
        unsafe { free(cell) };
    }
}

/// Gives the memory back. Value and wakers were taken out.
///
/// # Safety
/// Both sides have left, the caller second.
unsafe fn free<T>(cell: NonNull<Cell<T>>) {
    // SAFETY: made by `Box::leak`, and nobody refers to it any more.
    drop(unsafe { Box::from_raw(cell.as_ptr()) });
}
