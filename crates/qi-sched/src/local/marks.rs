//! The marks that suspended code has left on its thread, taken off and put back.
//!
//! Three things on a thread refer to frames of the code that runs there: the list of entered
//! task-locals, the set of inherited ones in force, and the innermost entered scheduler. While code
//! with a stack of its own is suspended they must not be found by others. (I64)
//!
//! Most code suspends inside no scope: then the three are as before, which a few comparisons show, and
//! nothing is kept.

use super::heritage::InForce;
use super::stack::{Scopes, Top};
use crate::worker::context::{self, Entered};
use std::mem::ManuallyDrop;

/// What is put back when the code goes on. Empty for most, who suspend inside no scope.
#[derive(Debug, Default)]
pub(crate) struct Marks(Option<Box<Kept>>);

#[derive(Debug)]
struct Kept {
    scopes: Option<Scopes>,
    in_force: Option<InForce>,
    entered: Option<Entered>,
}

impl Marks {
    /// See [`Baggage::carry`](crate::stackful::Baggage::carry).
    ///
    /// # Safety
    /// As there.
    #[inline]
    pub(crate) unsafe fn carry<R>(&mut self, resume: impl FnOnce() -> R) -> R {
        let base = Base::here();
        if let Some(kept) = self.0.take() {
            // SAFETY: the frames that these lie in are suspended, and about to be resumed.
            unsafe { kept.put_back() };
        }
        let result = resume();
        if base.has_changed() {
            self.0 = Some(base.changes());
            // Puts the thread's own marks back; so it does if the code unwinds.
            drop(base);
        } else {
            base.forget();
        }
        result
    }
}

impl Kept {
    /// # Safety
    /// The frames that the marks refer to exist, and run on this thread next.
    #[cold]
    unsafe fn put_back(self) {
        if let Some(scopes) = self.scopes {
            // SAFETY: the caller's word.
            unsafe { scopes.put_back() };
        }
        if let Some(in_force) = self.in_force {
            in_force.put_back();
            context::bequeathing_from_now(true);
        }
        if let Some(entered) = self.entered {
            // SAFETY: the caller's word.
            unsafe { entered.put_back() };
        }
    }
}

/// What the thread had before the code was resumed, and has again afterwards.
struct Base {
    scopes: Top,
    in_force: InForce,
    entered: Entered,
    bequeathing: bool,
}

impl Base {
    #[inline]
    fn here() -> Self {
        Self {
            scopes: Top::now(),
            in_force: InForce::now(),
            entered: Entered::now(),
            bequeathing: context::is_bequeathing(),
        }
    }

    #[inline]
    fn has_changed(&self) -> bool {
        self.scopes != Top::now()
            || self.entered != Entered::now()
            || !self.in_force.is_now()
            || self.bequeathing != context::is_bequeathing()
    }

    /// There is nothing to put back.
    #[inline]
    fn forget(self) {
        let mut base = ManuallyDrop::new(self);
        drop(base.in_force.take());
    }

    /// What the code has added.
    #[cold]
    fn changes(&self) -> Box<Kept> {
        Box::new(Kept {
            scopes: Scopes::above(&self.scopes),
            in_force: Some(InForce::now()).filter(|now| *now != self.in_force),
            entered: Some(Entered::now()).filter(|now| *now != self.entered),
        })
    }

    #[cold]
    fn restore(&mut self) {
        self.scopes.restore();
        if !self.in_force.is_now() {
            self.in_force.take().put_back();
        }
        if self.entered != Entered::now() {
            // SAFETY: the context of our caller's frames.
            unsafe { self.entered.put_back() };
        }
        context::bequeathing_from_now(self.bequeathing);
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if self.has_changed() {
            self.restore();
        }
    }
}
