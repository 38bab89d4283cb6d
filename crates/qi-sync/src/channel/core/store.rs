//! A queue together with those who wait at its two ends. (I32, I33)
//!
//! # Protocol
//! *Receivers.* One that finds nothing enters itself under the lock, sets SEEK, and looks once more;
//! so of it and a sender that publishes, one sees the other: the sender's claim finds SEEK, or the
//! receiver finds the claim. If it finds a claim whose value is not published yet it stays awake,
//! since nobody may tell it. Whoever claims over SEEK pops one receiver when its value is there;
//! the flag goes with the last. A receiver that was popped and goes away pops the next.
//!
//! *Senders.* One that finds no room enters itself under the lock, sets HOLD and LINE, and lets in
//! whom it can, perhaps itself. While HOLD is set no newcomer claims room: it goes to those in
//! line, in their order, as reservations. Whoever takes a value over LINE, gives reservations back
//! over HOLD, or leaves the line, lets in whom it can.
//!
//! *End.* CLOSED is set first, then all who wait are woken. Reservations stay good; a receiver has
//! seen the end when the queue is closed, empty, and nothing is reserved; who uses the last
//! reservation of a closed queue up wakes all receivers.
//!
//! Values are moved under the locks, but never dropped; wakers are cloned, woken and dropped
//! outside.
#![forbid(unsafe_code)]

use super::line::{Line, Queues, Standing, Which, refresh};
use super::seekers::{Seat, Seekers};
use crate::channel::queue::{Claim, Popped, Pushed, Queue, Refused, Turn, Word};
use crate::sync::{Mutex, Spin, lock};
use crate::wake::wake_all;
use qi_sched::context;
use qi_sched::wait_queue::{WaiterKey, WakeList};
use std::task::{Context, Poll};

use super::line::Want;

/// The channel is closed.
#[derive(Debug)]
pub(crate) struct Closed;

pub(crate) struct Store<T> {
    pub(super) queue: Queue<T>,
    seekers: Mutex<Seekers>,
    line: Mutex<Line>,
}

/// Whether a receiver that found nothing has seen the end.
#[inline]
fn is_end(word: Word) -> bool {
    word.is_closed() && word.reserved() == 0
}

impl<T> Store<T> {
    pub(super) fn new(queue: Queue<T>, shared: bool) -> Self {
        let seekers = Mutex::new(Seekers::new(shared));
        Self { queue, seekers, line: Mutex::new(Line::default()) }
    }

    /// Puts a value in if there is room for newcomers.
    #[inline]
    pub(super) fn try_send(&self, value: T) -> Result<(), (Refused, T)> {
        let pushed = self.queue.push(Claim::Room, value)?;
        self.tell_receivers(pushed);
        Ok(())
    }

    /// Puts a value in by a reservation.
    pub(super) fn send_reserved(&self, value: T) {
        if let Ok(pushed) = self.queue.push(Claim::Reservation, value) {
            self.tell_receivers(pushed);
            // Without a limit, those in line wait for promises, and one was used up.
            if pushed.word.holds() && self.queue.capacity().is_none() {
                self.let_in();
            }
        }
    }

    #[inline]
    fn tell_receivers(&self, pushed: Pushed) {
        if pushed.word.seeks() {
            self.wake_receiver();
        }
        if is_end(pushed.word) {
            self.wake_receivers();
        }
    }

    /// Wakes the most urgent receiver that waits.
    #[inline(never)]
    fn wake_receiver(&self) {
        let mut seekers = lock(&self.seekers);
        let waker = seekers.pop();
        if seekers.is_empty() {
            self.queue.set_seek(false);
        }
        drop(seekers);
        wake_all(waker);
    }

    #[cold]
    fn wake_receivers(&self) {
        let mut woken = WakeList::new();
        let mut seekers = lock(&self.seekers);
        seekers.dismiss_all();
        let mut more = true;
        while more {
            more = seekers.pop_dismissed(&mut woken);
            if seekers.is_empty() {
                self.queue.set_seek(false);
            }
            drop(seekers);
            woken.wake_all();
            seekers = lock(&self.seekers);
        }
    }

    /// The first part of a sending future's body: without a wait. The value is taken out of `value`
    /// when it is sent. `None` if it has to wait in line.
    #[inline]
    pub(super) fn send_now(
        &self,
        value: &mut Option<T>,
        seat: &Option<WaiterKey>,
    ) -> Option<Result<(), Closed>> {
        if seat.is_some() {
            return None;
        }
        let Some(mine) = value.take() else { return Some(Ok(())) };
        let (why, mine) = match self.try_send(mine) {
            Ok(()) => return Some(Ok(())),
            Err(refused) => refused,
        };
        *value = Some(mine);
        (why == Refused::Closed).then_some(Err(Closed))
    }

