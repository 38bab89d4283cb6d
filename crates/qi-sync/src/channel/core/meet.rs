//! A channel without room: a sender meets a receiver. (I34)
//!
//! # Protocol
//! All state lies behind one lock. A sending future leaves its value in its own entry among the
//! *offers*; a receiver takes it out of there, at the poll that returns it, and only then the
//! send is complete. A sending future that is dropped earlier takes its value along.
//!
//! Who cannot wait (`try_send`, a permit) *hands* its value to the receivers that wait, if there
//! are more of them than values handed and permits given: the receiver that polls next gets it. If
//! the receiver goes away instead, the value stays first in the channel for the next one.
//!
//! A receiver that was woken and goes away wakes the next, if there is something to take.
//!
//! Values are moved under the lock, but never dropped; wakers are cloned, woken and dropped outside.
#![forbid(unsafe_code)]

use super::line::Want;
use super::seekers::Seat;
use super::store::Closed;
use crate::channel::queue::Refused;
use crate::sync::{Mutex, lock};
use qi_sched::context;
use qi_sched::wait_queue::{WaitQueue, WaiterKey, WakeList};
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

pub(crate) struct Meet<T>(Mutex<State<T>>);

struct State<T> {
    /// Sending futures with their values; a value that is gone was taken.
    offers: WaitQueue<Option<T>>,
    /// Receiving futures.
    seekers: WaitQueue<()>,
    /// Their number, with those that were popped and not polled since.
    seeking: usize,
    /// Values of senders that could not wait.
    handed: VecDeque<T>,
    /// Futures that wait for permits.
    wants: WaitQueue<Want>,
    permits: usize,
    /// Those who wait for the end.
    closers: WaitQueue<()>,
    is_closed: bool,
}

impl<T> State<T> {
    /// Receivers that nobody has promised anything.
    fn demand(&self) -> usize {
        self.seeking.saturating_sub(self.handed.len() + self.permits)
    }

    /// Gives permits to those who wait for them, most urgent first, as long as their wakers fit
    /// into `woken`; `true` if they do not.
    fn let_in(&mut self, woken: &mut WakeList) -> bool {
        while let Some(next) = self.wants.next() {
            let Some(&Want::Places(count)) = self.wants.payload(next) else { return false };
            if self.is_closed || count > self.demand() {
                return false;
            }
            if woken.is_full() {
                return true;
            }
            let Some(popped) = self.wants.pop() else { return false };
            if let Some(want) = self.wants.payload_mut(popped.key) {
                *want = Want::LetIn;
            }
            self.permits += count;
            woken.push(popped.waker);
        }
        false
    }

    fn is_end(&self) -> bool {
        self.is_closed && self.permits == 0
    }

    /// Takes a value, if there is one, and the waker of its sender.
    fn take(&mut self) -> Option<(T, Option<Waker>)> {
        if let Some(value) = self.handed.pop_front() {
            return Some((value, None));
        }
        let popped = self.offers.pop()?;
        let value = self.offers.payload_mut(popped.key)?.take()?;
        Some((value, Some(popped.waker)))
    }
}

