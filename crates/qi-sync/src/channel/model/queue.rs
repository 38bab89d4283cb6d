//! Ring and list: each value is taken once, whole, and in its sender's order (I31).
#![forbid(unsafe_code)]

use super::explore;
use crate::channel::queue::{Claim, Popped, Queue, Refused, Turn};
use loom::thread;
use std::sync::Arc;

fn push(queue: &Queue<Box<u32>>, number: u32) {
    assert!(queue.push(Claim::Room, Box::new(number)).is_ok(), "there is room");
}

/// Takes what there is, waiting for those who are between two instructions.
fn pop(queue: &Queue<Box<u32>>) -> Option<u32> {
    loop {
        match queue.pop_shared() {
            Popped::Value(value, _) => return Some(*value),
            Popped::Empty(_) => return None,
            Popped::Busy => thread::yield_now(),
        }
    }
}

fn pop_all(queue: &Queue<Box<u32>>) -> Vec<u32> {
    std::iter::from_fn(|| pop(queue)).collect()
}

/// Two senders and a receiver, which looks `looks` times while they send.
fn two_senders(queue: Queue<Box<u32>>, before: u32, looks: usize) {
    for number in 0..before {
        push(&queue, number);
    }
    let mut taken: Vec<u32> = (1..before).filter_map(|_| pop(&queue)).collect();
    let queue = Arc::new(queue);
    let senders: Vec<_> = [10, 20]
        .into_iter()
        .map(|number| {
            let queue = queue.clone();
            thread::spawn(move || push(&queue, number))
        })
        .collect();
    taken.extend((0..looks).filter_map(|_| pop(&queue)));
    for sender in senders {
        sender.join().unwrap();
    }
    taken.extend(pop_all(&queue));
    taken.sort_unstable();
    let sent: Vec<u32> = (0..before).chain([10, 20]).collect();
    assert_eq!(taken, sent);
}

fn two_senders_share_a_ring() {
    two_senders(Queue::bounded(4), 0, 2);
}

/// A receiver takes a value as soon as it can see it.
fn a_value_is_whole_when_it_is_seen() {
    let queue = Arc::new(Queue::bounded(2));
    let sender = {
        let queue = queue.clone();
        thread::spawn(move || push(&queue, 1))
    };
    loop {
        match queue.pop_shared() {
            Popped::Value(value, _) => break assert_eq!(*value, 1),
            Popped::Empty(_) | Popped::Busy => thread::yield_now(),
        }
    }
    sender.join().unwrap();
}

fn two_senders_share_a_list_that_is_new() {
    two_senders(Queue::unbounded(true), 0, 1);
}

fn two_senders_share_a_list_that_needs_a_block() {
    two_senders(Queue::unbounded(true), 2, 1);
}

fn two_receivers(queue: Queue<Box<u32>>, before: u32) {
    for number in 0..before {
        push(&queue, number);
    }
    let queue = Arc::new(queue);
    let other = {
        let queue = queue.clone();
        thread::spawn(move || pop_all(&queue))
    };
    let mut taken = pop_all(&queue);
    let others = other.join().unwrap();
    assert!(taken.is_sorted() && others.is_sorted(), "each sees them in order");
    taken.extend(others);
    taken.sort_unstable();
    assert_eq!(taken, (0..before).collect::<Vec<_>>());
}

fn two_receivers_share_a_ring() {
    two_receivers(Queue::bounded(2), 2);
}

fn two_receivers_share_the_blocks_of_a_list() {
    two_receivers(Queue::unbounded(true), 4);
}

/// A ring of one place: a sender comes for room that is just being made.
fn a_place_is_used_again() {
    let queue = Arc::new(Queue::bounded(1));
    push(&queue, 0);
    let sender = {
        let queue = queue.clone();
        thread::spawn(move || match queue.push(Claim::Room, Box::new(1)) {
            Ok(_) => true,
            Err((why, _)) => {
                assert_eq!(why, Refused::Full);
                false
            }
        })
    };
    assert_eq!(pop(&queue), Some(0));
    let was_sent = sender.join().unwrap();
    assert_eq!(pop(&queue), was_sent.then_some(1));
}

/// A reservation and a plain send meet in a ring of one place: one of them has it.
fn a_promised_place_is_not_given_away() {
    let queue = Arc::new(Queue::<Box<u32>>::bounded(1));
    let sender = {
        let queue = queue.clone();
        thread::spawn(move || queue.push(Claim::Room, Box::new(1)).is_ok())
    };
    let reserved = queue.reserve(1, Turn::Newcomer).is_ok();
    if reserved {
        assert!(queue.push(Claim::Reservation, Box::new(2)).is_ok());
    }
    let sent = sender.join().unwrap();
    assert!(sent != reserved, "one place for one value");
    assert_eq!(queue.len(), 1);
}

#[test]
fn loom_ring() {
    explore(
        "loom_ring",
        &[
            a_value_is_whole_when_it_is_seen,
            two_senders_share_a_ring,
            two_receivers_share_a_ring,
            a_place_is_used_again,
            a_promised_place_is_not_given_away,
        ],
    );
}

#[test]
fn loom_list() {
    explore(
        "loom_list",
        &[
            two_senders_share_a_list_that_is_new,
            two_senders_share_a_list_that_needs_a_block,
            two_receivers_share_the_blocks_of_a_list,
        ],
    );
}
