//! The oneshot's cell against its rules (I30).
#![forbid(unsafe_code)]

use super::{Counted, Item, block_on, explore, poll_and_drop};
use crate::channel::oneshot::{Receiver, Sender, channel};
use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

/// Runs the sender's side on another thread, and checks that no value is left over.
fn with_sender(
    send: impl FnOnce(Sender<Item>, Item) + Send + 'static,
    receive: impl FnOnce(Receiver<Item>),
) {
    let counted = Counted::default();
    let (tx, rx) = channel();
    let item = counted.item();
    let sender = thread::spawn(move || send(tx, item));
    receive(rx);
    sender.join().unwrap();
    counted.assert_none_left();
}

fn send(tx: Sender<Item>, item: Item) {
    drop(tx.send(item));
}

fn a_value_reaches_a_receiver_that_waits() {
    with_sender(send, |rx| assert!(block_on(rx).is_ok()));
}

fn a_receiver_learns_that_the_sender_went() {
    with_sender(|tx, _| drop(tx), |rx| assert!(block_on(rx).is_err()));
}

fn a_receiver_that_goes_leaves_nothing_behind() {
    with_sender(send, drop);
    with_sender(send, |mut rx| drop(poll_and_drop(&mut rx)));
}

fn a_receiver_that_moves_to_another_task_is_woken_there() {
    with_sender(send, |mut rx| {
        let polled = Pin::new(&mut rx).poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_pending() {
            assert!(block_on(rx).is_ok());
        }
    });
}

fn a_sender_learns_that_the_receiver_went() {
    with_sender(|mut tx, _| block_on(tx.closed()), drop);
}

fn a_sender_that_stops_waiting_can_still_send() {
    with_sender(
        |mut tx, item| {
            drop(poll_and_drop(tx.closed()));
            send(tx, item);
        },
        |mut rx| {
            rx.close();
            let _ = rx.try_recv();
        },
    );
}

#[test]
fn loom_oneshot() {
    explore(
        "loom_oneshot",
        &[
            a_value_reaches_a_receiver_that_waits,
            a_receiver_learns_that_the_sender_went,
            a_receiver_that_goes_leaves_nothing_behind,
            a_receiver_that_moves_to_another_task_is_woken_there,
            a_sender_learns_that_the_receiver_went,
            a_sender_that_stops_waiting_can_still_send,
        ],
    );
}
