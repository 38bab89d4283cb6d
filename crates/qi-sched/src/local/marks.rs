//! The marks that suspended code has left on its thread, taken off and put back.
//!
//! Three things on a thread refer to frames of the code that runs there: the list of entered
//! task-locals, the set of inherited ones in force, and the innermost entered scheduler. While code
//! with a stack of its own is suspended they must not be found by others. (I64)

use super::heritage::InForce;
use super::stack::{Scopes, Top};
use crate::worker::context::{self, Entered};

/// What is put back when the code goes on. Empty for most, who suspend inside no scope.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    scopes: Option<Scopes>,
    in_force: Option<InForce>,
    entered: Option<Entered>,
}

impl Marks {
    /// See [`Baggage::carry`](crate::stackful::Baggage::carry).
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn carry<R>(&mut self, resume: impl FnOnce() -> R) -> R {
        let base = Base::here();
        if let Some(scopes) = self.scopes.take() {
            // SAFETY: the frames that these lie in are suspended, and about to be resumed.
            unsafe { scopes.put_back() };
        }
        if let Some(in_force) = self.in_force.take() {
            in_force.put_back();
            context::bequeathing_from_now(true);
        }
        if let Some(entered) = self.entered.take() {
            // SAFETY: as above.
            unsafe { entered.put_back() };
        }
        let result = resume();
        self.scopes = Scopes::above(&base.scopes);
        self.in_force = Some(InForce::now()).filter(|now| *now != base.in_force);
        self.entered = Some(Entered::now()).filter(|now| *now != base.entered);
        // Dropping `base` puts the thread's own marks back, also if the code has unwound.
        result
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
    fn here() -> Self {
        Self {
            scopes: Top::now(),
            in_force: InForce::now(),
            entered: Entered::now(),
            bequeathing: context::is_bequeathing(),
        }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        self.scopes.restore();
        if self.in_force != InForce::now() {
            self.in_force.take().put_back();
        }
        if self.entered != Entered::now() {
            // SAFETY: the context of our caller's frames.
            unsafe { self.entered.put_back() };
        }
        context::bequeathing_from_now(self.bequeathing);
    }
}
