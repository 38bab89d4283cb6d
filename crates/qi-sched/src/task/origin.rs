//! Where a task was spawned and, for few tasks, what else it came with: one word.
//!
//! The place of spawning is a constant of the program, and every task has one; a name, a home or
//! inherited task-locals are rare. So the word points at the place, or, with its lowest bit set, at
//! a box with all of it: eight bytes less per task. The bit above says that a home lies behind the
//! block's stage: coroutines all have one, and are to cost no box.

use super::header::Cold;
use std::panic::Location;
use std::ptr::NonNull;

/// Set in the address if it is that of a box.
const BOXED: usize = 1;
/// Set if the task has a home behind its stage.
const HOMED: usize = 2;
const MARKS: usize = BOXED | HOMED;

const _: () = assert!(align_of::<Location<'static>>() > MARKS && align_of::<Cold>() > MARKS);

/// Points at the place of spawning, or owns a [`Cold`].
pub(crate) struct Origin(NonNull<u8>);

const _: () = {
    const fn may_be_shared<T: Send + Sync>() {}
    may_be_shared::<Cold>();
};

// SAFETY: it is a reference to a constant, or owns a `Cold`, which is `Send`.
unsafe impl Send for Origin {}
// SAFETY: as for `Send`: a shared one gives out a shared `Cold`, which is `Sync`.
unsafe impl Sync for Origin {}

impl From<&'static Location<'static>> for Origin {
    #[inline]
    fn from(location: &'static Location<'static>) -> Self {
        Self(NonNull::from(location).cast())
    }
}

impl From<Box<Cold>> for Origin {
    fn from(cold: Box<Cold>) -> Self {
        let cold = NonNull::from(Box::leak(cold)).cast::<u8>();
        Self(cold.map_addr(|address| address | BOXED))
    }
}

impl Origin {
    /// What few tasks have, if this one does.
    #[inline]
    pub(crate) fn cold(&self) -> Option<&Cold> {
        // SAFETY: the box is ours until we are dropped.
        self.boxed().map(|cold| unsafe { cold.as_ref() })
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        match self.cold() {
            Some(cold) => cold.location,
            // SAFETY: without the mark it was made of a reference to a constant.
            None => unsafe { self.unmarked().cast::<Location<'static>>().as_ref() },
        }
    }

    /// The same, of a task that has a home behind its stage.
    #[must_use]
    pub(crate) fn homed(self) -> Self {
        let marked = Self(self.0.map_addr(|address| address | HOMED));
        std::mem::forget(self);
        marked
    }

    /// Whether the task has a home behind its stage.
    #[inline]
    pub(crate) fn is_homed(&self) -> bool {
        self.0.addr().get() & HOMED != 0
    }

    /// Whether it is a place of spawning and nothing else.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.0.addr().get() & MARKS == 0
    }

    fn unmarked(&self) -> NonNull<u8> {
        let address = self.0.as_ptr().map_addr(|address| address & !MARKS);
        // A box and a constant are at no address so low.
        NonNull::new(address).unwrap_or(self.0)
    }

    #[inline]
    fn boxed(&self) -> Option<NonNull<Cold>> {
        if self.0.addr().get() & BOXED == 0 {
            return None;
        }
        Some(self.unmarked().cast())
    }
}

impl Drop for Origin {
    #[inline]
    fn drop(&mut self) {
        if let Some(cold) = self.boxed() {
            // SAFETY: leaked by `from`, and not looked at again.
            drop(unsafe { Box::from_raw(cold.as_ptr()) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_plain_origin_is_its_place_and_nothing_else() {
        let here = Location::caller();
        let origin = Origin::from(here);
        assert_eq!(origin.location(), here);
        assert!(origin.cold().is_none());
    }

    #[test]
    fn a_mark_for_a_home_changes_nothing_else() {
        let here = Location::caller();
        let origin = Origin::from(here).homed();
        assert!(origin.is_homed() && !origin.is_plain() && origin.cold().is_none());
        assert_eq!(origin.location(), here);
    }

    #[test]
    fn a_boxed_origin_gives_out_what_it_owns_and_drops_it() {
        let here = Location::caller();
        let cold = Cold {
            location: here,
            name: Some("tea".to_owned().into()),
            home: super::super::Home::Anywhere,
            legacy: crate::local::Legacy::new(None),
        };
        let origin = Origin::from(Box::new(cold));
        assert_eq!(origin.location(), here);
        assert_eq!(origin.cold().unwrap().name.as_deref(), Some("tea"));
    }
}
