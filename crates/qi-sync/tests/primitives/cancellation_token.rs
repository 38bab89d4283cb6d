//! Cancellation tokens: whom a cancellation reaches, and what tokens leave behind.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::CancellationToken;
use qi_test_kit::{Ledger, WakeCount, assert_pending, assert_ready, poll_with};
use std::future::{pending, ready};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::pin::pin;

fn is_send_and_sync<T: Send + Sync>(_: &T) {}

#[test]
fn tokens_and_their_waits_may_be_sent_and_shared() {
    let token = CancellationToken::new();
    is_send_and_sync(&token);
    is_send_and_sync(&token.cancelled());
    is_send_and_sync(&token.clone().cancelled_owned());
    is_send_and_sync(&token.run_until_cancelled(ready(())));
}

#[test]
fn a_cancellation_wakes_all_who_wait_for_it() {
    let (token, wakes) = (CancellationToken::new(), WakeCount::new());
    let mut borrowed = pin!(token.cancelled());
    let mut owned = pin!(token.clone().cancelled_owned());
    assert_pending!(poll poll_with(borrowed.as_mut(), &wakes.waker()));
    assert_pending!(poll poll_with(owned.as_mut(), &wakes.waker()));
    assert!(!token.is_cancelled());
    token.cancel();
    assert_eq!(wakes.count(), 2);
    assert!(token.is_cancelled());
    assert_ready!(borrowed.as_mut());
    assert_ready!(owned.as_mut());
    assert_ready!(pin!(token.cancelled()));
    token.cancel();
    assert_eq!((wakes.count(), wakes.held()), (2, 0));
}

#[test]
fn a_wait_that_gives_up_is_not_woken() {
    let (token, wakes) = (CancellationToken::new(), WakeCount::new());
    let mut wait = Box::pin(token.clone().cancelled_owned());
    assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    drop(wait);
    token.cancel();
    assert_eq!((wakes.count(), wakes.held()), (0, 0));
}

#[test]
fn a_child_is_cancelled_with_its_parent_and_not_the_other_way_round() {
    let parent = CancellationToken::new();
    let (first, second) = (parent.child_token(), parent.child_token());
    let wakes = WakeCount::new();
    let mut on_parent = pin!(parent.cancelled());
    let mut on_second = pin!(second.cancelled());
    assert_pending!(poll poll_with(on_parent.as_mut(), &wakes.waker()));
    assert_pending!(poll poll_with(on_second.as_mut(), &wakes.waker()));
    first.cancel();
    assert_eq!(wakes.count(), 0);
    assert!(first.is_cancelled() && !parent.is_cancelled() && !second.is_cancelled());
    parent.cancel();
    assert_eq!(wakes.count(), 2);
    assert_ready!(on_second.as_mut());
}

#[test]
fn a_child_of_a_cancelled_token_is_cancelled() {
    let parent = CancellationToken::new();
    let grown = parent.child_token();
    parent.cancel();
    for token in [parent.child_token(), grown.child_token()] {
        assert!(token.is_cancelled());
        assert_ready!(pin!(token.cancelled()));
        assert!(token.child_token().is_cancelled());
    }
}

#[test]
fn a_grandchild_is_reached_although_the_child_is_gone() {
    let (parent, wakes) = (CancellationToken::new(), WakeCount::new());
    let child = parent.child_token();
    let grandchild = child.child_token();
    drop(child);
    let mut wait = pin!(grandchild.cancelled());
    assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    parent.cancel();
    assert_eq!(wakes.count(), 1);
    assert_ready!(wait.as_mut());
}

#[test]
fn children_of_a_token_that_is_gone_are_cancelled_one_by_one() {
    let parent = CancellationToken::new();
    let children = [parent.child_token(), parent.child_token(), parent.child_token()];
    drop(parent);
    assert!(children.iter().all(|child| !child.is_cancelled()));
    children[1].cancel();
    assert!(!children[0].is_cancelled() && children[1].is_cancelled());
    assert!(!children[2].is_cancelled());
}

#[test]
fn tokens_may_be_dropped_in_any_order_and_the_rest_is_still_reached() {
    // A parent, two children, two grandchildren each: one of the seven is dropped, then another.
    for first in 0..7 {
        for second in 0..7 {
            for top in 0..7 {
                let mut tokens = vec![Some(CancellationToken::new())];
                for parent in [0, 0, 1, 1, 2, 2] {
                    let child = tokens[parent].as_ref().map(CancellationToken::child_token);
                    tokens.push(child);
                }
                tokens[first] = None;
                tokens[second] = None;
                let Some(token) = &tokens[top] else { continue };
                token.cancel();
                let below = |number: usize| match top {
                    0 => true,
                    1 => [1, 3, 4].contains(&number),
                    2 => [2, 5, 6].contains(&number),
                    leaf => number == leaf,
                };
                for (number, token) in tokens.iter().enumerate() {
                    let cancelled = token.as_ref().map(CancellationToken::is_cancelled);
                    assert_eq!(cancelled.unwrap_or(below(number)), below(number), "{number}");
                }
            }
        }
    }
}

