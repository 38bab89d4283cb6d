//! The scope that blocks: parallel children that borrow, and all ways out of it.
#![forbid(unsafe_code)]

use crate::support::{Event, in_a_task, on_one_and_four, until, watched};
use qi_sched::{Scheduler, TaskPriority};
use qi_scope::{ChildError, scope_blocking, scope_blocking_on};
use qi_test_kit::Ledger;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn children_borrow_mutably_and_in_parallel() {
    on_one_and_four(|scheduler| {
        let mut numbers = vec![1_u64; 1000];
        let sum = scope_blocking_on(scheduler.handle(), |scope| {
            let parts: Vec<_> = numbers
                .chunks_mut(10)
                .map(|part| {
                    scope.spawn(async move {
                        qi_sched::coop::yield_now().await;
                        part.iter_mut().for_each(|number| *number *= 2);
                        part.iter().sum::<u64>()
                    })
                })
                .collect();
            parts.into_iter().map(|part| part.join().unwrap()).sum::<u64>()
        });
        assert_eq!(sum, 2000);
        assert!(numbers.iter().all(|number| *number == 2));
    });
}

#[test]
fn a_result_may_borrow_too() {
    on_one_and_four(|scheduler| {
        let words = ["one".to_owned(), "three".to_owned()];
        let longest = scope_blocking_on(scheduler.handle(), |scope| {
            let task = scope.spawn(async { words.iter().max_by_key(|word| word.len()).unwrap() });
            task.join().unwrap().as_str()
        });
        assert_eq!(longest, "three");
    });
}

#[test]
fn closures_run_on_the_pool_and_borrow() {
    on_one_and_four(|scheduler| {
        let mut text = String::from("a");
        let length = scope_blocking_on(scheduler.handle(), |scope| {
            let call = scope.spawn_blocking(|| {
                text.push('b');
                text.len()
            });
            call.join().unwrap()
        });
        assert_eq!((length, text.as_str()), (2, "ab"));
    });
}

#[test]
fn inside_a_task_the_seat_goes_on_without_it() {
    // With one worker the children run only if its seat was given to another thread.
    in_a_task(|| async {
        let count = AtomicUsize::new(0);
        scope_blocking(|scope| {
            for _ in 0..10 {
                drop(scope.spawn(async {
                    qi_sched::coop::yield_now().await;
                    count.fetch_add(1, SeqCst);
                }));
            }
        });
        assert_eq!(count.load(SeqCst), 10);
    });
}

#[test]
fn children_spawn_siblings_and_wait_for_each_other_and_scopes_nest() {
    in_a_task(|| async {
        let count = AtomicUsize::new(0);
        scope_blocking(|scope| {
            let first = scope.spawn(async { count.fetch_add(1, SeqCst) });
            drop(scope.spawn_with_priority(
                async {
                    first.await.unwrap();
                    let nested = scope.spawn(async { count.fetch_add(10, SeqCst) });
                    nested.await.unwrap();
                    scope_blocking(|inner| {
                        drop(inner.spawn(async { count.fetch_add(100, SeqCst) }));
                    });
                },
                TaskPriority::High,
            ));
        });
        assert_eq!(count.load(SeqCst), 111);
    });
}

#[test]
fn a_panic_of_a_child_goes_on_here_when_all_have_ended() {
    on_one_and_four(|scheduler| {
        let (go, ended) = (Event::default(), AtomicUsize::new(0));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope_blocking_on(scheduler.handle(), |scope| {
                drop(scope.spawn(async {
                    go.wait().await;
                    ended.fetch_add(1, SeqCst);
                }));
                drop(scope.spawn(async {
                    go.set();
                    panic!("the first child")
                }));
                drop(scope.spawn_blocking(|| panic!("the second child")));
            });
        }));
        let payload = caught.unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"the first child"));
        assert_eq!(ended.load(SeqCst), 1, "the sibling was waited for");
    });
}

#[test]
fn a_panic_that_was_joined_is_no_panic_of_the_scope() {
    on_one_and_four(|scheduler| {
        let error = scope_blocking_on(scheduler.handle(), |scope| {
            scope.spawn(async { panic!("{}", 5) }).join().map(|(): ()| ()).unwrap_err()
        });
        assert_eq!(error.to_string(), "the child panicked: 5");
        assert!(error.message_zh().contains('5'));
        let ChildError::Panicked(payload) = error else { panic!("it panicked") };
        assert_eq!(payload.into_inner().downcast_ref::<String>().unwrap(), "5");
    });
}

