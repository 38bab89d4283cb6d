//! A stack that somebody owns. Dropping it returns it to its pool.
#![forbid(unsafe_code)]

use crate::pool::StackPool;
use crate::slot::{Shape, Slot};
use std::fmt;
use std::iter;
use std::sync::Arc;

/// A stack of a [`StackPool`](crate::StackPool). Dropped, it goes back there;
/// [`StackCache::give`](crate::StackCache::give) takes a shorter way.
///
/// One word, because it moves often: into a coroutine and out of it, from cache to cache. What is behind it
/// stays allocated while the stack goes from hand to hand.
pub struct Stack(Box<Owned>);

struct Owned {
    slot: Slot,
    /// None once the slot was taken out.
    pool: Option<Arc<StackPool>>,
}

impl Stack {
    #[inline]
    pub(crate) fn new(slot: Slot, pool: Arc<StackPool>) -> Self {
        Self(Box::new(Owned { slot, pool: Some(pool) }))
    }

    /// Bytes that may be used.
    #[must_use]
    pub fn usable_bytes(&self) -> usize {
        self.0.slot.usable()
    }

    #[inline]
    pub(crate) fn slot(&self) -> &Slot {
        &self.0.slot
    }

    #[cfg(all(qi_fiber, windows))]
    pub(crate) fn slot_mut(&mut self) -> &mut Slot {
        &mut self.0.slot
    }

    #[inline]
    pub(crate) fn shape(&self) -> Shape {
        self.0.slot.run.shape
    }

    #[inline]
    pub(crate) fn pool(&self) -> Option<&Arc<StackPool>> {
        self.0.pool.as_ref()
    }

    #[inline]
    pub(crate) fn is_of(&self, pool: &Arc<StackPool>) -> bool {
        self.0.pool.as_ref().is_some_and(|own| Arc::ptr_eq(own, pool))
    }

    /// The place alone, which the caller returns.
    #[inline]
    pub(crate) fn into_slot(mut self) -> Slot {
        self.0.pool = None;
        self.0.slot
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.give_slots(self.slot.run.shape, iter::once(self.slot));
        }
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("usable_bytes", &self.usable_bytes()).finish_non_exhaustive()
    }
}
