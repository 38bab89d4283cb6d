//! The oneshot channel: sent, received, closed and dropped in every order.

#![forbid(unsafe_code)]

use qi_sync::channel::mpsc::RecvTimeoutError;
use qi_sync::channel::oneshot::{RecvError, TryRecvError, channel};
use qi_test_kit::{DropAtEveryPoll, Ledger, WakeCount, poll_once, poll_with};
use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

#[test]
fn a_value_sent_before_the_first_poll_is_received() {
    let (tx, mut rx) = channel();
    assert!(poll_once(Pin::new(&mut rx)).is_pending());
    assert!(tx.send(1).is_ok());
    assert_eq!(poll_once(Pin::new(&mut rx)), Poll::Ready(Ok(1)));
}

#[test]
fn a_waiting_receiver_is_woken_once_by_the_send() {
    let wakes = WakeCount::new();
    let (tx, mut rx) = channel();
    assert!(poll_with(Pin::new(&mut rx), &wakes.waker()).is_pending());
    assert!(tx.send(1).is_ok());
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll_with(Pin::new(&mut rx), &wakes.waker()), Poll::Ready(Ok(1)));
    drop(rx);
    assert_eq!(wakes.held(), 0);
}

#[test]
fn a_waiting_receiver_learns_that_the_sender_went() {
    let wakes = WakeCount::new();
    let (tx, mut rx) = channel::<()>();
    assert!(poll_with(Pin::new(&mut rx), &wakes.waker()).is_pending());
    drop(tx);
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll_once(Pin::new(&mut rx)), Poll::Ready(Err(RecvError)));
    assert_eq!(poll_once(Pin::new(&mut rx)), Poll::Ready(Err(RecvError)), "and again");
}

#[test]
fn dropping_the_receiver_closes_and_gives_the_value_back() {
    let (tx, rx) = channel();
    assert!(!tx.is_closed());
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!(tx.send(7).unwrap_err().into_inner(), 7);
}

#[test]
fn a_sender_that_waits_for_the_end_is_woken_by_the_drop() {
    let wakes = WakeCount::new();
    let (mut tx, rx) = channel::<()>();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    drop(rx);
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(closed.as_mut()).is_ready());
}

#[test]
fn a_sender_that_waits_for_the_end_is_woken_by_close() {
    let wakes = WakeCount::new();
    let (mut tx, mut rx) = channel::<()>();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    rx.close();
    rx.close();
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(closed.as_mut()).is_ready());
    drop(closed);
    assert!(tx.send(()).is_err());
}

#[test]
fn a_wait_for_the_end_that_is_given_up_keeps_no_waker() {
    let wakes = WakeCount::new();
    let (mut tx, rx) = channel();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    drop(closed);
    assert_eq!(wakes.held(), 0);
    assert!(tx.send(3).is_ok());
    assert_eq!(rx.blocking_recv(), Ok(3));
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_value_sent_before_close_is_received_by_poll() {
    let (tx, mut rx) = channel();
    assert!(tx.send(5).is_ok());
    rx.close();
    assert_eq!(poll_once(Pin::new(&mut rx)), Poll::Ready(Ok(5)));
}

#[test]
fn a_value_sent_before_close_is_received_by_try_recv() {
    let (tx, mut rx) = channel();
    assert!(tx.send(5).is_ok());
    rx.close();
    assert_eq!(rx.try_recv(), Ok(5));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn close_without_a_value_ends_the_wait_at_once() {
    let (tx, mut rx) = channel::<()>();
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(poll_once(Pin::new(&mut rx)), Poll::Ready(Err(RecvError)));
    assert!(tx.is_closed());
}

#[test]
fn close_after_the_value_was_received_is_a_no_op() {
    let (tx, mut rx) = channel();
    assert!(tx.send(17).is_ok());
    assert_eq!(rx.try_recv(), Ok(17));
    rx.close();
    assert!(rx.is_finished());
}

#[test]
fn try_recv_is_empty_until_the_value_is_there_and_closed_after_it_was_taken() {
    let (tx, mut rx) = channel();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(tx.send("x").is_ok());
    assert_eq!(rx.try_recv(), Ok("x"));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(rx.blocking_recv(), Err(RecvError));
}

#[test]
fn the_receiver_can_move_to_another_task() {
    let (first, second) = (WakeCount::new(), WakeCount::new());
    let (tx, mut rx) = channel();
    assert!(poll_with(Pin::new(&mut rx), &first.waker()).is_pending());
    assert!(poll_with(Pin::new(&mut rx), &second.waker()).is_pending());
    assert_eq!(first.held(), 0, "the first task is forgotten");
    assert!(tx.send(1).is_ok());
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(poll_once(Pin::new(&mut rx)), Poll::Ready(Ok(1)));
}

#[test]
fn the_sender_can_move_to_another_task() {
    let (first, second) = (WakeCount::new(), WakeCount::new());
    let (mut tx, rx) = channel::<()>();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &first.waker()).is_pending());
    assert!(poll_with(closed.as_mut(), &second.waker()).is_pending());
    drop(rx);
    assert_eq!((first.count(), second.count()), (0, 1));
}

