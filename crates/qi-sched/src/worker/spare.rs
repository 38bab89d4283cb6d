//! Threads without a seat, and how one is handed a seat.
//!
//! # Protocol
//! A thread without a seat puts itself on the list ([`Spare::join`]) and sleeps. Whoever has a seat to hand
//! over takes a thread off the list and leaves the seat in that thread's [`Offer`], both under the list's
//! lock; then it wakes the thread. A thread that has slept enough takes itself off
//! ([`Spare::withdraw`]): if it is not on the list any more, an offer is there. So no seat is offered to a
//! thread that has gone, and none is offered twice. (I79)
#![forbid(unsafe_code)]

use crate::sync::{Mutex, lock};
use std::sync::Arc;

/// Where a seat is left for one thread.
#[derive(Debug)]
pub(crate) struct Offer<S>(Mutex<Option<S>>);

impl<S> Offer<S> {
    /// Nothing is offered.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn put(&self, seat: S) {
        let before = lock(&self.0).replace(seat);
        debug_assert!(before.is_none(), "a spare thread is offered one seat");
    }

    /// Takes what is offered.
    pub(crate) fn take(&self) -> Option<S> {
        lock(&self.0).take()
    }
}

/// The threads that would take a seat.
#[derive(Debug)]
pub(crate) struct Spare<T>(Mutex<Vec<Arc<T>>>);

impl<T> Spare<T> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Puts a thread on the list.
    pub(crate) fn join(&self, thread: &Arc<T>) {
        lock(&self.0).push(thread.clone());
    }

    /// Takes a thread off the list; `false` if somebody has taken it off to give it a seat.
    pub(crate) fn withdraw(&self, thread: &Arc<T>) -> bool {
        let mut list = lock(&self.0);
        let before = list.len();
        list.retain(|other| !Arc::ptr_eq(other, thread));
        list.len() < before
    }

    /// Offers a seat to a thread of the list, which the caller then wakes; without one the seat comes back.
    pub(crate) fn hand<S>(
        &self,
        seat: S,
        offer: impl FnOnce(&T) -> &Offer<S>,
    ) -> Result<Arc<T>, S> {
        let mut list = lock(&self.0);
        let Some(thread) = list.pop() else { return Err(seat) };
        #[cfg(qi_mutant = "seat_offered_off_the_list")]
        drop(list);
        offer(&thread).put(seat);
        Ok(thread)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        lock(&self.0).clone()
    }
}

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Self::new()
    }
}
