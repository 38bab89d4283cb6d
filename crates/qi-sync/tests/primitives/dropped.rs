//! Every future of the primitives, dropped at each of its polls, in every interleaving with what
//! the rest of the world does: no wake-up, no permit, no notification, no turn is lost.
#![forbid(unsafe_code)]

use qi_sync::{Barrier, CancellationToken, Event, Notify, OnceCell, Semaphore, WaitGroup};
use qi_test_kit::{DropAtEveryPoll, WakeCount, assert_ready, poll_once, poll_with};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

#[test]
fn requests_for_permits_lose_none() {
    for wanted in [1, 2, 3] {
        let summary = DropAtEveryPoll::new(|| Semaphore::new(0))
            .steps(3, |semaphore, _| semaphore.add_permits(1))
            .run(
                |semaphore| {
                    Box::pin(async move {
                        let permit = semaphore.acquire_many(wanted).await.unwrap();
                        permit.num_permits()
                    })
                },
                |semaphore, run| {
                    assert!(run.output.is_none_or(|permits| permits == wanted));
                    assert_eq!(semaphore.available_permits(), 3);
                    assert!(semaphore.try_acquire().is_ok(), "nobody waits any more");
                },
            );
        assert!(summary.wakes > 0);
    }
}

#[test]
fn owned_requests_lose_no_permit_and_no_semaphore() {
    DropAtEveryPoll::new(|| Arc::new(Semaphore::new(1)))
        .steps(2, |semaphore, _| semaphore.add_permits(1))
        .run(
            |semaphore| Box::pin(semaphore.clone().acquire_many_owned(2)),
            |semaphore, run| {
                drop(run);
                assert_eq!(semaphore.available_permits(), 3);
                assert_eq!(Arc::strong_count(semaphore), 1);
            },
        );
}

#[test]
fn requests_for_permits_end_when_the_semaphore_is_closed() {
    DropAtEveryPoll::new(|| Semaphore::new(0))
        .steps(2, |semaphore, step| match step {
            0 => semaphore.add_permits(1),
            _ => semaphore.close(),
        })
        .run(
            |semaphore| Box::pin(async { semaphore.acquire().await.is_ok() }),
            |semaphore, run| {
                let granted = run.output == Some(true);
                assert!(!granted || run.steps >= 1);
                assert_eq!(semaphore.available_permits(), 1);
            },
        );
}

/// A primitive, and one more who waits for it beside the future under test.
struct Beside<P: 'static> {
    wakes: WakeCount,
    other: RefCell<Pin<Box<dyn Future<Output = ()>>>>,
    primitive: Arc<P>,
}

impl<P> Beside<P> {
    fn new<F: Future<Output = ()> + 'static>(primitive: P, wait: impl Fn(Arc<P>) -> F) -> Self {
        let primitive = Arc::new(primitive);
        let other = RefCell::new(Box::pin(wait(primitive.clone())) as Pin<Box<_>>);
        Self { wakes: WakeCount::new(), other, primitive }
    }

    fn poll_other(&self) -> bool {
        poll_with(self.other.borrow_mut().as_mut(), &self.wakes.waker()).is_ready()
    }
}

#[test]
fn a_notification_is_taken_by_one_or_by_the_other_or_stored() {
    DropAtEveryPoll::new(|| {
        Beside::new(Notify::new(), |notify| async move { notify.notified().await })
    })
    .steps(3, |world, step| match step {
        // The other stands in line, before or after the one under test.
        0 => assert!(!world.poll_other()),
        _ => world.primitive.notify_one(),
    })
    .run(
        |world| Box::pin(world.primitive.notified()),
        |world, run| {
            // Two notifications, one of them used up at most by the one under test.
            let woken = world.wakes.is_woken();
            let stored = poll_once(pin!(world.primitive.notified())).is_ready();
            match run.is_complete() {
                true => assert!(woken || stored, "the second went to the other or is stored"),
                false => assert!(woken, "one of two goes to the only one left"),
            }
            assert!(!woken || world.poll_other());
        },
    );
}