impl<T> Meet<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            offers: WaitQueue::new(),
            seekers: WaitQueue::new(),
            seeking: 0,
            handed: VecDeque::new(),
            wants: WaitQueue::new(),
            permits: 0,
            closers: WaitQueue::new(),
            is_closed: false,
        }))
    }

    pub(super) fn try_send(&self, value: T) -> Result<(), (Refused, T)> {
        let mut state = lock(&self.0);
        if state.is_closed {
            return Err((Refused::Closed, value));
        }
        if state.demand() == 0 || !state.wants.is_empty() {
            return Err((Refused::Full, value));
        }
        state.handed.push_back(value);
        let next = state.seekers.pop();
        drop(state);
        crate::wake::wake_all(next.map(|popped| popped.waker));
        Ok(())
    }

    /// The body of a sending future. The value comes back into `value` if the channel is closed.
    #[inline(never)]
    pub(super) fn poll_send(
        &self,
        value: &mut Option<T>,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.0);
        let Some(key) = *seat else {
            if value.is_none() {
                // It was polled after its end, and has nothing to offer.
                drop(state);
                drop(waker);
                return Poll::Ready(Ok(()));
            }
            if state.is_closed {
                drop(state);
                drop(waker);
                return Poll::Ready(Err(Closed));
            }
            *seat = Some(state.offers.insert(context::lane(), waker, value.take()));
            let next = state.seekers.pop();
            drop(state);
            crate::wake::wake_all(next.map(|popped| popped.waker));
            return Poll::Pending;
        };
        let was_taken = state.offers.payload(key).is_none_or(Option::is_none);
        if !was_taken && !state.is_closed {
            state.offers.set_lane(key, context::lane());
            let replaced = state.offers.set_waker(key, waker);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        *seat = None;
        let removed = state.offers.remove(key);
        drop(state);
        if was_taken {
            return Poll::Ready(Ok(()));
        }
        *value = removed.and_then(|removed| removed.payload);
        Poll::Ready(Err(Closed))
    }

    /// Takes an offer back; the value, unless a receiver has it.
    pub(super) fn withdraw_offer(&self, seat: &mut Option<WaiterKey>) -> Option<T> {
        let removed = lock(&self.0).offers.remove(seat.take()?)?;
        removed.payload
    }

    pub(super) fn try_reserve(&self, count: usize) -> Result<(), Refused> {
        let mut state = lock(&self.0);
        if state.is_closed {
            return Err(Refused::Closed);
        }
        if count > state.demand() || !state.wants.is_empty() {
            return Err(Refused::Full);
        }
        state.permits += count;
        Ok(())
    }

    /// The body of a future that waits for permits.
    pub(super) fn poll_reserve(
        &self,
        count: usize,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        let waker = cx.waker().clone();
        let mut woken = WakeList::new();
        let mut state = lock(&self.0);
        let mut replaced = None;
        let key = match *seat {
            Some(key) => {
                state.wants.set_lane(key, context::lane());
                replaced = state.wants.set_waker(key, waker);
                key
            }
            None => state.wants.insert(context::lane(), waker, Want::Places(count)),
        };
        let more = state.let_in(&mut woken);
        let is_in = state.wants.payload(key) == Some(&Want::LetIn);
        let is_closed = state.is_closed && !is_in;
        let removed = (is_in || is_closed).then(|| state.wants.remove(key));
        *seat = removed.is_none().then_some(key);
        drop(state);
        drop((removed, replaced));
        woken.wake_all();
        if more {
            self.let_in();
        }
        match (is_in, is_closed) {
            (true, _) => Poll::Ready(Ok(())),
            (_, true) => Poll::Ready(Err(Closed)),
            _ => Poll::Pending,
        }
    }

    /// Takes a future that waits for permits out, and gives back what it may have got.
    pub(super) fn leave_line(&self, count: usize, seat: &mut Option<WaiterKey>) {
        let Some(key) = seat.take() else { return };
        let removed = lock(&self.0).wants.remove(key);
        match removed {
            Some(removed) if removed.payload == Want::LetIn => self.release(count),
            _ => self.let_in(),
        }
    }

    fn let_in(&self) {
        let mut woken = WakeList::new();
        let mut more = true;
        while more {
            more = lock(&self.0).let_in(&mut woken);
            woken.wake_all();
        }
    }

    /// Hands a value over by a permit.
    pub(super) fn send_reserved(&self, value: T) {
        let mut state = lock(&self.0);
        state.permits -= 1;
        state.handed.push_back(value);
        let next = state.seekers.pop();
        let is_end = state.is_end();
        drop(state);
        crate::wake::wake_all(next.map(|popped| popped.waker));
        if is_end {
            self.wake_receivers();
        }
    }

    /// Gives permits back.
    pub(super) fn release(&self, count: usize) {
        let mut state = lock(&self.0);
        state.permits -= count;
        let is_end = state.is_end();
        drop(state);
        if is_end {
            self.wake_receivers();
        }
        self.let_in();
    }

    /// `Err(true)` is the end.
    pub(super) fn try_recv(&self) -> Result<T, bool> {
        let mut state = lock(&self.0);
        let taken = state.take();
        let is_end = state.is_end();
        drop(state);
        match taken {
            Some((value, sender)) => {
                crate::wake::wake_all(sender);
                Ok(value)
            }
            None => Err(is_end),
        }
    }

    /// The body of a receiving future; `None` is the end.
    #[inline(never)]
    pub(super) fn poll_recv(&self, seat: &mut Seat, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Cloned before the lock, dropped after it: wakers are user code.
        let mut waker = Some(cx.waker().clone());
        let (mut woken, mut more) = (WakeList::new(), false);
        let mut state = lock(&self.0);
        let taken = state.take();
        let mut old = None;
        let outcome = match taken {
            Some((value, sender)) => {
                if let Some(sender) = sender {
                    woken.push(sender);
                }
                Poll::Ready(Some(value))
            }
            None if state.is_end() => Poll::Ready(None),
            None => Poll::Pending,
        };
        if outcome.is_ready() {
            if let Some(key) = std::mem::take(seat).key() {
                state.seeking -= 1;
                old = state.seekers.remove(key).and_then(|removed| removed.waker);
            }
        } else if let Some(waker) = waker.take() {
            let lane = context::lane();
            *seat = Seat::Queued(match seat.key() {
                Some(key) if state.seekers.is_waiting(key) => {
                    state.seekers.set_lane(key, lane);
                    old = state.seekers.set_waker(key, waker);
                    key
                }
                Some(key) => {
                    old = state.seekers.remove(key).and_then(|removed| removed.waker);
                    state.seekers.insert_first(lane, waker, ())
                }
                None => {
                    state.seeking += 1;
                    state.seekers.insert(lane, waker, ())
                }
            });
            more = state.let_in(&mut woken);
        }
        drop(state);
        drop((old, waker));
        woken.wake_all();
        if more {
            self.let_in();
        }
        outcome
    }

    /// Takes a receiver out that gives up.
    pub(super) fn leave_seekers(&self, seat: &mut Seat) {
        let Some(key) = std::mem::take(seat).key() else { return };
        let mut state = lock(&self.0);
        let removed = state.seekers.remove(key);
        state.seeking -= 1;
        let was_woken = removed.as_ref().is_some_and(|removed| !removed.was_waiting);
        let has_some = !state.handed.is_empty() || !state.offers.is_empty();
        let next = if was_woken && has_some { state.seekers.pop() } else { None };
        drop(state);
        drop(removed);
        crate::wake::wake_all(next.map(|popped| popped.waker));
    }

    fn wake_receivers(&self) {
        let mut woken = WakeList::new();
        lock(&self.0).seekers.dismiss_all();
        let mut more = true;
        while more {
            more = lock(&self.0).seekers.pop_dismissed(&mut woken);
            woken.wake_all();
        }
    }

    /// Lets nobody in any more; `false` if that was so before.
    pub(super) fn close(&self) -> bool {
        {
            let mut state = lock(&self.0);
            if std::mem::replace(&mut state.is_closed, true) {
                return false;
            }
            state.offers.dismiss_all();
            state.wants.dismiss_all();
            state.closers.dismiss_all();
        }
        let mut woken = WakeList::new();
        let mut more = true;
        while more {
            let mut state = lock(&self.0);
            more = state.offers.pop_dismissed(&mut woken)
                || state.wants.pop_dismissed(&mut woken)
                || state.closers.pop_dismissed(&mut woken);
            drop(state);
            woken.wake_all();
        }
        self.wake_receivers();
        true
    }

    /// The body of a future that waits for the end.
    pub(super) fn poll_closed(
        &self,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.0);
        if state.is_closed {
            drop(state);
            drop(waker);
            self.leave_closers(seat);
            return Poll::Ready(());
        }
        let old = match *seat {
            Some(key) => state.closers.set_waker(key, waker),
            None => {
                *seat = Some(state.closers.insert(context::lane(), waker, ()));
                None
            }
        };
        drop(state);
        drop(old);
        Poll::Pending
    }

    pub(super) fn leave_closers(&self, seat: &mut Option<WaiterKey>) {
        if let Some(key) = seat.take() {
            let removed = lock(&self.0).closers.remove(key);
            drop(removed);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.0).is_closed
    }

    pub(super) fn is_end(&self) -> bool {
        let state = lock(&self.0);
        state.is_end() && state.handed.is_empty()
    }

    /// Permits that could be had now.
    pub(super) fn demand(&self) -> usize {
        lock(&self.0).demand()
    }

    /// Values handed and not taken yet.
    pub(super) fn len(&self) -> usize {
        lock(&self.0).handed.len()
    }
}