    /// The body of a future that waits for `count` reservations.
    pub(super) fn poll_reserve(
        &self,
        count: usize,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        if let Some(key) = *seat {
            let (standing, waker) = {
                let mut line = lock(&self.line);
                line.queues().settle(key, self.queue.word().is_closed())
            };
            drop(waker);
            return self.stand(standing, key, seat, cx);
        }
        match self.queue.reserve(count, Turn::Newcomer) {
            Ok(()) => return Poll::Ready(Ok(())),
            Err(Refused::Closed) => return Poll::Ready(Err(Closed)),
            Err(Refused::Full) => {}
        }
        let waker = cx.waker().clone();
        let mut woken = WakeList::new();
        let mut line = lock(&self.line);
        let queues = line.queues();
        let key = queues.wants.insert(context::lane(), waker, Want::Places(count));
        self.queue.set_line(true);
        let more = self.let_in_some(queues, &mut woken);
        let (standing, waker) = queues.settle(key, self.queue.word().is_closed());
        if !matches!(standing, Standing::Waiting) {
            drop(line);
            drop(waker);
        } else {
            *seat = Some(key);
            drop(line);
        }
        woken.wake_all();
        if more {
            self.let_in();
        }
        match standing {
            Standing::LetIn => Poll::Ready(Ok(())),
            Standing::Closed => Poll::Ready(Err(Closed)),
            Standing::Waiting => Poll::Pending,
        }
    }

