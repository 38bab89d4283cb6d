//! Futures of channels dropped at every poll: values sent are values received, plus values given
//! back, plus values that were left in the channel and are dropped once.
#![forbid(unsafe_code)]

use qi_sync::channel::{broadcast, mpmc, mpsc, watch};
use qi_test_kit::{DropAtEveryPoll, Ledger, Token, WakeCount, poll_once, poll_with};
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

/// A channel under test, and what became of its values.
struct World {
    ledger: Ledger,
    tx: mpsc::Sender<Token>,
    rx: mpmc::Receiver<Token>,
    received: RefCell<Vec<usize>>,
    given_back: Cell<usize>,
}

impl World {
    fn new((tx, rx): (mpsc::Sender<Token>, mpmc::Receiver<Token>), full: usize) -> Self {
        let ledger = Ledger::new();
        for number in 0..full {
            assert!(tx.try_send(ledger.token(number)).is_ok());
        }
        Self { ledger, tx, rx, received: RefCell::default(), given_back: Cell::new(0) }
    }

    fn send(&self) {
        if self.tx.try_send(self.ledger.token(100)).is_err() {
            self.given_back.set(self.given_back.get() + 1);
        }
    }

    fn receive(&self) {
        if let Ok(token) = self.rx.try_recv() {
            self.received.borrow_mut().push(token.number());
        }
    }

    /// One if the value that a sending future took along is with nobody else.
    fn unsent(&self, number: usize) -> usize {
        let is_received = self.received.borrow().contains(&number);
        let left: Vec<Token> = std::iter::from_fn(|| self.rx.try_recv().ok()).collect();
        let is_left = left.iter().any(|token| token.number() == number);
        self.received.borrow_mut().extend(left.iter().map(Token::number));
        usize::from(!is_received && !is_left)
    }

    /// What was made is accounted for: received, given back, or still in the channel.
    fn assert_balanced(&self, more: usize) {
        let left = self.rx.len();
        let accounted = self.received.borrow().len() + self.given_back.get() + left + more;
        assert_eq!(self.ledger.made(), accounted, "{left} left, {more} besides");
        while self.rx.try_recv().is_ok() {}
        self.ledger.assert_all_dropped();
    }
}

type Pair = (mpsc::Sender<Token>, mpmc::Receiver<Token>);

fn each_kind(body: impl Fn(&dyn Fn() -> Pair, bool)) {
    body(&|| mpmc::bounded(1), true);
    body(&|| mpmc::bounded(3), true);
    body(&|| mpmc::unbounded(), true);
    body(&|| mpmc::rendezvous(), false);
}

#[test]
fn a_receive_dropped_at_every_poll_loses_no_value() {
    each_kind(|make, _| {
        let summary = DropAtEveryPoll::new(|| World::new(make(), 0))
            .steps(3, |world, step| if step == 1 { world.receive() } else { world.send() })
            .run(
                |world| Box::pin(world.rx.recv()),
                |world, run| {
                    let received = run.output.flatten().map(drop);
                    world.assert_balanced(usize::from(received.is_some()));
                },
            );
        assert!(summary.dropped > 3);
    });
}

/// A sending future that was polled often enough to have its value where a receiver finds it.
fn offer(world: &World) -> Option<Pin<Box<mpsc::Sending<'_, Token>>>> {
    let mut send = Box::pin(world.tx.send(world.ledger.token(9)));
    poll_once(send.as_mut()).is_pending().then_some(send)
}

#[test]
fn a_receiver_that_was_woken_and_goes_away_wakes_the_next() {
    each_kind(|make, _| {
        let world = World::new(make(), 0);
        let (first, second) = (WakeCount::new(), WakeCount::new());
        let mut fickle = Box::pin(world.rx.recv());
        let mut steady = Box::pin(world.rx.recv());
        assert!(poll_with(fickle.as_mut(), &first.waker()).is_pending());
        assert!(poll_with(steady.as_mut(), &second.waker()).is_pending());
        let offer = offer(&world);
        assert_eq!((first.count(), second.count()), (1, 0));
        drop(fickle);
        assert_eq!(second.count(), 1, "the wake-up was passed on");
        let got = poll_once(steady.as_mut());
        assert!(matches!(&got, Poll::Ready(Some(token)) if token.number() == 9));
        drop((steady, offer, got));
        assert_eq!((first.held(), second.held()), (0, 0));
        world.ledger.assert_all_dropped();
    });
}

#[test]
fn a_value_handed_to_a_receiver_that_goes_away_stays_for_the_next() {
    let world = World::new(mpmc::rendezvous(), 0);
    let mut fickle = Box::pin(world.rx.recv());
    assert!(poll_once(fickle.as_mut()).is_pending());
    world.send();
    assert_eq!((world.given_back.get(), world.rx.len()), (0, 1));
    drop(fickle);
    let mut steady = Box::pin(world.rx.recv());
    assert!(matches!(poll_once(steady.as_mut()), Poll::Ready(Some(_))));
    world.ledger.assert_all_dropped();
}

#[test]
fn a_send_dropped_at_every_poll_delivers_its_value_or_drops_it() {
    each_kind(|make, stores| {
        let full = if stores { 1 } else { 0 };
        let summary = DropAtEveryPoll::new(|| World::new(make(), full))
            .steps(2, |world, _| world.receive())
            .run(
                |world| {
                    let token = world.ledger.token(7);
                    Box::pin(world.tx.send(token))
                },
                |world, run| {
                    let unsent = world.unsent(7);
                    assert!(!(run.is_complete() && unsent == 1), "nobody closes it");
                    world.assert_balanced(unsent);
                },
            );
        assert!(summary.completed > 0);
    });
}

