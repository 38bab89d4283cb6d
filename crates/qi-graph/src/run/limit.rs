//! At most so many nodes at a time: places that nodes hold, across a run and those within it.
//!
//! # Protocol
//! A node holds a place from its beginning to its end, but for pauses between attempts. While it
//! waits for a graph of its own it lends its place: the inner run's nodes take it, from a limit of
//! one that belongs to the node, or one of the outermost run's. So an inner run can always go on,
//! and the number of nodes that do something never exceeds the limit (I47).
//!
//! A run that finds no place leaves itself in the list of starved ones, under the lock that the
//! places are counted under: whoever gives one back finds it there and has it look again. As long
//! as it is there the run does not end, though it may have no task; it is taken off when it stops
//! or has no nodes left.

use super::{Live, Shared, lock};
use std::fmt;
use std::sync::{Arc, Mutex};

/// So many places.
pub(crate) struct Limit {
    state: Mutex<State>,
}

struct State {
    free: usize,
    starved: Vec<Live>,
}

impl Limit {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { free: places, starved: Vec::new() }) })
    }

    /// Changes the free places if there is one; else the run will be called when there is.
    fn look(&self, run: &Arc<Shared>, take: usize) -> bool {
        let mut state = lock(&self.state);
        if state.free > 0 {
            state.free -= take;
            return true;
        }
        let is_there = state.starved.iter().any(|starved| Arc::ptr_eq(starved.run(), run));
        // A stop sets its mark before it takes the run off the list.
        if !is_there && !run.is_stopped() {
            state.starved.push(Live::new(run.clone()));
        }
        false
    }

    /// Takes a run off the list.
    fn forget(&self, run: &Shared) {
        let mut state = lock(&self.state);
        let place = state.starved.iter().position(|starved| std::ptr::eq(&**starved.run(), run));
        let live = place.map(|place| state.starved.swap_remove(place));
        drop(state);
        // Here the run may end.
        drop(live);
    }

    fn give_back(&self) {
        let mut state = lock(&self.state);
        state.free += 1;
        let starved = std::mem::take(&mut state.starved);
        drop(state);
        // All of them: one alone may have found its place elsewhere meanwhile.
        starved.iter().for_each(|live| live.run().look_for_work());
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        let (free, starved) = (state.free, state.starved.len());
        f.debug_struct("Limit").field("free", &free).field("starved", &starved).finish()
    }
}

/// A place that is held; it is given back by dropping it.
#[derive(Debug)]
pub(crate) struct Place(Arc<Limit>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// The limits that a run takes places from: none, its own, or its node's and the outermost run's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    limits: Vec<Arc<Limit>>,
}

impl Places {
    pub(crate) fn of(limit: Option<usize>) -> Self {
        Self { limits: limit.map(Limit::new).into_iter().collect() }
    }

    /// Those of a run inside a node that lends its place.
    pub(crate) fn within(&self, lent: &Arc<Limit>) -> Self {
        let outermost = self.limits.last().cloned();
        Self { limits: outermost.into_iter().flat_map(|limit| [lent.clone(), limit]).collect() }
    }

    #[inline]
    pub(crate) fn are_unlimited(&self) -> bool {
        self.limits.is_empty()
    }

    /// Takes a place; if there is none the run will be called.
    pub(crate) fn take(&self, run: &Arc<Shared>) -> Option<Place> {
        self.limits.iter().find(|limit| limit.look(run, 1)).map(|limit| Place(limit.clone()))
    }

    /// The run does not want to be called any more.
    pub(crate) fn forget(&self, run: &Shared) {
        self.limits.iter().for_each(|limit| limit.forget(run));
    }

    /// Whether there is a place now; if not the run will be called.
    #[inline]
    pub(crate) fn has_room(&self, run: &Arc<Shared>) -> bool {
        self.are_unlimited() || self.limits.iter().any(|limit| limit.look(run, 0))
    }
}