    /// Acts on how a wait in line stands.
    fn stand(
        &self,
        standing: Standing,
        key: WaiterKey,
        seat: &mut Option<WaiterKey>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        match standing {
            Standing::Waiting => {
                if refresh(&self.line, Which::Wants, key, cx) {
                    // It may have gone before one for whom there is no room. If it is let in it
                    // is woken as any other.
                    self.let_in();
                }
                return Poll::Pending;
            }
            Standing::LetIn => *seat = None,
            Standing::Closed => {
                *seat = None;
                return Poll::Ready(Err(Closed));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes a sender out of the line, and gives back what it may have got.
    pub(super) fn leave_line(&self, count: usize, seat: &mut Option<WaiterKey>) {
        let Some(key) = seat.take() else { return };
        let removed = lock(&self.line).queues().wants.remove(key);
        let Some(removed) = removed else { return };
        if removed.payload == Want::LetIn {
            self.release(count);
        } else {
            // Perhaps the one behind it wants less, or nobody is left.
            self.let_in();
        }
        drop(removed);
    }

    /// Gives reservations back.
    pub(super) fn release(&self, count: usize) {
        let word = self.queue.release(count);
        if word.holds() {
            self.let_in();
        }
        if is_end(word) {
            self.wake_receivers();
        }
    }

    /// Gives the room that there is to those in line.
    #[cold]
    fn let_in(&self) {
        let mut woken = WakeList::new();
        let mut more = true;
        while more {
            let mut line = lock(&self.line);
            more = line.existing().is_some_and(|queues| self.let_in_some(queues, &mut woken));
            drop(line);
            woken.wake_all();
        }
    }

    /// Lets in those for whom there is room, as long as their wakers fit into `woken`; `true` if
    /// they do not.
    fn let_in_some(&self, queues: &mut Queues, woken: &mut WakeList) -> bool {
        loop {
            if woken.is_full() {
                return true;
            }
            let Some(next) = queues.wants.next() else {
                self.queue.set_line(false);
                return false;
            };
            let Some(&Want::Places(count)) = queues.wants.payload(next) else { return false };
            if self.queue.reserve(count, Turn::First).is_err() {
                return false;
            }
            if let Some(popped) = queues.wants.pop() {
                if let Some(want) = queues.wants.payload_mut(popped.key) {
                    *want = Want::LetIn;
                }
                woken.push(popped.waker);
            }
        }
    }

    /// Takes a value out, and lets a sender in.
    #[inline]
    pub(super) fn try_recv(&self, pop: &mut impl FnMut(&Queue<T>) -> Popped<T>) -> Result<T, Word> {
        let mut spin = Spin::default();
        loop {
            match pop(&self.queue) {
                Popped::Value(value, line) => {
                    self.tell_senders(line);
                    return Ok(value);
                }
                Popped::Empty(word) => return Err(word),
                Popped::Busy => spin.wait(),
            }
        }
    }

    #[inline]
    fn tell_senders(&self, line: bool) {
        if line {
            self.let_in();
        }
    }

    /// The body of a receiving future; `None` is the end.
    #[inline]
    pub(super) fn poll_recv(
        &self,
        pop: &mut impl FnMut(&Queue<T>) -> Popped<T>,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        match pop(&self.queue) {
            Popped::Value(value, line) => {
                if *seat != Seat::None {
                    self.end_wait(seat);
                }
                self.tell_senders(line);
                Poll::Ready(Some(value))
            }
            Popped::Empty(word) if is_end(word) => {
                self.end_wait(seat);
                Poll::Ready(None)
            }
            Popped::Empty(_) => self.wait_for_value(pop, seat, cx),
            Popped::Busy => self.poll_patiently(pop, seat, cx),
        }
    }

    /// Gives a thread that is between two instructions the time for the second.
    #[cold]
    fn poll_patiently(
        &self,
        pop: &mut impl FnMut(&Queue<T>) -> Popped<T>,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        let mut spin = Spin::default();
        while spin.wait_briefly() {
            if let Popped::Value(value, line) = pop(&self.queue) {
                self.end_wait(seat);
                self.tell_senders(line);
                return Poll::Ready(Some(value));
            }
        }
        self.wait_for_value(pop, seat, cx)
    }

    /// Enters a receiver among those who wait, and looks once more.
    #[inline(never)]
    fn wait_for_value(
        &self,
        pop: &mut impl FnMut(&Queue<T>) -> Popped<T>,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        let known = *seat != Seat::None && lock(&self.seekers).waits_with(*seat, cx.waker());
        let waker = (!known).then(|| cx.waker().clone());
        let mut seekers = lock(&self.seekers);
        let mut old = None;
        if let Some(waker) = waker {
            old = seekers.enrol(seat, waker);
        } else if !seekers.waits_with(*seat, cx.waker()) {
            // Popped between the two locks: its waker is being woken, and it will be polled again.
            return Poll::Pending;
        }
        self.queue.set_seek(true);
        // The mutant misses what was sent since the first look.
        if cfg!(qi_mutant = "seek_without_second_look") {
            return Poll::Pending;
        }
        let popped = pop(&self.queue);
        let mut mine = None;
        let is_over = match &popped {
            Popped::Value(..) => true,
            Popped::Empty(word) => is_end(*word),
            Popped::Busy => false,
        };
        if is_over {
            mine = seekers.withdraw(seat).1;
            if seekers.is_empty() {
                self.queue.set_seek(false);
            }
        }
        drop(seekers);
        drop((old, mine));
        match popped {
            Popped::Value(value, line) => {
                self.tell_senders(line);
                Poll::Ready(Some(value))
            }
            Popped::Empty(_) if is_over => Poll::Ready(None),
            Popped::Empty(_) => Poll::Pending,
            Popped::Busy => {
                // Its sender may have claimed before SEEK was set, and tell nobody.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Takes a receiver that got what it wanted out of those who wait.
    #[inline(never)]
    fn end_wait(&self, seat: &mut Seat) -> bool {
        if *seat == Seat::None {
            return true;
        }
        let mut seekers = lock(&self.seekers);
        let (was_waiting, waker) = seekers.withdraw(seat);
        if seekers.is_empty() {
            self.queue.set_seek(false);
        }
        drop(seekers);
        drop(waker);
        was_waiting
    }

    /// Takes a receiver that gives up out of those who wait. If it was woken for a value another
    /// one is woken in its stead.
    pub(super) fn leave_seekers(&self, seat: &mut Seat) {
        // The mutant keeps the wake-up.
        if !self.end_wait(seat) && !cfg!(qi_mutant = "seek_keeps_wake_up") {
            self.wake_receiver();
        }
    }

    /// Lets nobody in any more; `false` if that was so before.
    pub(super) fn close(&self) -> bool {
        if self.queue.close().is_closed() {
            return false;
        }
        self.wake_receivers();
        let mut woken = WakeList::new();
        lock(&self.line).dismiss_all();
        let mut more = true;
        while more {
            more = lock(&self.line).pop_dismissed(&mut woken);
            woken.wake_all();
        }
        true
    }

    /// The body of a future that waits for the end.
    pub(super) fn poll_closed(
        &self,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.queue.word().is_closed() {
            self.leave_closers(seat);
            return Poll::Ready(());
        }
        if let Some(key) = *seat {
            refresh(&self.line, Which::Closers, key, cx);
        } else {
            let waker = cx.waker().clone();
            *seat = Some(lock(&self.line).insert_closer(waker));
        }
        // Looked at after the lock: who closes takes it later, and finds us.
        if self.queue.word().is_closed() {
            self.leave_closers(seat);
            return Poll::Ready(());
        }
        Poll::Pending
    }

    pub(super) fn leave_closers(&self, seat: &mut Option<WaiterKey>) {
        if let Some(key) = seat.take() {
            let waker = lock(&self.line).remove_closer(key);
            drop(waker);
        }
    }
}