#[test]
fn a_send_dropped_at_every_poll_leaves_its_place_to_another() {
    DropAtEveryPoll::new(|| (World::new(mpmc::bounded(1), 1), RefCell::new(None)))
        .may_keep_wakers()
        .steps(2, |(world, other), step| {
            if step == 0 {
                let (tx, token) = (world.tx.clone(), world.ledger.token(8));
                let mut send = Box::pin(async move { tx.send(token).await });
                if poll_once(send.as_mut()).is_pending() {
                    *other.borrow_mut() = Some(send);
                }
            } else {
                world.receive();
            }
        })
        .run(
            |(world, _)| {
                let token = world.ledger.token(7);
                Box::pin(world.tx.send(token))
            },
            |(world, other), run| {
                let waits =
                    other.take().is_some_and(|mut other| poll_once(other.as_mut()).is_pending());
                let was_dropped = !run.is_complete();
                assert!(!(waits && world.rx.is_empty()), "there is room, and it waits");
                world.assert_balanced(usize::from(waits) + usize::from(was_dropped));
            },
        );
}

#[test]
fn a_send_dropped_at_every_poll_while_the_channel_closes_gives_its_value_back() {
    each_kind(|make, stores| {
        DropAtEveryPoll::new(|| World::new(make(), usize::from(stores)))
            .steps(2, |world, step| {
                if step == 0 {
                    world.receive();
                } else {
                    world.rx.close();
                }
            })
            .run(
                |world| {
                    let token = world.ledger.token(7);
                    Box::pin(world.tx.send(token))
                },
                |world, run| {
                    let unsent = world.unsent(7);
                    if let Some(sent) = run.output {
                        assert_eq!(sent.is_err(), unsent == 1, "what it says is so");
                    }
                    world.assert_balanced(unsent);
                },
            );
    });
}

#[test]
fn reservations_dropped_at_every_poll_give_their_places_back() {
    for count in [1, 2] {
        DropAtEveryPoll::new(|| World::new(mpmc::bounded(2), 2))
            .steps(2, |world, _| world.receive())
            .run(
                |world| Box::pin(async move { world.tx.reserve_many(count).await.map(drop) }),
                |world, _| {
                    let room = world.tx.capacity();
                    assert_eq!(room, Some(2 - world.rx.len()), "a place was lost");
                    world.assert_balanced(0);
                },
            );
    }
}

#[test]
fn a_wait_for_the_end_dropped_at_every_poll_keeps_nothing() {
    each_kind(|make, _| {
        DropAtEveryPoll::new(|| World::new(make(), 0))
            .steps(1, |world, _| assert!(world.rx.close()))
            .run(|world| Box::pin(world.tx.closed()), |world, _| world.assert_balanced(0));
    });
}

#[test]
fn many_receives_dropped_at_every_poll_lose_no_value() {
    each_kind(|make, _| {
        DropAtEveryPoll::new(|| (World::new(make(), 0), RefCell::new(Vec::new())))
            .steps(3, |(world, _), _| world.send())
            .run(
                |(world, buffer)| {
                    Box::pin(async move {
                        let mut taken = Vec::new();
                        let count = world.rx.recv_many(&mut taken, 2).await;
                        buffer.borrow_mut().append(&mut taken);
                        count
                    })
                },
                |(world, buffer), run| {
                    let taken = buffer.take();
                    assert_eq!(taken.len(), run.output.unwrap_or(0));
                    let more = taken.len();
                    drop(taken);
                    world.assert_balanced(more);
                },
            );
    });
}

#[test]
fn a_broadcast_receive_dropped_at_every_poll_loses_no_value() {
    let world = || {
        let (tx, rx) = broadcast::channel(2);
        (tx, rx, Ledger::new())
    };
    let summary = DropAtEveryPoll::new(world)
        .steps(2, |(tx, _, ledger), step| drop(tx.send(Arc::new(ledger.token(step)))))
        .run(
            |(tx, ..)| {
                let mut rx = tx.subscribe();
                Box::pin(async move { rx.recv().await.map(|token| token.number()) })
            },
            |(tx, rx, ledger), run| {
                assert!(run.output.is_none_or(|got| got.is_ok()), "it keeps up");
                assert_eq!((tx.len(), rx.len()), (2, 2), "the other receiver has both to come");
                assert_eq!(ledger.alive(), 2);
            },
        );
    assert!(summary.completed > 0 && summary.dropped > 0);
}

#[test]
fn a_watch_dropped_at_every_poll_misses_no_change() {
    let world = || {
        let (tx, rx) = watch::channel(0);
        (RefCell::new(Some(tx)), rx)
    };
    DropAtEveryPoll::new(world)
        .steps(2, |(tx, _), step| {
            if step == 0 {
                tx.borrow().as_ref().expect("it lives").send_replace(1);
            } else {
                drop(tx.take());
            }
        })
        .run(
            |(_, rx)| {
                let mut rx = rx.clone();
                Box::pin(async move { rx.changed().await.map(|()| *rx.borrow()) })
            },
            |(_, rx), run| {
                assert!(run.output.is_none_or(|seen| seen == Ok(1)), "the change came first");
                assert_eq!(*rx.borrow(), 1);
            },
        );
}
