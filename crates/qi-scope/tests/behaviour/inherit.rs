//! Tokens and deadlines that children inherit.
#![forbid(unsafe_code)]

use crate::support::in_a_task;
use qi_sched::spawn;
use qi_scope::{
    JoinSet, Stopped, cancellation, child_cancellation, deadline, known_deadline, scope,
    until_cancelled, with_cancellation,
};
use qi_sync::CancellationToken;
use qi_test_kit::Ledger;
use std::future::pending;
use std::time::{Duration, Instant};

#[test]
fn children_and_grandchildren_are_cancelled_with_the_token_they_inherited() {
    in_a_task(|| async {
        let token = CancellationToken::new();
        let ledger = Ledger::new();
        let (first, second) = (ledger.token(1), ledger.token(2));
        let cancel = token.clone();
        let result = with_cancellation(token, async move {
            let child = spawn(async move {
                let grandchild = spawn(until_cancelled(async move {
                    let _held = first;
                    pending::<()>().await;
                }));
                let own = until_cancelled(async move {
                    let _held = second;
                    pending::<()>().await;
                });
                (own.await, grandchild.await.unwrap())
            });
            cancel.cancel();
            pending::<()>().await;
            child.await.unwrap()
        });
        assert!(matches!(result.await, Err(Stopped::Cancelled)));
        crate::support::eventually(|| ledger.alive() == 0).await;
    });
}

#[test]
fn a_task_that_inherited_nothing_is_just_run() {
    in_a_task(|| async {
        assert!(cancellation().is_none() && deadline().is_none());
        assert_eq!(until_cancelled(async { 5 }).await, Ok(5));
        let result = with_cancellation(CancellationToken::new(), async {
            let builder = qi_sched::Handle::current();
            builder.task().inherit(false).spawn(async { cancellation().is_none() }).await
        });
        assert!(result.await.unwrap().unwrap());
    });
}

#[test]
fn a_child_token_is_cancelled_with_the_outer_one_and_alone() {
    in_a_task(|| async {
        let outer = CancellationToken::new();
        let work = with_cancellation(outer.clone(), async {
            let inner = child_cancellation();
            let stopped = with_cancellation(inner.clone(), async {
                inner.cancel();
                pending::<()>().await;
            });
            assert_eq!(stopped.await, Err(Stopped::Cancelled));
            assert!(!cancellation().unwrap().is_cancelled(), "the outer one is not");
            let inner = child_cancellation();
            outer.cancel();
            inner.is_cancelled()
        });
        assert_eq!(work.await, Ok(true), "the result was there at the poll that cancelled");
    });
}

#[test]
fn a_token_cancelled_before_stops_at_once() {
    in_a_task(|| async {
        let token = CancellationToken::new();
        token.cancel();
        let result = with_cancellation(token, pending::<()>());
        assert_eq!(result.await, Err(Stopped::Cancelled));
        assert_eq!(Stopped::Cancelled.to_string(), "cancelled from outside");
        assert_eq!(Stopped::DeadlinePassed.message_zh(), "已超过截止时间");
    });
}

#[test]
fn members_of_sets_and_children_of_scopes_inherit_as_well() {
    in_a_task(|| async {
        let token = CancellationToken::new();
        let result = with_cancellation(token.clone(), async {
            let mut set = JoinSet::new();
            set.spawn(async { cancellation() });
            let member = set.join_next().await.unwrap().unwrap();
            let child = scope(async |scope| scope.spawn(async { cancellation() }).await).await;
            (member, child)
        });
        let (member, child) = result.await.unwrap();
        token.cancel();
        assert!(member.unwrap().is_cancelled() && child.unwrap().is_cancelled());
    });
}

#[test]
fn the_earliest_deadline_counts_and_is_inherited() {
    in_a_task(|| async {
        let soon = Instant::now();
        let late = soon + Duration::from_secs(3600);
        let seen = known_deadline(late, async {
            let outer = deadline();
            let inner = known_deadline(soon, async {
                let child = spawn(async { deadline() }).await.unwrap();
                let not_later = known_deadline(late, async { deadline() }).await;
                (child, not_later)
            });
            (outer, inner.await, deadline())
        });
        let expected = (Some(late), (Some(soon), Some(soon)), Some(late));
        assert_eq!(seen.await, expected);
    });
}