#[test]
fn a_future_runs_until_it_ends_or_the_token_is_cancelled() {
    let (token, ledger, wakes) = (CancellationToken::new(), Ledger::new(), WakeCount::new());
    assert_eq!(assert_ready!(pin!(token.run_until_cancelled(ready(7)))), Some(7));
    let held = ledger.token(1);
    let mut run = pin!(token.run_until_cancelled(async move {
        pending::<()>().await;
        drop(held);
    }));
    assert_pending!(poll poll_with(run.as_mut(), &wakes.waker()));
    token.cancel();
    assert_eq!(wakes.count(), 1);
    assert_eq!(assert_ready!(run.as_mut()), None);
    ledger.assert_all_dropped();
    let unpolled = async { panic!("it is cancelled") };
    assert_eq!(assert_ready!(pin!(token.clone().run_until_cancelled_owned(unpolled))), None::<()>);
}

#[test]
fn a_guard_cancels_unless_it_is_disarmed() {
    let token = CancellationToken::new();
    assert_eq!(token.clone().drop_guard().disarm(), token);
    assert_eq!(token.drop_guard_ref().disarm(), &token);
    assert!(!token.is_cancelled());
    drop(token.clone().drop_guard());
    assert!(token.is_cancelled());
    let other = CancellationToken::new();
    drop(other.drop_guard_ref());
    assert!(other.is_cancelled());
}

#[test]
fn clones_are_the_same_token_and_children_are_others() {
    let token = CancellationToken::new();
    let others = [token.child_token(), CancellationToken::new(), CancellationToken::default()];
    assert_eq!(token, token.clone());
    assert!(others.iter().all(|other| *other != token));
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    assert_eq!(hasher.hash_one(&token), hasher.hash_one(token.clone()));
    assert!(others.iter().all(|other| hasher.hash_one(other) != hasher.hash_one(&token)));
}

#[test]
fn a_hundred_thousand_children_are_cancelled_together() {
    let (parent, wakes) = (CancellationToken::new(), WakeCount::new());
    let children: Vec<_> = (0..100_000).map(|_| parent.child_token()).collect();
    let mut waits: Vec<_> = children.iter().map(|child| Box::pin(child.cancelled())).collect();
    for wait in &mut waits {
        assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    }
    parent.cancel();
    assert_eq!((wakes.count(), wakes.held()), (100_000, 0));
    assert!(children.iter().all(CancellationToken::is_cancelled));
}

#[test]
fn a_chain_of_a_hundred_thousand_is_cancelled_and_dropped_without_recursion() {
    let mut chain = vec![CancellationToken::new()];
    for number in 0..100_000 {
        chain.push(chain[number].child_token());
    }
    let last = chain.last().unwrap().clone();
    chain[0].cancel();
    assert!(last.is_cancelled() && chain.iter().all(CancellationToken::is_cancelled));
    drop(chain);

    let root = CancellationToken::new();
    let mut chain = vec![root.clone()];
    for number in 0..100_000 {
        chain.push(chain[number].child_token());
    }
    let last = chain.last().unwrap().clone();
    drop(chain);
    assert!(!last.is_cancelled());
    root.cancel();
    assert!(last.is_cancelled());
}

#[test]
fn children_made_dropped_and_cancelled_by_many_tasks_all_hear_of_the_end() {
    on_one_and_two(|scheduler| {
        let root = CancellationToken::new();
        let tasks: Vec<_> = (0..20_usize)
            .map(|number| {
                let root = root.clone();
                scheduler.spawn(async move {
                    let mut own = root.child_token();
                    for step in 0..200 {
                        let child = own.child_token();
                        match (number + step) % 4 {
                            0 => child.cancel(),
                            1 => own = child,
                            2 => drop(child),
                            _ => qi_sched::coop::yield_now().await,
                        }
                    }
                    own.cancelled().await;
                })
            })
            .collect();
        let canceller = root.clone();
        scheduler.spawn(async move { canceller.cancel() });
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
    });
}

#[test]
fn who_cancels_what_another_is_cancelling_finds_all_below_marked() {
    let root = CancellationToken::new();
    let children: Vec<_> = (0..100_000).map(|_| root.child_token()).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| root.cancel());
        while !root.is_cancelled() {
            std::hint::spin_loop();
        }
        root.cancel();
        assert!(children.iter().all(CancellationToken::is_cancelled));
    });
}
