//! The scope inside one task: borrowing, order of ends, panics, dropping at any moment.
#![forbid(unsafe_code)]

use crate::support::{Event, in_a_task, on_one_and_four};
use qi_scope::{scope, scope_local};
use qi_test_kit::{DropAtEveryPoll, Ledger, assert_pending, assert_ready, poll_once};
use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn children_borrow_from_around_the_scope_and_give_results() {
    in_a_task(|| async {
        let numbers: Vec<u64> = (0..100).collect();
        let sum = AtomicUsize::new(0);
        let total: u64 = scope(async |scope| {
            let parts: Vec<_> = numbers
                .chunks(7)
                .map(|part| {
                    scope.spawn(async {
                        qi_sched::coop::yield_now().await;
                        sum.fetch_add(part.len(), SeqCst);
                        part.iter().sum::<u64>()
                    })
                })
                .collect();
            let mut total = 0;
            for part in parts {
                total += part.await;
            }
            total
        })
        .await;
        assert_eq!((total, sum.load(SeqCst)), (4950, 100));
    });
}

#[test]
fn the_scope_waits_for_children_that_nobody_waits_for() {
    in_a_task(|| async {
        let ended = AtomicUsize::new(0);
        let body = scope(async |scope| {
            for _ in 0..10 {
                drop(scope.spawn(async {
                    for _ in 0..3 {
                        qi_sched::coop::yield_now().await;
                    }
                    ended.fetch_add(1, SeqCst);
                }));
            }
            "body"
        });
        assert_eq!(body.await, "body");
        assert_eq!(ended.load(SeqCst), 10);
    });
}

#[test]
fn children_spawn_siblings_and_scopes_nest() {
    in_a_task(|| async {
        let count = AtomicUsize::new(0);
        scope(async |outer| {
            let sibling = outer.clone();
            let count = &count;
            let spawner = outer.spawn(async move {
                for _ in 0..5 {
                    drop(sibling.spawn(async move { count.fetch_add(1, SeqCst) }));
                }
                scope(async |inner| {
                    drop(inner.spawn(async { count.fetch_add(10, SeqCst) }));
                })
                .await;
            });
            spawner.await;
        })
        .await;
        assert_eq!(count.load(SeqCst), 15);
    });
}

#[test]
fn the_future_is_a_task_like_any_other_and_a_child_wakes_only_itself() {
    on_one_and_four(|scheduler| {
        let (event, polls) = (Event::default(), std::sync::Arc::new(AtomicUsize::new(0)));
        let (waited, counted) = (event.clone(), polls.clone());
        let task = scheduler.spawn(scope(move |scope| async move {
            let idle = counted.clone();
            drop(scope.spawn(async move {
                std::future::poll_fn(|cx| {
                    idle.fetch_add(1, SeqCst);
                    std::pin::pin!(waited.wait()).poll(cx)
                })
                .await;
            }));
            for _ in 0..100 {
                qi_sched::coop::yield_now().await;
            }
            counted.load(SeqCst)
        }));
        crate::support::until(|| polls.load(SeqCst) > 0);
        event.set();
        let polled_meanwhile = scheduler.block_on(task).unwrap();
        assert!(polled_meanwhile <= 2, "polled {polled_meanwhile} times for one wake-up");
    });
}

use std::future::Future;

#[test]
fn a_panic_of_a_child_goes_through_the_parent_and_drops_the_siblings() {
    let ledger = Ledger::new();
    let token = ledger.token(0);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let mut future = pin!(scope(async |scope| {
            drop(scope.spawn(async {
                let _token = token;
                pending::<()>().await;
            }));
            drop(scope.spawn(async { panic!("a child") }));
            pending::<()>().await;
        }));
        let _ = poll_once(future.as_mut());
    }));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"a child"));
    ledger.assert_all_dropped();
}

#[test]
fn a_panic_of_the_body_drops_the_children() {
    let ledger = Ledger::new();
    let token = ledger.token(0);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let mut future = pin!(scope(async |scope| {
            drop(scope.spawn(async move {
                let _token = token;
                pending::<()>().await;
            }));
            panic!("the body")
        }));
        let _ = poll_once(future.as_mut());
    }));
    assert!(caught.is_err());
    ledger.assert_all_dropped();
}