#[test]
fn both_ends_dropped_with_wakers_left_drop_the_wakers() {
    let (sender, receiver) = (WakeCount::new(), WakeCount::new());
    for sender_first in [true, false] {
        let (mut tx, mut rx) = channel::<()>();
        assert!(poll_with(Pin::new(&mut rx), &receiver.waker()).is_pending());
        let waker = sender.waker();
        assert!(tx.poll_closed(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        if sender_first {
            drop(tx);
            drop(rx);
        } else {
            drop(rx);
            drop(tx);
        }
    }
    assert_eq!((sender.held(), receiver.held()), (0, 0));
}

#[test]
fn is_finished_says_whether_something_can_still_be_received() {
    let (tx, mut rx) = channel();
    assert!(!rx.is_finished() && rx.is_empty());
    assert!(tx.send(()).is_ok());
    assert!(!rx.is_finished() && !rx.is_empty());
    assert_eq!(rx.try_recv(), Ok(()));
    assert!(rx.is_finished() && rx.is_empty());

    let (tx, rx) = channel::<()>();
    drop(tx);
    assert!(rx.is_finished() && rx.is_empty());

    let (_tx, mut rx) = channel::<()>();
    rx.close();
    assert!(rx.is_finished() && rx.is_empty());
}

#[test]
fn a_value_sent_is_received_or_dropped_once_whoever_goes_first() {
    for threads_race in 0..500 {
        let ledger = Ledger::new();
        let (tx, rx) = channel();
        let token = ledger.token(threads_race);
        let sender = std::thread::spawn(move || tx.send(token).is_ok());
        if threads_race % 2 == 0 {
            drop(rx.blocking_recv());
        } else {
            drop(rx);
        }
        sender.join().expect("it does not panic");
        ledger.assert_all_dropped();
    }
}

#[test]
fn values_of_no_size_and_of_many_bytes_arrive() {
    let (tx, rx) = channel();
    assert!(tx.send([7_u8; 5000]).is_ok());
    assert_eq!(rx.blocking_recv(), Ok([7; 5000]));
    let (tx, rx) = channel();
    assert!(tx.send(()).is_ok());
    assert_eq!(rx.blocking_recv(), Ok(()));
}

#[test]
fn a_timeout_leaves_the_receiver_usable() {
    let (tx, mut rx) = channel();
    assert_eq!(rx.blocking_recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.blocking_recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    let sender = std::thread::spawn(move || tx.send(1));
    assert_eq!(rx.blocking_recv_timeout(Duration::MAX), Ok(1));
    assert_eq!(rx.blocking_recv_timeout(Duration::MAX), Err(RecvTimeoutError::Closed));
    assert!(sender.join().expect("it does not panic").is_ok());
}

#[test]
fn the_receiver_dropped_at_every_poll_loses_no_value_and_keeps_no_waker() {
    struct World {
        ledger: Ledger,
        tx: RefCell<Option<qi_sync::channel::oneshot::Sender<qi_test_kit::Token>>>,
        rx: RefCell<Option<qi_sync::channel::oneshot::Receiver<qi_test_kit::Token>>>,
    }
    let summary = DropAtEveryPoll::new(|| {
        let (tx, rx) = channel();
        World { ledger: Ledger::new(), tx: RefCell::new(Some(tx)), rx: RefCell::new(Some(rx)) }
    })
    .steps(1, |world, _| {
        let sent = world.tx.take().map(|tx| tx.send(world.ledger.token(0)));
        drop(sent);
    })
    .run(
        |world| {
            let rx = world.rx.take().expect("one future per world");
            Box::pin(rx)
        },
        |world, run| {
            drop(run);
            drop(world.tx.take());
            world.ledger.assert_all_dropped();
        },
    );
    assert!(summary.completed > 0 && summary.dropped > 0);
}

#[test]
fn a_forgotten_receiver_frees_the_sender_of_nothing_but_memory() {
    let ledger = Ledger::new();
    let (tx, rx) = channel();
    std::mem::forget(rx);
    assert!(tx.send(ledger.token(0)).is_ok(), "nobody has closed it");
    assert_eq!(ledger.alive(), 1, "the value is leaked together with the receiver");
}

#[test]
fn a_receive_over_a_channel_that_is_always_ready_spends_budget() {
    let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().expect("it starts");
    let task = scheduler.spawn(async {
        let mut turns = 0;
        let mut received = pin!(async {
            for number in 0..10_000 {
                let (tx, rx) = channel();
                assert!(tx.send(number).is_ok());
                assert_eq!(rx.await, Ok(number));
            }
        });
        std::future::poll_fn(|cx| {
            turns += 1;
            received.as_mut().poll(cx)
        })
        .await;
        turns
    });
    assert!(scheduler.block_on(task).expect("it ends") > 50, "it has yielded now and then");
}
