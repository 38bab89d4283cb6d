//! What senders and receivers of a broadcast channel share.
//!
//! # Protocol
//! Values lie in the order in which they were sent, each with the number of receivers that have not
//! had it; positions are counted from the first value of the channel. A receiver has had all before
//! its own position. Those that everybody has had are at the front, and are taken out at once.
//!
//! Values are kept behind an `Arc`, so that the user's `clone` and `drop` run outside of the lock;
//! the last receiver of a value gets it without a clone.
//!
//! # Rejected alternatives
//! Values in places of their own locks: a clone would run under a lock, and a clone that sends into
//! the same channel would lock up.
#![forbid(unsafe_code)]

use super::TryRecvError;
use crate::crowd::Crowd;
use crate::sync::{AtomicUsize, Mutex, lock};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

struct Entry<T> {
    value: Arc<T>,
    /// Receivers that have not had it.
    wanted: usize,
}

struct State<T> {
    entries: VecDeque<Entry<T>>,
    /// The position of the first entry.
    first: u64,
    receivers: usize,
    /// The senders are gone.
    is_closed: bool,
}

impl<T> State<T> {
    /// The position of the next value.
    fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// One receiver has had the entry, or does not want it any more.
    fn let_go(&mut self, position: u64) {
        let index = position.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.wanted -= 1;
        }
    }

    /// Takes the entries out that nobody wants, to be dropped outside of the lock.
    fn take_unwanted(&mut self, unwanted: &mut Vec<Arc<T>>) {
        while self.entries.front().is_some_and(|entry| entry.wanted == 0) {
            unwanted.extend(self.entries.pop_front().map(|entry| entry.value));
            self.first += 1;
        }
    }
}

pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    capacity: usize,
    /// Receivers that wait for a value. The lock of the state may be taken inside of its lock.
    pub(super) seekers: Mutex<Crowd>,
    /// Senders that wait until no receiver is left.
    pub(super) closers: Mutex<Crowd>,
    pub(super) senders: AtomicUsize,
    pub(super) weak_senders: AtomicUsize,
}

impl<T> Shared<T> {
    /// With one sender, and receivers that are yet to be added.
    pub(super) fn new(capacity: usize) -> Self {
        let entries = VecDeque::new();
        let state = State { entries, first: 0, receivers: 0, is_closed: false };
        Self {
            state: Mutex::new(state),
            capacity,
            seekers: Mutex::new(Crowd::new()),
            closers: Mutex::new(Crowd::new()),
            senders: AtomicUsize::new(1),
            weak_senders: AtomicUsize::new(0),
        }
    }

    /// Adds a value; answers how many receivers there are, or the value if there is none.
    pub(super) fn send(&self, value: T) -> Result<usize, T> {
        // Made outside of the lock; taken apart again if nobody is there.
        let value = Arc::new(value);
        let mut state = lock(&self.state);
        let receivers = state.receivers;
        if receivers == 0 {
            drop(state);
            return Arc::try_unwrap(value).map_or_else(|_| Ok(0), Err);
        }
        let replaced = if state.entries.len() == self.capacity {
            state.first += 1;
            state.entries.pop_front()
        } else {
            None
        };
        state.entries.push_back(Entry { value, wanted: receivers });
        drop(state);
        self.wake_seekers();
        drop(replaced.map(|entry| entry.value));
        Ok(receivers)
    }

    /// Adds a receiver; answers the position of what it gets first.
    pub(super) fn add_receiver(&self) -> u64 {
        let mut state = lock(&self.state);
        state.receivers += 1;
        state.next()
    }

    /// Removes a receiver, which had all before `position`.
    pub(super) fn remove_receiver(&self, position: u64) {
        let mut unwanted = Vec::new();
        let mut state = lock(&self.state);
        state.receivers -= 1;
        let is_last = state.receivers == 0;
        for position in position.max(state.first)..state.next() {
            state.let_go(position);
        }
        state.take_unwanted(&mut unwanted);
        drop(state);
        if is_last {
            let released = lock(&self.closers).release_all();
            released.wake();
        }
        // At last, because a value's drop may panic.
        drop(unwanted);
    }

    /// The value at `position`, which moves on.
    pub(super) fn take(&self, position: &mut u64) -> Result<Arc<T>, TryRecvError> {
        let mut state = lock(&self.state);
        if *position < state.first {
            let lost = state.first - *position;
            *position = state.first;
            return Err(TryRecvError::Lagged(lost));
        }
        // No loss: it is less than the number of entries, or there is nothing.
        let index = usize::try_from(*position - state.first).unwrap_or(usize::MAX);
        let Some(entry) = state.entries.get_mut(index) else {
            return Err(if state.is_closed { TryRecvError::Closed } else { TryRecvError::Empty });
        };
        entry.wanted -= 1;
        *position += 1;
        let is_last = entry.wanted == 0 && index == 0;
        if !is_last {
            return Ok(entry.value.clone());
        }
        // All before it are gone, so it is the first, and the only one that nobody wants: those
        // after it are wanted by this receiver.
        let entry = state.entries.pop_front();
        state.first += 1;
        drop(state);
        entry.map(|entry| entry.value).ok_or(TryRecvError::Empty)
    }

    /// Whether there is something to take, or nothing will come.
    pub(super) fn has_news(&self, position: u64) -> bool {
        let state = lock(&self.state);
        position < state.next() || state.is_closed
    }

    /// Says that the senders are gone.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.wake_seekers();
    }

    /// After a change of the state, and outside of its lock: a receiver that waits has looked at
    /// the state under the lock of the seekers, so it has seen the change or is found here.
    fn wake_seekers(&self) {
        let released = lock(&self.seekers).release_all();
        released.wake();
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.state).is_closed
    }

    pub(super) fn receivers(&self) -> usize {
        lock(&self.state).receivers
    }

    /// Values that are held.
    pub(super) fn len(&self) -> usize {
        lock(&self.state).entries.len()
    }

    /// Values from `position` on, those that were lost too.
    pub(super) fn len_from(&self, position: u64) -> u64 {
        lock(&self.state).next() - position
    }

    pub(super) fn senders(&self) -> usize {
        // Relaxed: a figure.
        self.senders.load(Relaxed)
    }
}
