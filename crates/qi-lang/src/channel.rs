//! Channels of 64 bits: a queue, and who waits at either end.
//!
//! # Protocol
//! A value that is put in wakes one receiver, which tries again; whoever takes one out and leaves more
//! behind wakes the next, so a value never lies there while a receiver sleeps. A sender that waits has
//! left its value: the receiver that makes room moves it in and notes that it is sent.
//! A select waits at the side (`watchers`), and is woken by any change. Wakes happen after the lock.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::strand::{Reason, Strand};

/// See the file.
pub(crate) struct Channel {
    state: Mutex<State>,
}

struct State {
    values: VecDeque<i64>,
    /// Values at most; `usize::MAX`: as many as there is memory for.
    capacity: usize,
    receivers: VecDeque<&'static Strand>,
    senders: VecDeque<(&'static Strand, i64)>,
    watchers: Vec<&'static Strand>,
}

/// Who is to be woken when the lock is free.
#[derive(Default)]
struct Wakes {
    first: Option<&'static Strand>,
    second: Option<&'static Strand>,
    watchers: Vec<&'static Strand>,
}

impl Wakes {
    fn go(self) {
        self.first.into_iter().chain(self.second).chain(self.watchers).for_each(Strand::wake);
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.values.len() >= self.capacity
    }

    fn put(&mut self, value: i64) -> Wakes {
        self.values.push_back(value);
        Wakes {
            first: self.receivers.pop_front(),
            second: None,
            watchers: std::mem::take(&mut self.watchers),
        }
    }

    fn take(&mut self) -> Option<(i64, Wakes)> {
        let value = self.values.pop_front()?;
        let mut wakes = Wakes::default();
        if !self.is_full() {
            if let Some((sender, next)) = self.senders.pop_front() {
                self.values.push_back(next);
                sender.sent();
                wakes.first = Some(sender);
            }
        }
        if !self.values.is_empty() {
            wakes.second = self.receivers.pop_front();
        }
        wakes.watchers = std::mem::take(&mut self.watchers);
        Some((value, wakes))
    }
}

impl Channel {
    /// One with room for so many values; without limit if that is not positive.
    pub(crate) fn new(capacity: i64) -> Self {
        let bounded = usize::try_from(capacity).ok().filter(|capacity| *capacity > 0);
        let state = State {
            values: VecDeque::new(),
            capacity: bounded.unwrap_or(usize::MAX),
            receivers: VecDeque::new(),
            senders: VecDeque::new(),
            watchers: Vec::new(),
        };
        Self { state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self) -> usize {
        ptr::from_ref(self) as usize
    }

    /// Puts a value in; whether there was room.
    pub(crate) fn try_send(&self, value: i64) -> bool {
        let mut state = self.lock();
        if state.is_full() {
            return false;
        }
        let wakes = state.put(value);
        drop(state);
        wakes.go();
        true
    }

    /// Takes a value out.
    pub(crate) fn try_receive(&self) -> Option<i64> {
        let mut state = self.lock();
        let (value, wakes) = state.take()?;
        drop(state);
        wakes.go();
        Some(value)
    }

    /// Lists a strand that wants a value; `false` if there is one.
    pub(crate) fn await_value(&self, strand: &'static Strand, fresh: bool) -> bool {
        let mut state = self.lock();
        if !state.values.is_empty() {
            return false;
        }
        strand.rest(Reason::Receive, self.key());
        if fresh || !state.receivers.iter().any(|one| ptr::eq(*one, strand)) {
            state.receivers.push_back(strand);
        }
        true
    }

    /// Takes it off the list; a wake that it has already got goes to the next, if there is a value.
    pub(crate) fn leave_receivers(&self, strand: &'static Strand) {
        let mut state = self.lock();
        let before = state.receivers.len();
        state.receivers.retain(|one| !ptr::eq(*one, strand));
        let next = if state.receivers.len() == before && !state.values.is_empty() {
            state.receivers.pop_front()
        } else {
            None
        };
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }

    /// Puts a value in, or lists a strand with it, which is told by [`Strand::take_sent`]; whether the
    /// value is in.
    pub(crate) fn send_or_await(&self, strand: &'static Strand, value: i64) -> bool {
        let mut state = self.lock();
        if state.is_full() {
            strand.rest(Reason::Send, self.key());
            state.senders.push_back((strand, value));
            return false;
        }
        let wakes = state.put(value);
        drop(state);
        wakes.go();
        true
    }

    /// Says again that a listed sender rests; `false` if its value was taken over meanwhile.
    pub(crate) fn is_listed_sender(&self, strand: &'static Strand) -> bool {
        let state = self.lock();
        let listed = state.senders.iter().any(|(one, _)| ptr::eq(*one, strand));
        if listed {
            strand.rest(Reason::Send, self.key());
        }
        listed
    }

    /// Takes a sender and its value off the list.
    pub(crate) fn leave_senders(&self, strand: &'static Strand) {
        self.lock().senders.retain(|(one, _)| !ptr::eq(*one, strand));
    }

    /// Has a strand woken by the next change at either end.
    pub(crate) fn watch(&self, strand: &'static Strand) {
        let mut state = self.lock();
        if !state.watchers.iter().any(|one| ptr::eq(*one, strand)) {
            state.watchers.push(strand);
        }
    }

    /// Takes that back.
    pub(crate) fn unwatch(&self, strand: &'static Strand) {
        self.lock().watchers.retain(|one| !ptr::eq(*one, strand));
    }

    /// Values in it, and how many fit.
    pub(crate) fn fill(&self) -> (usize, usize) {
        let state = self.lock();
        (state.values.len(), state.capacity)
    }
}
