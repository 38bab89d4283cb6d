//! Every future of the locks, dropped at each of its polls, in every interleaving with what the
//! rest of the world does: no turn is lost, and no lock stays taken.
#![forbid(unsafe_code)]

use qi_sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use qi_test_kit::{DropAtEveryPoll, Hand};
use std::cell::RefCell;
use std::sync::Arc;
use std::task::Poll;

/// Another waiter of the lock: not polled yet, waiting, or done.
enum Other<G: 'static> {
    Waits(Hand<'static, G>),
    Done,
}

impl<G> Other<G> {
    /// Polls it, and drops what it gets at once.
    fn poll(&mut self) {
        if let Self::Waits(hand) = self {
            if let Poll::Ready(guard) = hand.poll() {
                drop(guard);
                *self = Self::Done;
            }
        }
    }

    /// It must come to its end with no more wake-ups than it has got.
    fn must_finish(&mut self) {
        while let Self::Waits(hand) = self {
            assert!(hand.wakes.take() > 0, "another waiter was forgotten");
            self.poll();
        }
    }
}

struct MutexWorld {
    mutex: Arc<Mutex<()>>,
    held: RefCell<Option<OwnedMutexGuard<()>>>,
    other: RefCell<Other<OwnedMutexGuard<()>>>,
}

fn mutex_world() -> MutexWorld {
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.clone().try_lock_owned();
    let other = Other::Waits(Hand::new(mutex.clone().lock_owned()));
    MutexWorld { mutex, held: RefCell::new(held), other: RefCell::new(other) }
}

#[test]
fn requests_for_a_mutex_lose_no_turn() {
    let summary = DropAtEveryPoll::new(mutex_world)
        .steps(4, |world, step| match step {
            0 | 2 => world.other.borrow_mut().poll(),
            1 => drop(world.held.take()),
            // Somebody takes it in between, for a moment.
            _ => drop(world.mutex.try_lock()),
        })
        .run(
            |world| Box::pin(world.mutex.clone().lock_owned()),
            |world, run| {
                drop(run.output);
                world.other.borrow_mut().must_finish();
                assert!(world.mutex.try_lock().is_some(), "nobody has it any more");
            },
        );
    assert!(summary.wakes > 0 && summary.dropped > 0);
}

struct RwWorld {
    lock: Arc<RwLock<()>>,
    reader: RefCell<Option<OwnedRwLockReadGuard<()>>>,
    other: RefCell<Other<OwnedRwLockWriteGuard<()>>>,
    third: RefCell<Other<OwnedRwLockReadGuard<()>>>,
}

fn rw_world() -> RwWorld {
    let lock = Arc::new(RwLock::new(()));
    RwWorld {
        reader: RefCell::new(lock.clone().try_read_owned()),
        other: RefCell::new(Other::Waits(Hand::new(lock.clone().write_owned()))),
        third: RefCell::new(Other::Waits(Hand::new(lock.clone().read_owned()))),
        lock,
    }
}

fn rw_step(world: &RwWorld, step: usize) {
    match step {
        0 | 3 => world.other.borrow_mut().poll(),
        1 | 4 => world.third.borrow_mut().poll(),
        _ => drop(world.reader.take()),
    }
}

fn rw_verdict(world: &RwWorld) {
    // Both may have the lock already and wait for a poll; the order is not this test's business.
    world.other.borrow_mut().must_finish();
    world.third.borrow_mut().must_finish();
    assert!(world.lock.try_write().is_some(), "nobody has it any more");
}

#[test]
fn requests_to_read_lose_no_turn() {
    let summary = DropAtEveryPoll::new(rw_world).steps(5, rw_step).run(
        |world| Box::pin(world.lock.clone().read_owned()),
        |world, run| {
            drop(run.output);
            rw_verdict(world);
        },
    );
    assert!(summary.wakes > 0 && summary.dropped > 0);
}

#[test]
fn requests_to_write_lose_no_turn() {
    let summary = DropAtEveryPoll::new(rw_world).steps(5, rw_step).run(
        |world| Box::pin(world.lock.clone().write_owned()),
        |world, run| {
            drop(run.output);
            rw_verdict(world);
        },
    );
    assert!(summary.wakes > 0 && summary.dropped > 0);
}
