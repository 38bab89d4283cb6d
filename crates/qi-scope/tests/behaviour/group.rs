//! Groups: the first error, and what becomes of the others.
#![forbid(unsafe_code)]

use crate::support::in_a_task;
use qi_scope::{GroupError, OnError, TaskGroup};
use qi_test_kit::Ledger;
use std::error::Error;
use std::fmt;
use std::future::pending;

#[derive(Debug, PartialEq, Eq)]
struct NoTea(u32);

impl fmt::Display for NoTea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no tea in pot {}", self.0)
    }
}

impl Error for NoTea {}

#[test]
fn a_group_in_which_all_succeed_gives_what_they_returned() {
    in_a_task(|| async {
        let mut group = TaskGroup::<u32, NoTea>::with_limit(2);
        for number in 0..10 {
            group.spawn(async move { Ok(number) });
        }
        assert_eq!(group.len(), 10);
        assert_eq!(group.join().await.unwrap().into_iter().sum::<u32>(), 45);
        assert!(TaskGroup::<u32, NoTea>::new().join().await.unwrap().is_empty());
    });
}

#[test]
fn the_first_error_cancels_the_others_and_waits_for_their_ends() {
    in_a_task(|| async {
        let ledger = Ledger::new();
        let mut group = TaskGroup::new();
        for number in 0..5 {
            let token = ledger.token(number);
            group.spawn(async move {
                pending::<()>().await;
                drop(token);
                Ok(())
            });
        }
        group.spawn(async { Err(NoTea(7)) });
        let error = group.join().await.unwrap_err();
        ledger.assert_all_dropped();
        assert_eq!(error.to_string(), "a task of the group failed");
        assert_eq!(error.source().unwrap().to_string(), "no tea in pot 7");
        assert_eq!(error.message_zh(), "任务组中有任务返回了错误");
        assert_eq!(error.into_failed(), Some(NoTea(7)));
    });
}

#[test]
fn after_the_error_the_ends_of_the_others_are_no_news() {
    in_a_task(|| async {
        let mut group = TaskGroup::<(), NoTea>::new();
        for _ in 0..5 {
            group.spawn(pending());
        }
        group.spawn(async { Err(NoTea(1)) });
        assert!(matches!(group.next().await, Some(Err(GroupError::Failed(NoTea(1))))));
        assert!(group.next().await.is_none());
        assert!(group.is_empty());
        // It may be used again.
        group.spawn(async { Ok(()) });
        assert!(matches!(group.next().await, Some(Ok(()))));
    });
}

#[test]
fn a_panic_counts_as_an_error() {
    in_a_task(|| async {
        let mut group = TaskGroup::<(), NoTea>::new();
        group.spawn(pending());
        group.spawn_blocking(|| panic!("a call"));
        let error = group.join().await.unwrap_err();
        assert!(matches!(&error, GroupError::Task(error) if error.is_panic()));
        assert!(error.message_zh().contains("panic"));
        assert!(error.into_failed().is_none());
    });
}

#[test]
fn errors_that_cancel_nobody_are_given_one_by_one() {
    in_a_task(|| async {
        let mut group = TaskGroup::new().on_error(OnError::Continue);
        for number in 0..10 {
            group.spawn(
                async move { if number % 2 == 0 { Ok(number) } else { Err(NoTea(number)) } },
            );
        }
        let (mut succeeded, mut failed) = (0, 0);
        while let Some(result) = group.next().await {
            match result {
                Ok(_) => succeeded += 1,
                Err(_) => failed += 1,
            }
        }
        assert_eq!((succeeded, failed), (5, 5));
    });
}
