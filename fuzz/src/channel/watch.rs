//! A channel for the newest value, against that value and who has seen it.
#![forbid(unsafe_code)]

use crate::Plan;
use qi_sync::channel::watch::{self, Receiver, RecvError, Sender};
use qi_test_kit::{Hand, Ledger, Token};
use std::task::Poll;

const MOST: usize = 8;

type Changed = (Receiver<Token>, Result<(), RecvError>);

struct World {
    ledger: Ledger,
    /// The number of the value.
    value: usize,
    senders: Vec<Sender<Token>>,
    /// With whether there is news for it.
    receivers: Vec<(bool, Receiver<Token>)>,
    waiting: Vec<(bool, Hand<'static, Changed>)>,
}

pub(super) fn run(plan: &mut Plan<'_>) {
    let ledger = Ledger::new();
    let (sender, receiver) = watch::channel(ledger.token(0));
    let mut world = World {
        ledger: ledger.clone(),
        value: 0,
        senders: vec![sender],
        receivers: vec![(false, receiver)],
        waiting: Vec::new(),
    };
    while let Some(step) = plan.step(14) {
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
            3 => self.look(plan),
            4 => self.mark(plan),
            5..=6 => self.wait(plan),
            7 => {
                if let Some(one) = plan.one_of(self.waiting.len()) {
                    self.poll_one(one);
                }
            }
            8 => drop(plan.take_one(&mut self.waiting)),
            9 => drop(plan.take_one(&mut self.receivers)),
            10 => self.subscribe(plan),
            11 => {
                if let Some(one) = plan.one_of(self.receivers.len()).filter(|_| self.is_small()) {
                    let (news, receiver) = &self.receivers[one];
                    let clone = (*news, receiver.clone());
                    self.receivers.push(clone);
                }
            }
            12 => {
                if let Some(one) = plan.one_of(self.senders.len()).filter(|_| self.is_small()) {
                    self.senders.push(self.senders[one].clone());
                }
            }
            _ => drop(plan.take_one(&mut self.senders)),
        }
    }

    fn listeners(&self) -> usize {
        self.receivers.len() + self.waiting.len()
    }

    fn is_small(&self) -> bool {
        self.senders.len() + self.listeners() < MOST
    }

    fn send(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.senders.len()) else { return };
        let (sender, number) = (&self.senders[one], self.value + 1);
        let token = self.ledger.token(number);
        let is_told = match plan.below(4) {
            0 => {
                assert_eq!(sender.send_replace(token).number(), self.value);
                true
            }
            1 => {
                sender.send_modify(|value| *value = token);
                true
            }
            // Changed, and nobody told.
            2 => sender.send_if_modified(|value| {
                *value = token;
                false
            }),
            _ if self.listeners() == 0 => {
                assert!(sender.send(token).is_err());
                return;
            }
            _ => sender.send(token).is_ok(),
        };
        self.value = number;
        let all = self.receivers.iter_mut().map(|(news, _)| news);
        all.chain(self.waiting.iter_mut().map(|(news, _)| news)).for_each(|news| *news |= is_told);
    }

    fn look(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.receivers.len()) else { return };
        let is_over = self.senders.is_empty();
        let (news, receiver) = &mut self.receivers[one];
        let expected = if *news {
            Ok(true)
        } else if is_over {
            Err(RecvError)
        } else {
            Ok(false)
        };
        assert_eq!(receiver.has_changed(), expected);
        assert_eq!((receiver.borrow().number(), receiver.borrow().is_new()), (self.value, *news));
        if plan.below(2) == 0 {
            let seen = receiver.borrow_and_update();
            assert_eq!((seen.number(), seen.is_new()), (self.value, std::mem::take(news)));
        }
    }

    fn mark(&mut self, plan: &mut Plan<'_>) {
        let Some(one) = plan.one_of(self.receivers.len()) else { return };
        let (news, receiver) = &mut self.receivers[one];
        *news = plan.below(2) == 0;
        if *news { receiver.mark_changed() } else { receiver.mark_unchanged() }
    }

    fn wait(&mut self, plan: &mut Plan<'_>) {
        let Some((news, mut receiver)) = plan.take_one(&mut self.receivers) else { return };
        let hand = Hand::new(async move {
            let changed = receiver.changed().await;
            (receiver, changed)
        });
        self.waiting.push((news, hand));
        self.poll_one(self.waiting.len() - 1);
    }

    fn poll_one(&mut self, one: usize) {
        let is_over = self.senders.is_empty();
        let (news, hand) = &mut self.waiting[one];
        hand.wakes.take();
        match hand.poll() {
            Poll::Ready((receiver, changed)) => {
                assert!(changed.is_ok() == *news && (*news || is_over), "{changed:?}");
                self.waiting.swap_remove(one);
                self.receivers.push((false, receiver));
            }
            Poll::Pending => assert!(!*news && !is_over, "it waits for what is there"),
        }
    }

    fn subscribe(&mut self, plan: &mut Plan<'_>) {
        if let Some(one) = plan.one_of(self.senders.len()).filter(|_| self.is_small()) {
            self.receivers.push((false, self.senders[one].subscribe()));
        }
    }

    fn check(&self) {
        for (news, hand) in &self.waiting {
            let is_over = *news || self.senders.is_empty();
            assert!(hand.wakes.is_woken() || !is_over, "a receiver was not told");
        }
        if let Some(sender) = self.senders.first() {
            assert_eq!(sender.borrow().number(), self.value);
            assert_eq!(sender.receiver_count(), self.listeners());
            assert_eq!(sender.is_closed(), self.listeners() == 0);
        }
    }
}
