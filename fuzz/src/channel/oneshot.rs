//! A channel for one value, against what both ends have done.
#![forbid(unsafe_code)]

use crate::Plan;
use qi_sync::channel::oneshot::{self, Receiver, Sender, TryRecvError};
use qi_test_kit::{Ledger, Token, WakeCount, poll_with};
use std::pin::Pin;
use std::task::{Context, Poll};

struct Pair {
    ledger: Ledger,
    sender: Option<Sender<Token>>,
    receiver: Option<Receiver<Token>>,
    /// Whether the receiver has closed the channel.
    closed: bool,
    /// Whether the value was sent and not taken.
    inside: bool,
    sender_waits: Option<WakeCount>,
    receiver_waits: Option<WakeCount>,
}

pub(super) fn run(plan: &mut Plan<'_>) {
    let ledger = Ledger::new();
    let mut pair = Pair::new(ledger.clone());
    while let Some(step) = plan.step(12) {
        pair.step(step, plan);
        pair.check();
    }
    drop(pair);
    ledger.assert_all_dropped();
}

impl Pair {
    fn new(ledger: Ledger) -> Self {
        let (sender, receiver) = oneshot::channel();
        Self {
            ledger,
            sender: Some(sender),
            receiver: Some(receiver),
            closed: false,
            inside: false,
            sender_waits: None,
            receiver_waits: None,
        }
    }

    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        match step {
            0 => self.send(),
            1 => {
                self.sender = None;
                self.sender_waits = None;
            }
            2 => {
                self.receiver = None;
                self.receiver_waits = None;
                self.inside = false;
            }
            3 => {
                if let Some(receiver) = &mut self.receiver {
                    receiver.close();
                    self.closed = true;
                    // Whoever closes knows, and is told nothing.
                    self.receiver_waits = None;
                }
            }
            4..=5 => self.try_recv(),
            6..=7 => self.poll_receiver(plan),
            8..=9 => self.poll_sender(plan),
            _ => {
                if plan.below(4) == 0 {
                    *self = Self::new(self.ledger.clone());
                }
            }
        }
    }

    fn send(&mut self) {
        let Some(sender) = self.sender.take() else { return };
        self.sender_waits = None;
        let is_refused = self.closed || self.receiver.is_none();
        assert_eq!(sender.is_closed(), is_refused);
        assert_eq!(sender.send(self.ledger.token(1)).is_err(), is_refused);
        self.inside = !is_refused;
    }

    /// What a receive must give; none if it has to wait.
    fn take(&mut self) -> Option<bool> {
        match (std::mem::take(&mut self.inside), self.sender.is_some() && !self.closed) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }

    fn try_recv(&mut self) {
        let expected = self.take();
        let Some(receiver) = &mut self.receiver else { return };
        let received = receiver.try_recv();
        match expected {
            Some(true) => assert!(received.is_ok(), "{received:?}"),
            Some(false) => assert_eq!(received, Err(TryRecvError::Closed)),
            None => assert_eq!(received, Err(TryRecvError::Empty)),
        }
    }

    fn poll_receiver(&mut self, plan: &mut Plan<'_>) {
        let expected = self.take();
        let Some(receiver) = &mut self.receiver else { return };
        let wakes = chosen(&mut self.receiver_waits, plan);
        let polled = poll_with(Pin::new(receiver), &wakes.waker());
        match (expected, polled) {
            (Some(true), Poll::Ready(Ok(_))) | (Some(false), Poll::Ready(Err(_))) => {}
            (None, Poll::Pending) => self.receiver_waits = Some(wakes),
            (expected, polled) => panic!("{polled:?} instead of {expected:?}"),
        }
    }

    fn poll_sender(&mut self, plan: &mut Plan<'_>) {
        let Some(sender) = &mut self.sender else { return };
        let wakes = chosen(&mut self.sender_waits, plan);
        let polled = sender.poll_closed(&mut Context::from_waker(&wakes.waker()));
        assert_eq!(polled.is_ready(), self.closed || self.receiver.is_none());
        if polled.is_pending() {
            self.sender_waits = Some(wakes);
        }
    }

    fn check(&self) {
        if let Some(wakes) = &self.receiver_waits {
            let is_over = self.inside || self.sender.is_none();
            assert!(wakes.is_woken() || !is_over, "the receiver was not told");
        }
        if let Some(wakes) = &self.sender_waits {
            let is_over = self.closed || self.receiver.is_none();
            assert_eq!(wakes.is_woken(), is_over, "what the sender was told is not so");
        }
        if let Some(receiver) = &self.receiver {
            assert_eq!(receiver.is_empty(), !self.inside);
        }
    }
}

/// The waker of the last poll, or another one.
fn chosen(waits: &mut Option<WakeCount>, plan: &mut Plan<'_>) -> WakeCount {
    let wakes = waits.take().filter(|_| plan.below(2) == 0).unwrap_or_default();
    wakes.take();
    wakes
}
