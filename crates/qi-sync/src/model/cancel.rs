//! Cancellation tokens: a cancellation reaches every wait and every child, those that are just
//! being made, too (I38).
#![forbid(unsafe_code)]

use super::{block_on, poll_and_drop};
use crate::cancel::CancellationToken;
use loom::thread;

fn canceller(token: &CancellationToken) -> thread::JoinHandle<()> {
    let token = token.clone();
    thread::spawn(move || token.cancel())
}

/// The first child of a lone token is made while that is cancelled.
fn the_first_child_of_a_token_that_is_cancelled_is_cancelled() {
    let parent = CancellationToken::new();
    let cancelling = canceller(&parent);
    let child = parent.child_token();
    cancelling.join().unwrap();
    assert!(child.is_cancelled());
}

/// A grandchild is made, and a child dropped, while the parent is cancelled.
fn a_grandchild_below_a_dropped_child_is_cancelled() {
    let parent = CancellationToken::new();
    let child = parent.child_token();
    let cancelling = canceller(&parent);
    let grandchild = child.child_token();
    drop(child);
    cancelling.join().unwrap();
    assert!(grandchild.is_cancelled());
}

/// Parent and child are cancelled at once: each returns with its token marked.
fn two_cancellations_of_one_branch_do_not_hide_each_other() {
    let parent = CancellationToken::new();
    let child = parent.child_token();
    let cancelling = canceller(&parent);
    child.cancel();
    assert!(child.is_cancelled());
    assert!(child.child_token().is_cancelled());
    cancelling.join().unwrap();
    assert!(parent.is_cancelled());
}

/// A wait begins while its token is cancelled, lone or through its parent.
fn a_wait_is_woken_by_a_cancellation_that_it_did_not_see() {
    let parent = CancellationToken::new();
    let child = parent.child_token();
    let cancelling = canceller(&parent);
    poll_and_drop(child.cancelled());
    block_on(child.cancelled());
    cancelling.join().unwrap();

    let lone = CancellationToken::new();
    let cancelling = canceller(&lone);
    block_on(lone.cancelled());
    cancelling.join().unwrap();
}

#[test]
fn loom_cancel() {
    super::explore(
        "loom_cancel",
        &[
            the_first_child_of_a_token_that_is_cancelled_is_cancelled,
            a_grandchild_below_a_dropped_child_is_cancelled,
            two_cancellations_of_one_branch_do_not_hide_each_other,
            a_wait_is_woken_by_a_cancellation_that_it_did_not_see,
        ],
    );
}
