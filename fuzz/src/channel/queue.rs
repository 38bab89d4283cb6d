//! Channels of one value to one receiver, bounded, unbounded and without room, with places reserved.
//!
//! Who waits is polled only when it was woken, so that a forgotten wake-up shows: when nobody is woken any
//! more, nobody may wait for a value, a place or an end that is there.
#![forbid(unsafe_code)]

use super::history::{History, Span};
use crate::Plan;
use qi_sync::channel::mpmc::{
    self, OwnedPermit, Receiver, ReserveError, Sender, TryRecvError, TrySendError,
};
use qi_test_kit::{Hand, Ledger, Token};
use std::task::Poll;

const MOST: usize = 6;

/// Something that waits, or has not been polled yet.
struct Waiting<T> {
    hand: Hand<'static, T>,
    number: usize,
    begin: u64,
    is_new: bool,
}

struct Queue {
    ledger: Ledger,
    history: History,
    /// `None`: without a limit.
    capacity: Option<usize>,
    /// Rises with each call.
    time: u64,
    closed: bool,
    senders: Vec<Sender<Token>>,
    receivers: Vec<Receiver<Token>>,
    permits: Vec<OwnedPermit<Token>>,
    sending: Vec<Waiting<bool>>,
    reserving: Vec<Waiting<Option<OwnedPermit<Token>>>>,
    receiving: Vec<Waiting<Option<Token>>>,
}

pub(super) fn run(plan: &mut Plan<'_>) {
    let capacity = match plan.below(6) {
        0 => Some(0),
        1 => None,
        room => Some([1, 2, 3, 8][room - 2]),
    };
    let (sender, receiver) = match capacity {
        Some(0) => mpmc::rendezvous(),
        Some(room) => mpmc::bounded(room),
        None => mpmc::unbounded(),
    };
    let ledger = Ledger::new();
    let mut queue = Queue {
        ledger: ledger.clone(),
        history: History::default(),
        capacity,
        time: 0,
        closed: false,
        senders: vec![sender],
        receivers: vec![receiver],
        permits: Vec::new(),
        sending: Vec::new(),
        reserving: Vec::new(),
        receiving: Vec::new(),
    };
    while let Some(step) = plan.step(20) {
        queue.time += 1;
        queue.step(step, plan);
    }
    queue.settle();
    drop(queue);
    ledger.assert_all_dropped();
}