#[test]
fn a_panic_of_the_body_cancels_the_children_and_waits_for_them() {
    on_one_and_four(|scheduler| {
        let ledger = Ledger::new();
        let begun = Event::default();
        let tokens: Vec<_> = (0..10).map(|number| ledger.token(number)).collect();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope_blocking_on(scheduler.handle(), |scope| {
                for token in &tokens {
                    drop(scope.spawn(async {
                        let _held = token.clone();
                        begun.set();
                        pending::<()>().await;
                    }));
                }
                until(|| begun.is_set());
                panic!("the body");
            });
        }));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"the body"));
        assert_eq!(ledger.alive(), 10, "the children's clones are gone");
    });
}

#[test]
fn a_child_spawned_after_the_body_panicked_is_refused() {
    on_one_and_four(|scheduler| {
        let (go, refused) = (Event::default(), AtomicUsize::new(0));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope_blocking_on(scheduler.handle(), |scope| {
                // A call that has begun cannot be cancelled; it sees that the others are.
                drop(scope.spawn_blocking(|| {
                    let canary = scope.spawn(pending::<()>());
                    go.set();
                    until(|| canary.is_finished());
                    let late = scope.spawn(async { 5 });
                    refused.fetch_add(usize::from(late.join().is_err()), SeqCst);
                }));
                until(|| go.is_set());
                panic!("the body");
            });
        }));
        assert!(caught.is_err());
        assert_eq!(refused.load(SeqCst), 1);
    });
}

#[test]
fn a_cancelled_child_says_so() {
    on_one_and_four(|scheduler| {
        let error = scope_blocking_on(scheduler.handle(), |scope| {
            let child = scope.spawn(pending::<()>());
            child.cancel();
            child.join().unwrap_err()
        });
        assert!(matches!(error, ChildError::Cancelled), "{error}");
        assert_eq!(error.message_zh(), "子任务已被取消");
    });
}

#[test]
fn cancelling_the_caller_waits_for_the_children() {
    on_one_and_four(|scheduler| {
        let (inside, go, ended) = (Event::default(), Event::default(), Event::default());
        let (tell, wait, end) = (inside.clone(), go.clone(), ended.clone());
        let task = scheduler.spawn(async move {
            let borrowed = 5;
            scope_blocking(|scope| {
                drop(scope.spawn(async {
                    tell.set();
                    wait.wait().await;
                    assert_eq!(borrowed, 5);
                    end.set();
                }));
            });
            pending::<()>().await;
        });
        until(|| inside.is_set());
        task.cancel().unwrap();
        assert!(!task.is_finished(), "it blocks in the scope");
        go.set();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert!(ended.is_set());
    });
}

#[test]
fn after_the_end_of_the_scheduler_children_are_cancelled_and_nothing_hangs() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        scheduler.shutdown().unwrap();
        let errors = scope_blocking_on(scheduler.handle(), |scope| {
            let child = scope.spawn(async {}).join().is_err();
            let call = scope.spawn_blocking(|| ()).join().is_err();
            (child, call)
        });
        assert_eq!(errors, (true, true));
    });
}

#[test]
fn a_shutdown_while_a_thread_waits_ends_the_children_and_the_wait() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(2).build().unwrap();
        let begun = Event::default();
        std::thread::scope(|threads| {
            let handle = scheduler.handle().clone();
            let tell = &begun;
            let waiting = threads.spawn(move || {
                scope_blocking_on(&handle, |scope| {
                    let child = scope.spawn(async {
                        tell.set();
                        pending::<()>().await;
                    });
                    child.join().is_err()
                })
            });
            until(|| begun.is_set());
            scheduler.shutdown().unwrap();
            assert!(waiting.join().unwrap());
        });
    });
}

#[test]
fn a_drop_that_panics_does_not_let_the_scope_go_early() {
    struct Bad<'a>(&'a AtomicUsize);
    impl Drop for Bad<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
            panic!("in drop");
        }
    }
    on_one_and_four(|scheduler| {
        let dropped = AtomicUsize::new(0);
        scope_blocking_on(scheduler.handle(), |scope| {
            let child = scope.spawn(async {
                let _bad = Bad(&dropped);
                pending::<()>().await;
            });
            let begun = scope.spawn(async {});
            begun.join().unwrap();
            child.cancel();
        });
        assert!(dropped.load(SeqCst) <= 1);
    });
}

