//! A waker in one word: a task of Qi as its address, any other waker in a box.
//!
//! Places that keep a waker for as long as somebody waits are many (each parked task is in one), and
//! nearly all keep a task's. A `Waker` is two words, of which the second says the same of every task.
//! So the word is the task's address; with its lowest bit set, it is that of a box.

use super::header::Header;
use super::waker;
use std::fmt;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::task::Waker;

/// Set in the address if it is that of a box.
const BOXED: usize = 1;

/// Low bits of the word that are never set: for the flags of who keeps it.
const FREE: usize = 0b110;

/// A waker that is not a task's. Aligned, so that the free bits are free.
#[repr(align(8))]
struct Boxed(Waker);

const _: () = assert!(align_of::<Header>() > FREE | BOXED && align_of::<Boxed>() > FREE | BOXED);

/// A [`Waker`] in one word.
///
/// A waker of one of Qi's tasks is kept as the task's address; others are put into a box.
///
/// # Examples
/// ```
/// use qi_sched::ThinWaker;
/// use std::task::Waker;
///
/// let thin = ThinWaker::new(Waker::noop());
/// assert_eq!(size_of_val(&thin), size_of::<usize>());
/// thin.wake();
/// ```
pub struct ThinWaker(NonNull<()>);

// SAFETY: it is a waker, which may be sent and shared.
unsafe impl Send for ThinWaker {}
// SAFETY: as for `Send`.
unsafe impl Sync for ThinWaker {}

impl ThinWaker {
    /// Low bits of [`into_raw`](Self::into_raw)'s address that are never set.
    pub const FREE_BITS: usize = FREE;

    /// Keeps a clone of `waker`.
    #[inline]
    #[must_use]
    pub fn new(waker: &Waker) -> Self {
        match waker::task_of(waker) {
            Some(task) => {
                // SAFETY: the waker refers to the task.
                unsafe { task.as_ref() }.state.add_ref();
                Self(task.cast())
            }
            None => Self::boxed(waker.clone()),
        }
    }

    #[cold]
    fn boxed(waker: Waker) -> Self {
        let waker = NonNull::from(Box::leak(Box::new(Boxed(waker))));
        Self(waker.cast::<()>().map_addr(|address| address | BOXED))
    }

    /// The address that a thin waker made of `waker` has, if that can be said before it is made. It
    /// is used to learn whether one that is kept wakes the same.
    #[inline]
    #[must_use]
    pub fn raw_of(waker: &Waker) -> Option<NonNull<()>> {
        waker::task_of(waker).map(NonNull::cast)
    }

    /// Whether both are wakers of the same task. It looks at the two addresses, and follows none.
    #[inline]
    pub(super) fn is_of_task(&self, waker: &Waker) -> bool {
        Self::raw_of(waker) == Some(self.0)
    }

    /// Wakes, and is used up.
    #[inline]
    pub fn wake(self) {
        self.into_waker().wake();
    }

    /// The waker as others know it.
    #[inline]
    #[must_use]
    pub fn into_waker(self) -> Waker {
        let word = ManuallyDrop::new(self).0;
        if word.addr().get() & BOXED == 0 {
            // SAFETY: made of a task, with a reference, which the waker takes over.
            return ManuallyDrop::into_inner(unsafe { waker::borrowed(word.cast()) });
        }
        Self::unboxed(word)
    }

    #[cold]
    fn unboxed(word: NonNull<()>) -> Waker {
        let address = |address: NonZeroUsize| {
            NonZeroUsize::new(address.get() & !BOXED).expect("the address of a box")
        };
        let boxed = word.map_addr(address).cast::<Boxed>();
        // SAFETY: with the mark it is a box that was leaked by `boxed`, and is not used again.
        unsafe { Box::from_raw(boxed.as_ptr()) }.0
    }

    /// Its address, for who keeps it in a word of a protocol.
    #[inline]
    #[must_use = "the waker is leaked unless `from_raw` gets it back"]
    pub fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).0
    }

    /// The waker again.
    ///
    /// # Safety
    /// `raw` came from [`into_raw`](Self::into_raw), and is given back once.
    #[inline]
    #[must_use]
    pub unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Self(raw)
    }
}

impl Drop for ThinWaker {
    #[inline]
    fn drop(&mut self) {
        drop(Self(self.0).into_waker());
    }
}

impl fmt::Debug for ThinWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThinWaker").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use qi_test_kit::WakeCount;

    #[test]
    fn a_foreign_waker_comes_out_as_it_went_in() {
        let wakes = WakeCount::new();
        let waker = wakes.waker();
        let thin = ThinWaker::new(&waker);
        assert!(ThinWaker::raw_of(&waker).is_none());
        assert!(thin.into_waker().will_wake(&waker));
        ThinWaker::new(&waker).wake();
        drop(ThinWaker::new(&waker));
        drop(waker);
        assert_eq!((wakes.count(), wakes.held()), (1, 0));
    }

    #[test]
    fn a_raw_one_has_its_free_bits_clear() {
        let thin = ThinWaker::new(Waker::noop());
        let raw = thin.into_raw();
        assert_eq!(raw.addr().get() & FREE, 0);
        // SAFETY: just made, and given back once.
        drop(unsafe { ThinWaker::from_raw(raw) });
    }
}