impl Queue {
    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        match step {
            0..=1 => self.try_send(plan),
            2..=3 => self.try_recv(plan),
            4..=5 => self.send(plan),
            6..=7 => self.receive(plan),
            8 => self.reserve(plan),
            9 => self.use_permit(plan),
            10 => self.poll_some(plan),
            11 => drop(take(&mut self.sending, plan)),
            12 => drop(take(&mut self.receiving, plan)),
            13 => drop(take(&mut self.reserving, plan)),
            14 => {
                if let Some(one) = plan.one_of(self.senders.len()).filter(|_| self.is_small()) {
                    self.senders.push(self.senders[one].clone());
                }
            }
            15 => {
                if let Some(one) = plan.one_of(self.receivers.len()).filter(|_| self.is_small()) {
                    self.receivers.push(self.receivers[one].clone());
                }
            }
            16 => drop(take(&mut self.senders, plan)),
            17 => drop(take(&mut self.receivers, plan)),
            18 => self.close(plan),
            _ => self.settle(),
        }
    }

    fn is_small(&self) -> bool {
        self.senders.len() + self.receivers.len() < MOST
    }

    /// Whether nobody can receive.
    fn refuses(&self) -> bool {
        self.closed || self.receivers.len() + self.receiving.len() == 0
    }

    fn now(&self) -> Span {
        Span { begin: self.time, end: self.time }
    }

    fn try_send(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.senders.len()) else { return };
        let number = self.history.begin();
        let length = self.senders[one].len();
        match self.senders[one].try_send(self.ledger.token(number)) {
            Ok(()) => {
                assert!(!self.refuses(), "accepted by a channel that is closed");
                self.history.accepted(number, self.now());
            }
            Err(TrySendError::Closed(token)) => {
                assert!(self.refuses() && token.number() == number);
            }
            Err(TrySendError::Full(token)) => {
                assert!(!self.refuses() && token.number() == number);
                let waiting = self.sending.len() + self.reserving.len() + self.permits.len();
                let room = self.capacity.expect("an unbounded channel is never full");
                assert!(room == 0 || waiting > 0 || length == room, "full with {length} values");
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn try_recv(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.receivers.len()) else { return };
        match self.receivers[one].try_recv() {
            Ok(token) => self.history.received(token.number(), self.now()),
            Err(TryRecvError::Closed) => {
                let is_over = self.closed || self.senders_alive() == 0;
                assert!(is_over && self.receivers[one].is_empty(), "it is not closed and empty");
            }
            Err(TryRecvError::Empty) => {
                let alone = self.sending.is_empty() && self.receiving.is_empty();
                assert!(!alone || self.history.inside() == 0, "there was a value");
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Senders, and what keeps one.
    fn senders_alive(&self) -> usize {
        self.senders.len() + self.sending.len() + self.reserving.len() + self.permits.len()
    }

    fn send(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.senders.len()) else { return };
        if self.sending.len() == MOST {
            return;
        }
        let (sender, number) = (self.senders[one].clone(), self.history.begin());
        let token = self.ledger.token(number);
        let hand = Hand::new(async move { sender.send(token).await.is_ok() });
        self.sending.push(Waiting { hand, number, begin: self.time, is_new: true });
    }

    fn receive(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.receivers.len()) else { return };
        if self.receiving.len() == MOST {
            return;
        }
        let receiver = self.receivers[one].clone();
        let hand = Hand::new(async move { receiver.recv().await });
        self.receiving.push(Waiting { hand, number: 0, begin: self.time, is_new: true });
    }

    fn reserve(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.senders.len()) else { return };
        if self.capacity == Some(0) || self.reserving.len() + self.permits.len() == MOST {
            return;
        }
        let sender = self.senders[one].clone();
        if plan.below(2) == 0 {
            match sender.try_reserve_owned() {
                Ok(permit) => self.permits.push(permit),
                Err((ReserveError::Closed, _)) => assert!(self.refuses()),
                Err((ReserveError::Full, _)) => assert!(self.capacity.is_some()),
                Err((error, _)) => panic!("{error}"),
            }
            return;
        }
        let hand = Hand::new(async move { sender.reserve_owned().await.ok() });
        self.reserving.push(Waiting { hand, number: 0, begin: self.time, is_new: true });
    }

    /// Sends by a place that was reserved, or gives it back.
    fn use_permit(&mut self, plan: &mut Plan<'_>) {
        let Some(permit) = take(&mut self.permits, plan) else { return };
        match plan.below(3) {
            0 => {
                let number = self.history.begin();
                match permit.send(self.ledger.token(number)) {
                    Ok(sender) => {
                        self.history.accepted(number, self.now());
                        self.keep(sender);
                    }
                    Err(_) => assert!(self.refuses(), "a place was of no use"),
                }
            }
            1 => self.keep(permit.release()),
            _ => drop(permit),
        }
    }

    fn keep(&mut self, sender: Sender<Token>) {
        if self.is_small() {
            self.senders.push(sender);
        }
    }

    fn close(&mut self, plan: &mut Plan<'_>) {
        if plan.below(4) > 0 {
            return;
        }
        if let Some(one) = plan.one_of(self.receivers.len()) {
            self.receivers[one].close();
            self.closed = true;
        }
    }

    fn poll_some(&mut self, plan: &mut Plan<'_>) {
        match plan.below(3) {
            0 => drop(plan.one_of(self.sending.len()).map(|one| self.poll_send(one))),
            1 => drop(plan.one_of(self.receiving.len()).map(|one| self.poll_receive(one))),
            _ => drop(plan.one_of(self.reserving.len()).map(|one| self.poll_reserve(one))),
        }
    }

    /// Polls one; whether it is through.
    fn poll_send(&mut self, one: usize) -> bool {
        let Poll::Ready(is_sent) = self.sending[one].poll() else { return false };
        let waiting = self.sending.swap_remove(one);
        if is_sent {
            let span = Span { begin: waiting.begin, end: self.time };
            self.history.accepted(waiting.number, span);
        } else {
            assert!(self.refuses(), "an open channel refused a value");
        }
        true
    }

    fn poll_receive(&mut self, one: usize) -> bool {
        let Poll::Ready(received) = self.receiving[one].poll() else { return false };
        let waiting = self.receiving.swap_remove(one);
        match received {
            Some(token) => {
                let span = Span { begin: waiting.begin, end: self.time };
                self.history.received(token.number(), span);
            }
            None => assert!(self.closed || self.senders_alive() == 0, "an end that is none"),
        }
        true
    }

    fn poll_reserve(&mut self, one: usize) -> bool {
        let Poll::Ready(permit) = self.reserving[one].poll() else { return false };
        self.reserving.swap_remove(one);
        match permit {
            Some(permit) => self.permits.push(permit),
            None => assert!(self.refuses(), "an open channel refused a place"),
        }
        true
    }

    /// Polls who is new or was woken until nobody is, and looks at who waits then.
    fn settle(&mut self) {
        loop {
            self.time += 1;
            if let Some(one) = woken(&self.sending) {
                self.poll_send(one);
            } else if let Some(one) = woken(&self.receiving) {
                self.poll_receive(one);
            } else if let Some(one) = woken(&self.reserving) {
                self.poll_reserve(one);
            } else {
                return self.check_settled();
            }
        }
    }

    fn check_settled(&self) {
        let wants_place = self.sending.len() + self.reserving.len();
        if wants_place > 0 {
            assert!(!self.refuses(), "a sender waits at a channel that is closed");
            let room = self.capacity.expect("nobody waits for room in an unbounded channel");
            // Places that are reserved are in the way of one and of no use to the other.
            let meet = !self.receiving.is_empty() && self.permits.is_empty();
            assert!(!meet, "a sender and a receiver wait for each other");
            let used = self.history.inside() + self.permits.len();
            assert!(room == 0 || used >= room, "a sender waits, and {used} of {room} are used");
        }
        if !self.receiving.is_empty() {
            assert!(self.senders_alive() > 0, "a receiver waits for senders that are gone");
            assert!(!self.closed || !self.permits.is_empty(), "a receiver waits for nothing");
            assert_eq!(self.history.inside(), 0, "a receiver waits for a value that is there");
        }
        if let Some(receiver) = self.receivers.first() {
            assert_eq!(receiver.len(), self.history.inside());
            // Without room a value lies there that was handed to a receiver who then gave up.
            assert!(self.capacity.is_none_or(|room| room == 0 || receiver.len() <= room));
        }
    }
}

impl<T> Waiting<T> {
    fn poll(&mut self) -> Poll<T> {
        self.is_new = false;
        self.hand.wakes.take();
        self.hand.poll()
    }
}

fn woken<T>(waiting: &[Waiting<T>]) -> Option<usize> {
    waiting.iter().position(|one| one.is_new || one.hand.wakes.is_woken())
}

fn take<T>(from: &mut Vec<T>, plan: &mut Plan<'_>) -> Option<T> {
    plan.one_of(from.len()).map(|one| from.swap_remove(one))
}