#[test]
fn the_last_notified_passes_it_on() {
    DropAtEveryPoll::new(|| {
        Beside::new(Notify::new(), |notify| async move { notify.notified().await })
    })
    .steps(2, |world, step| match step {
        0 => assert!(!world.poll_other()),
        _ => world.primitive.notify_last(),
    })
    .run(
        |world| Box::pin(world.primitive.clone().notified_owned()),
        |world, run| assert_eq!(world.wakes.is_woken(), !run.is_complete()),
    );
}

#[test]
fn a_wait_hears_of_the_end_of_its_round_at_whichever_poll() {
    DropAtEveryPoll::new(Notify::new).steps(1, |notify, _| notify.notify_waiters()).run(
        |notify| Box::pin(notify.notified()),
        |notify, run| {
            assert!(!run.is_complete() || run.steps == 1);
            assert!(poll_once(pin!(notify.notified())).is_pending(), "nothing is stored");
        },
    );
}

#[test]
fn enabled_waits_lose_no_notification() {
    DropAtEveryPoll::new(Notify::new).steps(1, |notify, _| notify.notify_one()).run(
        |notify| {
            let mut notified = Box::pin(notify.notified());
            assert!(!notified.as_mut().enable());
            notified
        },
        |notify, run| {
            let stored = poll_once(pin!(notify.notified())).is_ready();
            assert_eq!(stored, !run.is_complete());
        },
    );
}

#[test]
fn a_round_of_a_barrier_needs_as_many_as_are_still_there() {
    DropAtEveryPoll::new(|| {
        Beside::new(Barrier::new(3), |barrier| async move {
            barrier.wait().await;
        })
    })
    .steps(2, |world, step| match step {
        0 => assert!(!world.poll_other()),
        _ => {
            // The third comes: it opens the barrier if the one under test waits.
            let mut third = Box::pin(world.primitive.wait());
            if poll_once(third.as_mut()).is_pending() {
                drop(third);
            }
        }
    })
    .run(
        |world| Box::pin(world.primitive.wait()),
        |world, run| {
            assert!(run.output.is_none_or(|result| !result.is_leader()));
            if !world.wakes.is_woken() {
                // The round is still open: the other waits in it, and two more end it.
                let mut second = pin!(world.primitive.wait());
                assert!(poll_once(second.as_mut()).is_pending());
                assert!(assert_ready!(pin!(world.primitive.wait())).is_leader());
                assert!(!assert_ready!(second.as_mut()).is_leader());
            }
            assert!(world.poll_other());
        },
    );
}

#[test]
fn an_initialiser_or_its_successor_fills_the_cell() {
    struct World {
        cell: OnceCell<u32>,
        go: Event,
        calls: Cell<u32>,
    }
    let make = || World { cell: OnceCell::new(), go: Event::new(), calls: Cell::new(0) };
    DropAtEveryPoll::new(make).steps(1, |world, _| assert!(world.go.set())).run(
        |world| {
            let init = || async {
                world.calls.set(world.calls.get() + 1);
                world.go.wait().await;
                1
            };
            Box::pin(async move { *world.cell.get_or_init(init).await })
        },
        |world, run| {
            assert!(run.polls == 0 || world.calls.get() == 1);
            let next = *assert_ready!(pin!(world.cell.get_or_init(|| async { 2 })));
            assert_eq!(next, if run.is_complete() { 1 } else { 2 });
        },
    );
}

