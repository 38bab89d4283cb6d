//! What tasks inherit: a set of shared values, one for each key.
//!
//! A set never changes. Entering a scope of an inherited key makes a set with one value more, a spawn
//! shares the set that is in force. The values are dropped with the last task and the last scope that
//! shares them; a task gives up its share when it ends, not when its last waker goes.
#![forbid(unsafe_code)]

use crate::worker::context;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

/// Values by the address of their key: few, so a list.
type Values = [(usize, Arc<dyn Any + Send + Sync>)];

/// What a task's children will find.
#[derive(Clone)]
pub(crate) struct Heritage(Arc<Values>);

impl std::fmt::Debug for Heritage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Heritage").field(&self.0.len()).finish()
    }
}

thread_local! {
    /// The set in force, and whose it is. (I40)
    static IN_FORCE: RefCell<Option<(usize, Heritage)>> = const { RefCell::new(None) };
    /// Whether there is one: a look that needs no borrow.
    static HAS_ONE: Cell<bool> = const { Cell::new(false) };
}

impl Heritage {
    /// The set in force for the task that this thread runs.
    pub(crate) fn current() -> Option<Self> {
        if !HAS_ONE.get() {
            return None;
        }
        let owner = context::owner();
        // No set is in force any more while thread-locals are destroyed.
        let found = IN_FORCE.try_with(|set| {
            let set = set.borrow();
            let (of, heritage) = set.as_ref()?;
            (*of == owner).then(|| heritage.clone())
        });
        found.ok().flatten()
    }

    /// This set, or none, with one value more or another one.
    pub(super) fn with(
        before: Option<&Self>,
        key: usize,
        value: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        let others = before.into_iter().flat_map(|before| before.0.iter());
        let others = others.filter(|(other, _)| *other != key).cloned();
        Self(others.chain([(key, value)]).collect())
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn get(&self, key: usize) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// Puts the set in force for the current task while `code` runs.
    pub(crate) fn in_force<R>(self, code: impl FnOnce() -> R) -> R {
        let owner = context::owner();
        let _leave = Leave(replace(Some((owner, self))));
        context::bequeathing(code)
    }
}

/// Puts the set before back in force.
struct Leave(Option<(usize, Heritage)>);

impl Drop for Leave {
    fn drop(&mut self) {
        // The user's values may be dropped with the set: not while the place is borrowed.
        drop(replace(self.0.take()));
    }
}

fn replace(set: Option<(usize, Heritage)>) -> Option<(usize, Heritage)> {
    let has_one = set.is_some();
    let mut set = Some(set);
    let replaced = IN_FORCE.try_with(|place| {
        HAS_ONE.set(has_one);
        set.take().and_then(|set| place.replace(set))
    });
    replaced.ok().flatten()
}

/// A set in force on this thread, whosoever: for code that takes it along when it suspends.
#[derive(Debug, Default)]
pub(super) struct InForce(Option<(usize, Heritage)>);

impl InForce {
    #[inline]
    pub(super) fn now() -> Self {
        if HAS_ONE.get() { Self::shared() } else { Self(None) }
    }

    /// Whether it is the one in force still.
    #[inline]
    pub(super) fn is_now(&self) -> bool {
        match &self.0 {
            None => !HAS_ONE.get(),
            Some(_) => *self == Self::shared(),
        }
    }

    #[cold]
    fn shared() -> Self {
        // None is in force any more while thread-locals are destroyed.
        Self(IN_FORCE.try_with(|set| set.borrow().clone()).ok().flatten())
    }

    #[inline]
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Takes it off the calling thread.
    pub(super) fn take_off() -> Self {
        Self(replace(None))
    }

    pub(super) fn put_back(self) {
        drop(replace(self.0));
    }
}

impl PartialEq for InForce {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some((of, set)), Some((other_of, other_set))) => of == other_of && set.is(other_set),
            _ => false,
        }
    }
}

/// What one task has inherited, until it ends.
#[derive(Default)]
pub(crate) struct Legacy(Mutex<Option<Heritage>>);

impl Legacy {
    pub(crate) fn new(heritage: Option<Heritage>) -> Self {
        Self(Mutex::new(heritage))
    }

    /// The set, if there is one. No user code runs under the lock: only a count is raised.
    pub(crate) fn share(&self) -> Option<Heritage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The task has ended: the caller drops its share.
    pub(crate) fn take(&self) -> Option<Heritage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