#[test]
fn dropping_the_future_drops_children_also_those_that_refer_to_the_scope() {
    let ledger = Ledger::new();
    for polls in 0..3 {
        let token = ledger.token(polls);
        let mut future = Box::pin(scope(async |scope| {
            let own = scope.clone();
            let spawned = scope.spawn(async move {
                let _token = token;
                drop(own.spawn(async { pending::<()>().await }));
                pending::<()>().await;
            });
            spawned.await;
        }));
        for _ in 0..polls {
            assert_pending!(future.as_mut());
        }
        drop(future);
        ledger.assert_all_dropped();
    }
}

#[test]
fn a_child_spawned_after_the_end_is_dropped_and_says_so() {
    let ledger = Ledger::new();
    let mut kept = None;
    let scope_future = scope::<'static, _, _>(|scope| {
        kept = Some(scope);
        ready(())
    });
    assert_ready!(pin!(scope_future));
    let token = ledger.token(0);
    let late = kept.unwrap().spawn(async move { token.number() });
    ledger.assert_all_dropped();
    assert!(late.is_finished());
    assert_eq!(assert_ready!(pin!(late.try_join())), None);
}

#[test]
fn a_child_spawned_from_elsewhere_wakes_the_scope() {
    on_one_and_four(|scheduler| {
        let (sender, receiver) = std::sync::mpsc::channel();
        let task = scheduler.spawn(scope(move |scope| async move {
            let done = Event::default();
            sender.send((scope, done.clone())).unwrap();
            done.wait().await;
        }));
        let (scope, done) = receiver.recv().unwrap();
        // The body waits: only the child can end that.
        let child = scope.spawn(async move {
            done.set();
            5
        });
        drop(scope);
        scheduler.block_on(task).unwrap();
        assert_eq!(scheduler.block_on(child), 5);
    });
}

#[test]
fn cancelled_children_are_dropped_and_the_scope_ends() {
    in_a_task(|| async {
        let ledger = Ledger::new();
        let tokens: Vec<_> = (0..3).map(|number| ledger.token(number)).collect();
        scope(async |scope| {
            let mut children = Vec::new();
            for token in tokens {
                children.push(scope.spawn(async move {
                    let _token = token;
                    pending::<()>().await;
                }));
            }
            qi_sched::coop::yield_now().await;
            scope.cancel_children();
            for child in children {
                assert_eq!(child.try_join().await, None);
            }
            assert_eq!(scope.spawn(async { 5 }).await, 5, "those that come later are not meant");
        })
        .await;
        ledger.assert_all_dropped();
    });
}

#[test]
fn a_local_scope_takes_children_that_are_not_send() {
    on_one_and_four(|scheduler| {
        let count = Rc::new(Cell::new(0));
        scheduler.block_on(scope_local(async |scope| {
            for _ in 0..10 {
                let count = count.clone();
                drop(scope.spawn(async move { count.set(count.get() + 1) }));
            }
        }));
        assert_eq!(count.get(), 10);
    });
}

#[test]
fn children_that_are_always_ready_let_other_tasks_run() {
    on_one_and_four(|scheduler| {
        let stop = Event::default();
        let seen = stop.clone();
        let busy = scheduler.spawn(async move {
            scope(async |scope| {
                while !seen.is_set() {
                    scope.spawn(async {}).await;
                }
            })
            .await;
        });
        // With one worker it runs only if the scope lets it.
        let other = scheduler.spawn(async move { stop.set() });
        scheduler.block_on(other).unwrap();
        scheduler.block_on(busy).unwrap();
    });
}

#[test]
fn dropped_at_every_poll_nothing_is_lost_or_kept() {
    struct World {
        ledger: Ledger,
        events: [Event; 2],
        outcomes: Mutex<Vec<usize>>,
    }
    let make =
        || World { ledger: Ledger::new(), events: Default::default(), outcomes: Mutex::default() };
    let summary = DropAtEveryPoll::new(make)
        .may_keep_wakers() // The events of these tests forget no waiter.
        .steps(2, |world, step| world.events[step].set())
        .run(
            |world| {
                Box::pin(scope(async move |scope| {
                    let children = [0, 1].map(|number| {
                        let token = world.ledger.token(number);
                        scope.spawn(async move {
                            world.events[number].wait().await;
                            token
                        })
                    });
                    for child in children {
                        let number = child.await.number();
                        world.outcomes.lock().unwrap().push(number);
                    }
                }))
            },
            |world, run| {
                world.ledger.assert_all_dropped();
                let outcomes = world.outcomes.lock().unwrap();
                assert!(outcomes.is_sorted());
                assert!(!run.is_complete() || outcomes.len() == 2);
            },
        );
    assert!(summary.dropped > 10 && summary.completed > 1, "{summary:?}");
}