#[test]
fn one_that_waits_for_its_turn_to_initialise_loses_no_turn() {
    struct World {
        cell: Arc<OnceCell<u32>>,
        first: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    }
    let make = || {
        let cell = Arc::new(OnceCell::new());
        let held = cell.clone();
        let first = Box::pin(async move {
            held.get_or_init(std::future::pending).await;
        });
        let mut first = first as Pin<Box<dyn Future<Output = ()>>>;
        assert!(poll_once(first.as_mut()).is_pending());
        World { cell, first: RefCell::new(Some(first)) }
    };
    DropAtEveryPoll::new(make).steps(1, |world, _| drop(world.first.take())).run(
        |world| Box::pin(async { *world.cell.get_or_init(|| async { 1 }).await }),
        |world, run| {
            let next = *assert_ready!(pin!(world.cell.get_or_init(|| async { 2 })));
            assert_eq!(next, if run.is_complete() { 1 } else { 2 });
        },
    );
}

#[test]
fn waits_for_a_group_an_event_and_a_token_end_when_they_should() {
    let group = || {
        let group = WaitGroup::new();
        group.add(2);
        group
    };
    DropAtEveryPoll::new(group).steps(2, |group, _| group.done()).run(
        |group| Box::pin(group.wait()),
        |group, run| {
            assert!(!run.is_complete() || run.steps == 2);
            assert_eq!(group.count(), 0);
        },
    );
    DropAtEveryPoll::new(Event::new)
        .steps(3, |event, step| match step {
            1 => assert!(event.reset()),
            _ => assert!(event.set()),
        })
        .run(
            |event| Box::pin(event.wait()),
            |event, run| assert!(event.is_set() && (!run.is_complete() || run.steps >= 1)),
        );
    let family = || {
        let parent = CancellationToken::new();
        (parent.child_token(), RefCell::new(Some(parent)))
    };
    type Family = (CancellationToken, RefCell<Option<CancellationToken>>);
    let cancel = |(_, parent): &Family, _| {
        if let Some(parent) = parent.take() {
            parent.cancel();
        }
    };
    DropAtEveryPoll::new(family).steps(1, cancel).run(
        |(child, _)| Box::pin(child.cancelled()),
        |(child, _), _| assert!(child.is_cancelled()),
    );
    DropAtEveryPoll::new(family).steps(1, cancel).run(
        |(child, _)| Box::pin(child.run_until_cancelled(std::future::pending::<()>())),
        |(child, _), run| assert!(child.is_cancelled() && run.output.is_none_or(|o| o.is_none())),
    );
}

/// Polls a wait once, and forgets it: it is never dropped, and nobody will poll it again.
fn forget_pending<F: Future + Unpin>(mut wait: F, wakes: &WakeCount) {
    assert!(poll_with(Pin::new(&mut wait), &wakes.waker()).is_pending());
    std::mem::forget(wait);
}

#[test]
fn forgotten_waits_take_what_was_theirs_and_break_nothing() {
    let wakes = WakeCount::new();
    let semaphore = Semaphore::new(0);
    forget_pending(semaphore.acquire_many(2), &wakes);
    let mut next = pin!(semaphore.acquire());
    assert!(poll_once(next.as_mut()).is_pending());
    semaphore.add_permits(3);
    assert!(assert_ready!(next).is_ok());
    assert_eq!(semaphore.available_permits(), 1);

    let notify = Notify::new();
    forget_pending(notify.notified(), &wakes);
    notify.notify_one();
    notify.notify_one();
    assert_ready!(pin!(notify.notified()));
    forget_pending(notify.notified(), &wakes);
    notify.notify_waiters();

    let barrier = Barrier::new(2);
    forget_pending(barrier.wait(), &wakes);
    assert!(assert_ready!(pin!(barrier.wait())).is_leader());

    let (group, event, token) = (WaitGroup::new(), Event::new(), CancellationToken::new());
    group.add(1);
    forget_pending(group.wait(), &wakes);
    forget_pending(event.wait(), &wakes);
    forget_pending(token.cancelled(), &wakes);
    group.done();
    event.set();
    token.cancel();
    assert_eq!((wakes.count(), wakes.held()), (7, 0));
}
