//! Senders and receivers that wait: nobody sleeps on while there is something for him (I32, I33).
#![forbid(unsafe_code)]

use super::{Counted, block_on, explore};
use crate::channel::{mpmc, mpsc};
use loom::thread;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Wake, Waker};

/// Whether it was woken.
#[derive(Default)]
struct Told(AtomicBool);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        // Relaxed: loom runs one thread at a time.
        self.0.store(true, Relaxed);
    }
}

fn a_value_reaches_a_receiver_that_waits_in(
    (tx, mut rx): (mpsc::Sender<super::Item>, mpsc::Receiver<super::Item>),
) {
    let counted = Counted::default();
    let item = counted.item();
    let sender = thread::spawn(move || {
        assert!(tx.try_send(item).is_ok());
        tx
    });
    assert!(block_on(rx.recv()).is_some());
    drop(sender.join().unwrap());
    counted.assert_none_left();
}

fn the_end_reaches_a_receiver_that_waits() {
    let (tx, mut rx) = mpsc::bounded::<u32>(1);
    let sender = thread::spawn(move || drop(tx));
    assert!(block_on(rx.recv()).is_none());
    sender.join().unwrap();
}

fn a_value_reaches_a_receiver_that_waits() {
    a_value_reaches_a_receiver_that_waits_in(mpsc::bounded(1));
}

fn a_value_of_a_list_reaches_a_receiver_that_waits() {
    a_value_reaches_a_receiver_that_waits_in(mpsc::unbounded());
}

fn room_reaches_a_sender_that_waits() {
    let (tx, mut rx) = mpsc::bounded(1);
    tx.try_send(1).unwrap();
    let sender = thread::spawn(move || {
        assert!(block_on(tx.send(2)).is_ok());
        tx
    });
    assert_eq!(rx.try_recv(), Ok(1));
    drop(sender.join().unwrap());
    assert_eq!(rx.try_recv(), Ok(2));
}

fn a_sender_that_waits_learns_that_the_receiver_went() {
    let (tx, rx) = mpsc::bounded(1);
    tx.try_send(1).unwrap();
    let sender = thread::spawn(move || assert!(block_on(tx.send(2)).is_err()));
    drop(rx);
    sender.join().unwrap();
}

/// Of two receivers that wait the first gives up, told or not: the value reaches the other.
fn a_receiver_that_gives_up_passes_its_wake_up_on() {
    let (tx, rx) = mpmc::bounded(1);
    let mut fickle = Box::pin(rx.recv());
    let mut steady = Box::pin(rx.recv());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(fickle.as_mut().poll(&mut cx).is_pending());
    let told = Arc::new(Told::default());
    let waker = Waker::from(told.clone());
    assert!(steady.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let sender = thread::spawn(move || {
        tx.try_send(1).unwrap();
        tx
    });
    drop(fickle);
    let tx = sender.join().unwrap();
    // Relaxed: the threads were joined.
    assert!(told.0.load(Relaxed), "nobody told the other");
    assert_eq!(block_on(steady), Some(1));
    drop(tx);
}

/// Of two senders that wait the first gives up, let in or not: the room reaches the other.
fn a_sender_that_gives_up_passes_its_place_on() {
    let (tx, mut rx) = mpsc::bounded(1);
    tx.try_send(0).unwrap();
    let mut fickle = Box::pin(tx.reserve());
    let mut steady = Box::pin(tx.send(1));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(fickle.as_mut().poll(&mut cx).is_pending());
    assert!(steady.as_mut().poll(&mut cx).is_pending());
    let receiver = thread::spawn(move || {
        assert_eq!(rx.try_recv(), Ok(0));
        rx
    });
    drop(fickle);
    let mut rx = receiver.join().unwrap();
    assert!(steady.as_mut().poll(&mut cx).is_ready(), "nobody let it in");
    assert_eq!(rx.try_recv(), Ok(1));
}

/// The last permit of a closed channel goes unused while the receiver waits for it.
fn the_last_permit_of_a_closed_channel_ends_the_wait() {
    let (tx, mut rx) = mpsc::bounded::<u32>(1);
    let permit = tx.try_reserve_owned().unwrap();
    rx.close();
    let holder = thread::spawn(move || drop(permit));
    assert_eq!(block_on(rx.recv()), None);
    holder.join().unwrap();
}

#[test]
fn loom_channel() {
    explore(
        "loom_channel",
        &[
            a_value_reaches_a_receiver_that_waits,
            a_value_of_a_list_reaches_a_receiver_that_waits,
            the_end_reaches_a_receiver_that_waits,
            room_reaches_a_sender_that_waits,
            a_sender_that_waits_learns_that_the_receiver_went,
            a_receiver_that_gives_up_passes_its_wake_up_on,
            a_sender_that_gives_up_passes_its_place_on,
            the_last_permit_of_a_closed_channel_ends_the_wait,
        ],
    );
}
