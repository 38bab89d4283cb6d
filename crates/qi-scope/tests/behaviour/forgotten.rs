//! Futures, sets and handles that are forgotten instead of dropped: nothing breaks.
#![forbid(unsafe_code)]

use crate::support::{Event, in_a_task, on_one_and_four, until};
use qi_scope::{JoinSet, TaskGroup, scope, scope_blocking_on, with_cancellation};
use qi_sync::CancellationToken;
use qi_test_kit::poll_once;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn a_forgotten_scope_never_polls_its_children_again() {
    in_a_task(|| async {
        let polls = AtomicUsize::new(0);
        let wakers = std::sync::Mutex::new(Vec::new());
        {
            let mut forgotten = Box::pin(scope(async |scope| {
                for _ in 0..3 {
                    drop(scope.spawn(std::future::poll_fn(|cx| {
                        polls.fetch_add(1, SeqCst);
                        wakers.lock().unwrap().push(cx.waker().clone());
                        std::task::Poll::<()>::Pending
                    })));
                }
            }));
            assert!(poll_once(forgotten.as_mut()).is_pending());
            std::mem::forget(forgotten);
        }
        assert_eq!(polls.load(SeqCst), 3);
        // What they borrowed is still ours; their wakers wake nobody.
        for waker in wakers.into_inner().unwrap() {
            waker.wake();
        }
        qi_sched::coop::yield_now().await;
        assert_eq!(polls.load(SeqCst), 3);
    });
}

#[test]
fn a_forgotten_handle_of_a_blocking_scope_does_not_let_it_go_early() {
    on_one_and_four(|scheduler| {
        let ended = AtomicUsize::new(0);
        scope_blocking_on(scheduler.handle(), |scope| {
            for _ in 0..10 {
                std::mem::forget(scope.spawn(async {
                    qi_sched::coop::yield_now().await;
                    ended.fetch_add(1, SeqCst);
                }));
            }
        });
        assert_eq!(ended.load(SeqCst), 10);
    });
}

#[test]
fn a_forgotten_join_of_a_blocking_scope_does_not_let_it_go_early() {
    on_one_and_four(|scheduler| {
        let (go, ended) = (Event::default(), AtomicUsize::new(0));
        scope_blocking_on(scheduler.handle(), |scope| {
            let child = scope.spawn(async {
                go.wait().await;
                ended.fetch_add(1, SeqCst);
            });
            let mut waiting = Box::pin(child);
            let _ = poll_once(waiting.as_mut());
            std::mem::forget(waiting);
            go.set();
        });
        assert_eq!(ended.load(SeqCst), 1);
    });
}

#[test]
fn a_forgotten_set_leaves_its_tasks_running() {
    on_one_and_four(|scheduler| {
        let ended = Arc::new(AtomicUsize::new(0));
        let mut set = JoinSet::new();
        let mut group = TaskGroup::<(), ()>::new();
        for _ in 0..5 {
            let (first, second) = (ended.clone(), ended.clone());
            set.spawn_on(async move { first.fetch_add(1, SeqCst) }, scheduler.handle());
            let work = async move {
                second.fetch_add(1, SeqCst);
                Ok(())
            };
            group.spawn_on(work, scheduler.handle());
        }
        let mut next = Box::pin(async { set.join_next().await.is_some() });
        let _ = poll_once(next.as_mut());
        std::mem::forget(next);
        std::mem::forget(set);
        std::mem::forget(group);
        until(|| ended.load(SeqCst) == 10);
    });
}

#[test]
fn a_forgotten_wait_for_a_cancellation_keeps_nobody_from_being_cancelled() {
    in_a_task(|| async {
        let token = CancellationToken::new();
        let mut forgotten = Box::pin(with_cancellation(token.clone(), pending::<()>()));
        assert!(poll_once(forgotten.as_mut()).is_pending());
        std::mem::forget(forgotten);
        let other = with_cancellation(token.clone(), async {
            token.cancel();
            pending::<()>().await;
        });
        assert!(other.await.is_err());
    });
}