#[test]
fn ten_thousand_children_of_many_threads_are_all_waited_for() {
    on_one_and_four(|scheduler| {
        let count = AtomicUsize::new(0);
        let order = Mutex::new(Vec::new());
        std::thread::scope(|threads| {
            for thread in 0..4 {
                let (count, order) = (&count, &order);
                threads.spawn(move || {
                    scope_blocking_on(scheduler.handle(), |scope| {
                        for _ in 0..2_500 {
                            drop(scope.spawn(async { count.fetch_add(1, SeqCst) }));
                        }
                    });
                    order.lock().unwrap().push(thread);
                });
            }
        });
        assert_eq!((count.load(SeqCst), order.into_inner().unwrap().len()), (10_000, 4));
    });
}

#[test]
fn a_shutdown_while_the_scope_waits_for_a_call_does_not_end_the_process() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        let (begun, go_on) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let seen = std::thread::scope(|threads| {
            threads.spawn(|| {
                until(|| begun.load(SeqCst) == 1);
                threads.spawn(|| {
                    until(|| scheduler.handle().state() != qi_sched::SchedState::Running);
                    go_on.store(1, SeqCst);
                });
                scheduler.shutdown().unwrap();
            });
            scope_blocking_on(scheduler.handle(), |scope| {
                let call = scope.spawn_blocking(|| {
                    begun.store(1, SeqCst);
                    until(|| go_on.load(SeqCst) == 1);
                    7
                });
                // A child that never ends by itself.
                let never = scope.spawn(pending::<()>());
                until(|| begun.load(SeqCst) == 1);
                (call.join().ok(), never.join().is_err())
            })
        });
        assert_eq!(seen, (Some(7), true));
        let late = scope_blocking_on(scheduler.handle(), |scope| {
            (scope.spawn(async { 1 }).join().is_err(), scope.spawn_blocking(|| 1).join().is_err())
        });
        assert_eq!(late, (true, true));
    });
}

#[test]
fn children_whose_drops_panic_do_not_let_a_panicking_scope_go_early() {
    struct Bad<'a>(&'a AtomicUsize);
    impl Drop for Bad<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
            std::panic::resume_unwind(Box::new("a child of a test"));
        }
    }
    on_one_and_four(|scheduler| {
        let dropped = AtomicUsize::new(0);
        let left = catch_unwind(AssertUnwindSafe(|| {
            scope_blocking_on(scheduler.handle(), |scope| {
                for _ in 0..10 {
                    let bad = Bad(&dropped);
                    drop(scope.spawn(async move {
                        let _bad = bad;
                        pending::<()>().await;
                    }));
                }
                std::panic::resume_unwind(Box::new("the body"));
            })
        }));
        assert_eq!(left.unwrap_err().downcast_ref(), Some(&"the body"));
        assert_eq!(dropped.load(SeqCst), 10);
    });
}

#[test]
fn children_may_spawn_siblings_after_the_body_has_returned() {
    on_one_and_four(|scheduler| {
        let (gate, ran) = (AtomicUsize::new(0), AtomicUsize::new(0));
        scope_blocking_on(scheduler.handle(), |scope| {
            let (gate, ran) = (&gate, &ran);
            drop(scope.spawn(async move {
                while gate.load(SeqCst) == 0 {
                    qi_sched::coop::yield_now().await;
                }
                for _ in 0..10 {
                    drop(scope.spawn(async move {
                        qi_sched::coop::yield_now().await;
                        drop(scope.spawn_blocking(move || ran.fetch_add(1, SeqCst)));
                    }));
                }
            }));
            gate.store(1, SeqCst);
        });
        assert_eq!(ran.load(SeqCst), 10);
    });
}

#[test]
fn who_joins_a_child_finds_its_future_gone() {
    struct Ready<'a>(&'a AtomicUsize);
    impl std::future::Future for Ready<'_> {
        type Output = ();
        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<()> {
            std::task::Poll::Ready(())
        }
    }
    impl Drop for Ready<'_> {
        fn drop(&mut self) {
            // Whoever waits for the child has every chance to be woken too early.
            (0..100).for_each(|_| std::thread::yield_now());
            self.0.fetch_add(1, SeqCst);
        }
    }
    on_one_and_four(|scheduler| {
        let dropped = AtomicUsize::new(0);
        scope_blocking_on(scheduler.handle(), |scope| {
            for number in 1..=20 {
                scope.spawn(Ready(&dropped)).join().unwrap();
                assert_eq!(dropped.load(SeqCst), number);
            }
        });
    });
}
