//! Channels of 64 bits: a queue, and who waits at either end.
//!
//! # Protocol
//! A value that comes to waiting receivers wakes one, which tries again. No other is woken before that
//! one has come: it wakes the next if it leaves values behind. So a value never lies there while all
//! receivers sleep, and a burst wakes as many as can be of use. One who does not come is forgotten after
//! `PATIENCE` values. A sender that waits has left its value: the receiver that makes room moves it in
//! and notes that it is sent.
//! A select waits at the side (`watchers`), and is woken by any change. Wakes happen after the latch.
//!
//! # Memory ordering
//! `count` is written under the latch and read without: who reads it acquires what came before. An answer
//! that it gives alone, "empty" or "full", was true a moment ago; who parks looks again under the latch.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::here;
use crate::latch::Latch;
use crate::strand::{Reason, Strand};

/// Values that wake nobody while a receiver is on its way.
const PATIENCE: u32 = 64;

/// See the file.
pub(crate) struct Channel {
    /// Values at most; `usize::MAX`: as many as there is memory for.
    capacity: usize,
    /// Values in it.
    count: AtomicUsize,
    state: Latch<State>,
}

#[derive(Default)]
struct State {
    values: VecDeque<i64>,
    receivers: VecDeque<&'static Strand>,
    senders: VecDeque<(&'static Strand, i64)>,
    watchers: Vec<&'static Strand>,
    /// A receiver that was woken and has not come yet.
    coming: Option<&'static Strand>,
    /// Values that have come since.
    since: u32,
}

/// Who is to be woken when the latch is open.
#[derive(Default)]
struct Wakes {
    sender: Option<&'static Strand>,
    receiver: Option<&'static Strand>,
    watchers: Vec<&'static Strand>,
}

impl Wakes {
    #[inline]
    fn go(self) {
        if let Some(sender) = self.sender {
            sender.wake();
        }
        if let Some(receiver) = self.receiver {
            receiver.wake();
        }
        if !self.watchers.is_empty() {
            self.watchers.into_iter().for_each(Strand::wake);
        }
    }
}

impl State {
    /// A receiver to wake, if there is a value for it, and none is on its way.
    #[inline]
    fn next_receiver(&mut self) -> Option<&'static Strand> {
        if self.receivers.is_empty() || self.values.is_empty() {
            return None;
        }
        if self.coming.is_some() && self.since < PATIENCE {
            self.since += 1;
            return None;
        }
        self.since = 0;
        self.coming = self.receivers.pop_front();
        self.coming
    }

    #[inline]
    fn changed(&mut self) -> Vec<&'static Strand> {
        if self.watchers.is_empty() { Vec::new() } else { std::mem::take(&mut self.watchers) }
    }

    #[inline]
    fn put(&mut self, value: i64) -> Wakes {
        self.values.push_back(value);
        Wakes { sender: None, receiver: self.next_receiver(), watchers: self.changed() }
    }

    #[inline]
    fn take(&mut self, capacity: usize) -> Option<(i64, Wakes)> {
        let value = self.values.pop_front()?;
        let mut sender = None;
        if !self.senders.is_empty() && self.values.len() < capacity {
            if let Some((waiting, next)) = self.senders.pop_front() {
                self.values.push_back(next);
                waiting.sent();
                sender = Some(waiting);
            }
        }
        let receiver = self.next_receiver();
        Some((value, Wakes { sender, receiver, watchers: self.changed() }))
    }

    /// A receiver has come, or never will.
    #[inline]
    fn came(&mut self, strand: Option<&'static Strand>) {
        if self.coming.is_some_and(|coming| strand.is_some_and(|strand| ptr::eq(coming, strand))) {
            self.coming = None;
        }
    }
}

impl Channel {
    /// One with room for so many values; without limit if that is not positive.
    pub(crate) fn new(capacity: i64) -> Self {
        let bounded = usize::try_from(capacity).ok().filter(|capacity| *capacity > 0);
        Self {
            capacity: bounded.unwrap_or(usize::MAX),
            count: AtomicUsize::new(0),
            state: Latch::new(State::default()),
        }
    }

    fn key(&self) -> usize {
        ptr::from_ref(self) as usize
    }

