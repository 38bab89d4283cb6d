//! A channel in which every receiver gets every value, against the list of all values.
#![forbid(unsafe_code)]

use crate::Plan;
use qi_sync::channel::broadcast::{self, Receiver, RecvError, Sender, TryRecvError};
use qi_test_kit::{Hand, Ledger, Token};
use std::task::Poll;

const MOST: usize = 5;

type Received = (Receiver<Token>, Result<Token, RecvError>);

struct World {
    ledger: Ledger,
    capacity: usize,
    /// Values that were sent so far: the number of each is its place.
    sent: usize,
    senders: Vec<Sender<Token>>,
    /// With the number of what comes next.
    receivers: Vec<(usize, Receiver<Token>)>,
    waiting: Vec<(usize, Hand<'static, Received>)>,
}

pub(super) fn run(plan: &mut Plan<'_>) {
    let ledger = Ledger::new();
    let capacity = 1 + plan.below(6);
    let (sender, receiver) = broadcast::channel(capacity);
    let mut world = World {
        ledger: ledger.clone(),
        capacity,
        sent: 0,
        senders: vec![sender],
        receivers: vec![(0, receiver)],
        waiting: Vec::new(),
    };
    while let Some(step) = plan.step(12) {
        world.step(step, plan);
        world.check();
    }
    drop(world);
    ledger.assert_all_dropped();
}

impl World {
    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        match step {
            0..=2 => self.send(plan),
            3..=4 => self.try_recv(plan),
            5 => self.wait(plan),
            6 => self.poll(plan),
            7 => drop(plan.take_one(&mut self.waiting)),
            8 => drop(plan.take_one(&mut self.receivers)),
            9 => self.subscribe(plan),
            10 => {
                if let Some(one) = plan.one_of(self.senders.len()).filter(|_| self.is_small()) {
                    self.senders.push(self.senders[one].clone());
                }
            }
            _ => drop(plan.take_one(&mut self.senders)),
        }
    }

    fn is_small(&self) -> bool {
        self.senders.len() + self.listeners() < MOST + MOST
    }

    fn listeners(&self) -> usize {
        self.receivers.len() + self.waiting.len()
    }

    fn send(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.senders.len()) else { return };
        match self.senders[one].send(self.ledger.token(self.sent)) {
            Ok(count) => {
                assert_eq!(count, self.listeners());
                assert!(count > 0);
                self.sent += 1;
            }
            Err(error) => {
                assert_eq!((self.listeners(), error.into_inner().number()), (0, self.sent));
            }
        }
    }

    /// What one whose next value is `position` gets, and where it stands then.
    fn next(&self, position: usize) -> (usize, Option<Result<usize, RecvError>>) {
        let oldest = self.sent.saturating_sub(self.capacity);
        match position {
            lost if lost < oldest => (oldest, Some(Err(RecvError::Lagged((oldest - lost) as u64)))),
            next if next < self.sent => (next + 1, Some(Ok(next))),
            end if self.senders.is_empty() => (end, Some(Err(RecvError::Closed))),
            end => (end, None),
        }
    }

    fn try_recv(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.receivers.len()) else { return };
        let (after, expected) = self.next(self.receivers[one].0);
        let (position, receiver) = &mut self.receivers[one];
        let received = receiver.try_recv().map(|token| token.number());
        assert_eq!(
            received,
            match expected {
                Some(Ok(number)) => Ok(number),
                Some(Err(RecvError::Lagged(count))) => Err(TryRecvError::Lagged(count)),
                Some(Err(_)) => Err(TryRecvError::Closed),
                None => Err(TryRecvError::Empty),
            }
        );
        *position = after;
    }

    fn wait(&mut self, plan: &mut Plan<'_>) {
        let Some((position, mut receiver)) = plan.take_one(&mut self.receivers) else { return };
        let hand = Hand::new(async move {
            let received = receiver.recv().await;
            (receiver, received)
        });
        self.waiting.push((position, hand));
        self.poll_one(self.waiting.len() - 1);
    }

    fn poll(&mut self, plan: &mut Plan<'_>) {
        if let Some(one) = plan.one_of(self.waiting.len()) {
            self.poll_one(one);
        }
    }

    fn poll_one(&mut self, one: usize) {
        let (after, expected) = self.next(self.waiting[one].0);
        let hand = &mut self.waiting[one].1;
        hand.wakes.take();
        match hand.poll() {
            Poll::Ready((receiver, received)) => {
                assert_eq!(Some(received.map(|token| token.number())), expected);
                self.waiting.swap_remove(one);
                self.receivers.push((after, receiver));
            }
            Poll::Pending => assert_eq!(expected, None),
        }
    }

    fn subscribe(&mut self, plan: &mut Plan<'_>) {
        if !self.is_small() {
            return;
        }
        if let Some(one) = plan.one_of(self.senders.len()) {
            self.receivers.push((self.sent, self.senders[one].subscribe()));
        } else if let Some(one) = plan.one_of(self.receivers.len()) {
            self.receivers.push((self.sent, self.receivers[one].1.resubscribe()));
        }
    }

    fn check(&self) {
        for (position, hand) in &self.waiting {
            let has_news = self.next(*position).1.is_some();
            assert!(hand.wakes.is_woken() || !has_news, "a receiver was not told");
        }
        for (position, receiver) in &self.receivers {
            assert_eq!(receiver.len(), self.sent - position);
            assert_eq!(receiver.is_closed(), self.senders.is_empty());
        }
        if let Some(sender) = self.senders.first() {
            assert_eq!(sender.receiver_count(), self.listeners());
            assert_eq!(sender.sender_count(), self.senders.len());
        }
    }
}
