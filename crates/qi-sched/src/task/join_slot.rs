//! The place where the handle's waker lies until the task ends, and the rules for touching it.
//!
//! # Protocol (I4)
//! The slot is the handle's while JOIN_WAKER is clear, nobody's while it is set, and the
//! completer's once DONE was set over a set JOIN_WAKER. So the handle fills the slot and then sets
//! the bit; to replace the waker it clears the bit first; each of these two steps fails after
//! DONE, and then the task's outcome is looked at instead of the waker.

use super::state::State;
use super::thin::ThinWaker;
use crate::sync::UnsafeCell;
use std::mem::MaybeUninit;
use std::task::Waker;

/// Room for one waker, as one word because every task has it; the state word says whether there is
/// one.
#[derive(Debug)]
pub(crate) struct JoinSlot(UnsafeCell<MaybeUninit<ThinWaker>>);

impl JoinSlot {
    pub(crate) fn empty() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Leaves a waker for the completer; `true` if the task has ended instead.
    ///
    /// # Safety
    /// The caller is the task's one handle, and the slot is the one of `state`'s task.
    pub(crate) unsafe fn register(&self, state: &State, waker: &Waker) -> bool {
        if state.has_join_waker() {
            // SAFETY: JOIN_WAKER was set by this handle, so the slot is full.
            if unsafe { self.wakes(waker) } {
                return state.load().is_done();
            }
            if !state.unset_join_waker() {
                return true;
            }
            // SAFETY: the bit was cleared before DONE: the slot is full and the handle's.
            drop(unsafe { self.take() });
        }
        let waker = ThinWaker::new(waker);
        // SAFETY: JOIN_WAKER is clear: the slot is empty and the handle's.
        self.0.with_mut(|slot| unsafe { (*slot).write(waker) });
        if state.set_join_waker() {
            return false;
        }
        // SAFETY: the bit could not be set, so the slot is still the handle's, and full.
        drop(unsafe { self.take() });
        true
    }

    /// Takes the waker out.
    ///
    /// # Safety
    /// The slot is the caller's (I4) and full.
    pub(crate) unsafe fn take(&self) -> Waker {
        // SAFETY: it is full by the caller's word. What is taken out is only read, because the
        // handle may be looking at it in `wakes`.
        self.0.with(|slot| unsafe { (*slot).assume_init_read() }).into_waker()
    }

    /// Whether the waker in the slot is known to wake the same as `other`: only if they are a
    /// task's. A box is not looked into, since the completer may have freed it.
    ///
    /// # Safety
    /// The slot is full, and the caller is the handle: the completer may take the waker out at the
    /// same time, but what it takes is read only, so the two may both look.
    unsafe fn wakes(&self, other: &Waker) -> bool {
        // SAFETY: by the caller's word the slot holds a waker, and both sides only read it here.
        self.0.with(|slot| unsafe { (*slot).assume_init_ref() }.is_of_task(other))
    }
}