    /// Works with the state, and keeps the count.
    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        self.state.hold(|state| {
            let result = work(state);
            // Release: see the file.
            self.count.store(state.values.len(), Ordering::Release);
            result
        })
    }

    /// Puts a value in; whether there was room.
    #[inline]
    pub(crate) fn try_send(&self, value: i64) -> bool {
        // Acquire: see the file.
        if self.count.load(Ordering::Acquire) >= self.capacity {
            return false;
        }
        let put =
            |state: &mut State| (state.values.len() < self.capacity).then(|| state.put(value));
        let Some(wakes) = self.with(put) else { return false };
        wakes.go();
        true
    }

    /// Takes a value out.
    #[inline]
    pub(crate) fn try_receive(&self) -> Option<i64> {
        // Acquire: see the file.
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let who = here::known();
        let (value, wakes) = self.with(|state| {
            state.came(who);
            state.take(self.capacity)
        })?;
        wakes.go();
        Some(value)
    }

    /// Lists a strand that wants a value; `false` if there is one.
    pub(crate) fn await_value(&self, strand: &'static Strand, fresh: bool) -> bool {
        self.state.hold(|state| {
            state.came(Some(strand));
            if !state.values.is_empty() {
                return false;
            }
            if fresh || !state.receivers.iter().any(|one| ptr::eq(*one, strand)) {
                state.receivers.push_back(strand);
            }
            strand.rest(Reason::Receive, self.key());
            true
        })
    }

    /// Takes it off the list; a wake that it has already got goes to the next, if there is a value.
    pub(crate) fn leave_receivers(&self, strand: &'static Strand) {
        let next = self.state.hold(|state| {
            state.came(Some(strand));
            let before = state.receivers.len();
            state.receivers.retain(|one| !ptr::eq(*one, strand));
            if state.receivers.len() == before { state.next_receiver() } else { None }
        });
        if let Some(next) = next {
            next.wake();
        }
    }

    /// Puts a value in, or lists a strand with it, which is told by [`Strand::take_sent`]; whether the
    /// value is in.
    pub(crate) fn send_or_await(&self, strand: &'static Strand, value: i64) -> bool {
        let wakes = self.with(|state| {
            if state.values.len() < self.capacity {
                return Some(state.put(value));
            }
            state.senders.push_back((strand, value));
            strand.rest(Reason::Send, self.key());
            None
        });
        let is_in = wakes.is_some();
        wakes.into_iter().for_each(Wakes::go);
        is_in
    }

    /// Says again that a listed sender rests; `false` if its value was taken over meanwhile.
    pub(crate) fn is_listed_sender(&self, strand: &'static Strand) -> bool {
        self.state.hold(|state| {
            let listed = state.senders.iter().any(|(one, _)| ptr::eq(*one, strand));
            if listed {
                strand.rest(Reason::Send, self.key());
            }
            listed
        })
    }

    /// Takes a sender and its value off the list.
    pub(crate) fn leave_senders(&self, strand: &'static Strand) {
        self.state.hold(|state| state.senders.retain(|(one, _)| !ptr::eq(*one, strand)));
    }

    /// Has a strand woken by the next change at either end.
    pub(crate) fn watch(&self, strand: &'static Strand) {
        self.state.hold(|state| {
            if !state.watchers.iter().any(|one| ptr::eq(*one, strand)) {
                state.watchers.push(strand);
            }
        });
    }

    /// Takes that back.
    pub(crate) fn unwatch(&self, strand: &'static Strand) {
        self.state.hold(|state| state.watchers.retain(|one| !ptr::eq(*one, strand)));
    }

    /// Values in it, and how many fit.
    pub(crate) fn fill(&self) -> (usize, usize) {
        // Acquire: see the file.
        (self.count.load(Ordering::Acquire), self.capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena;
    use crate::strand::Kind;

    fn parked(channel: &Channel) -> &'static Strand {
        // Held: woken without a queue.
        let strand = arena::claim(Kind::Goroutine);
        assert!(channel.await_value(strand, true));
        strand
    }

    #[test]
    fn burst_wakes_one_receiver_and_each_who_comes_the_next() {
        let channel = Channel::new(0);
        let all: Vec<_> = (0..3).map(|_| parked(&channel)).collect();
        let rest = |of: &[&'static Strand]| of.iter().filter(|one| one.rests().is_some()).count();
        (0..10).for_each(|value| assert!(channel.try_send(value)));
        assert_eq!(rest(&all), 2);
        // The first one comes.
        assert!(!channel.await_value(all[0], true));
        assert_eq!(channel.try_receive(), Some(0));
        assert_eq!(rest(&all), 1);
        assert_eq!(channel.try_receive(), Some(1));
        assert_eq!(rest(&all), 1, "the second is on its way");
        // It is cancelled: the third is told.
        channel.leave_receivers(all[1]);
        assert_eq!(rest(&all), 0);
    }

    #[test]
    fn receiver_that_does_not_come_is_waited_for_in_vain_for_a_while_only() {
        let channel = Channel::new(0);
        let all = [parked(&channel), parked(&channel)];
        for value in 0..2 + i64::from(PATIENCE) {
            channel.try_send(value);
        }
        assert!(all.iter().all(|one| one.rests().is_none()));
    }

    #[test]
    fn full_channel_takes_over_what_waits_in_its_order() {
        let channel = Channel::new(1);
        assert!(channel.try_send(1) && !channel.try_send(2));
        let sender = arena::claim(Kind::Goroutine);
        assert!(!channel.send_or_await(sender, 2) && channel.is_listed_sender(sender));
        assert_eq!(channel.try_receive(), Some(1));
        assert!(sender.take_sent() && !channel.is_listed_sender(sender));
        assert_eq!((channel.try_receive(), channel.try_receive()), (Some(2), None));
    }
}
