//! The broadcast channel: every receiver gets every value, or is told how many it lost.
#![forbid(unsafe_code)]

use futures_util::{FutureExt, StreamExt};
use qi_sync::channel::broadcast::{Receiver, RecvError, Sender, TryRecvError, channel};
use qi_sync::channel::mpsc::RecvTimeoutError;
use qi_test_kit::{Ledger, WakeCount, poll_once, poll_with, waker_fn_with_drop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

fn drain<T: Clone>(rx: &mut Receiver<T>) -> Vec<T> {
    std::iter::from_fn(|| rx.try_recv().ok()).collect()
}

fn send_all(tx: &Sender<usize>, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        tx.send(number).unwrap();
    }
}

#[test]
fn two_receivers_get_every_value_in_order() {
    let (tx, mut first) = channel(16);
    let mut second = tx.subscribe();
    assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.send("one").unwrap(), 2);
    assert_eq!(tx.send("two").unwrap(), 2);
    assert_eq!(drain(&mut first), ["one", "two"]);
    assert_eq!(drain(&mut second), ["one", "two"]);
    drop(tx);
    assert_eq!(first.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(second.recv().now_or_never(), Some(Err(RecvError::Closed)));
}

#[test]
fn waiting_receivers_are_woken_by_a_value_and_by_the_end() {
    let (tx, mut first) = channel(16);
    let mut second = tx.subscribe();
    let wakes = WakeCount::new();
    let mut one = Box::pin(first.recv());
    let mut two = Box::pin(second.recv());
    assert!(poll_with(one.as_mut(), &wakes.waker()).is_pending());
    assert!(poll_with(two.as_mut(), &wakes.waker()).is_pending());
    tx.send(1).unwrap();
    assert_eq!(wakes.take(), 2);
    assert_eq!(poll_once(one.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(poll_once(two.as_mut()), Poll::Ready(Ok(1)));
    drop((one, two));
    let mut one = Box::pin(first.recv());
    assert!(poll_with(one.as_mut(), &wakes.waker()).is_pending());
    drop(tx);
    assert_eq!(wakes.take(), 1);
    assert_eq!(poll_once(one.as_mut()), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
fn a_receiver_can_move_to_another_task() {
    let (tx, mut rx) = channel(1);
    let (old, new) = (WakeCount::new(), WakeCount::new());
    let mut recv = Box::pin(rx.recv());
    assert!(poll_with(recv.as_mut(), &old.waker()).is_pending());
    assert!(poll_with(recv.as_mut(), &new.waker()).is_pending());
    tx.send(1).unwrap();
    assert_eq!((old.count(), old.held(), new.count()), (0, 0, 1));
    assert_eq!(poll_once(recv.as_mut()), Poll::Ready(Ok(1)));
}

#[test]
fn a_slow_receiver_is_told_how_many_it_lost_and_goes_on_with_the_oldest_left() {
    for capacity in [1, 2, 3, 8] {
        let (tx, mut rx) = channel(capacity);
        send_all(&tx, 0..capacity + 5);
        assert_eq!(rx.len(), capacity + 5, "lost ones count until they are reported");
        assert_eq!(rx.recv().now_or_never(), Some(Err(RecvError::Lagged(5))));
        assert_eq!(rx.len(), capacity);
        assert_eq!(drain(&mut rx), (5..capacity + 5).collect::<Vec<_>>());
    }
}

#[test]
fn a_receiver_within_the_capacity_loses_nothing() {
    let (tx, mut rx) = channel(3);
    for round in 0..5 {
        send_all(&tx, [round, round + 1, round + 2]);
        assert_eq!(drain(&mut rx), [round, round + 1, round + 2]);
    }
}

#[test]
fn lag_is_each_receivers_own_and_can_come_again() {
    let (tx, mut slow) = channel(2);
    let mut quick = tx.subscribe();
    for number in 0..4 {
        tx.send(number).unwrap();
        assert_eq!(quick.try_recv(), Ok(number));
    }
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(2)));
    send_all(&tx, 4..7);
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(3)), "again, before it has read");
    assert_eq!(drain(&mut slow), [5, 6]);
    send_all(&tx, 7..10);
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(1)));
}

#[test]
fn a_slow_receiver_finds_what_is_left_after_the_end() {
    let (tx, mut rx) = channel(2);
    send_all(&tx, 0..3);
    drop(tx);
    assert!(rx.is_closed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!(drain(&mut rx), [1, 2]);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed), "and nothing is made up");
}

#[test]
fn sending_to_nobody_gives_the_value_back() {
    let (tx, rx) = channel(16);
    drop(rx);
    assert_eq!(tx.send("hello").unwrap_err().into_inner(), "hello");
    let mut rx = tx.subscribe();
    tx.send("again").unwrap();
    assert_eq!(rx.try_recv(), Ok("again"));
}

#[test]
#[should_panic(expected = "the capacity of a broadcast channel is 0")]
fn a_channel_of_nothing_is_refused_by_name() {
    let _ = channel::<()>(0);
}

#[test]
fn a_huge_capacity_costs_no_memory_until_it_is_used() {
    let (tx, mut rx) = channel(usize::MAX);
    tx.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn values_are_freed_when_the_last_receiver_has_had_them() {
    let ledger = Ledger::new();
    let (tx, mut first) = channel(8);
    let mut second = tx.subscribe();
    for number in 0..3 {
        tx.send(Arc::new(ledger.token(number))).unwrap();
    }
    assert_eq!(tx.len(), 3);
    drop(drain(&mut first));
    assert_eq!(ledger.alive(), 3);
    drop(second.try_recv());
    assert_eq!((ledger.alive(), tx.len()), (2, 2));
    drop(second);
    assert_eq!((ledger.alive(), tx.len()), (0, 0));
}

#[test]
fn values_nobody_took_are_dropped_with_the_receivers_or_the_channel() {
    for sender_first in [false, true] {
        let ledger = Ledger::new();
        let (tx, rx) = channel(2);
        let other = tx.subscribe();
        for number in 0..3 {
            tx.send(Arc::new(ledger.token(number))).unwrap();
        }
        assert_eq!(ledger.alive(), 2, "one was replaced");
        if sender_first {
            drop(tx);
            drop((rx, other));
        } else {
            drop((rx, other));
            drop(tx);
        }
        ledger.assert_all_dropped();
    }
}

#[test]
fn the_last_receiver_gets_the_value_without_a_clone() {
    #[derive(Debug)]
    struct Once;
    impl Clone for Once {
        fn clone(&self) -> Self {
            panic!("a clone of a test");
        }
    }
    let (tx, mut first) = channel(2);
    let mut second = tx.subscribe();
    tx.send(Once).unwrap();
    let cloned = catch_unwind(AssertUnwindSafe(|| first.try_recv()));
    assert!(cloned.is_err(), "the panic reaches who asked");
    assert!(second.try_recv().is_ok());
    tx.send(Once).unwrap();
    drop(second);
    assert!(first.try_recv().is_ok(), "the channel is as before");
}

#[test]
fn a_clone_that_sends_into_the_same_channel_does_not_lock_up() {
    struct Echo(Sender<Echo>);
    impl Clone for Echo {
        fn clone(&self) -> Self {
            let sent = self.0.send(Echo(self.0.clone()));
            assert!(sent.is_ok());
            Self(self.0.clone())
        }
    }
    let (tx, mut first) = channel(1);
    let _second = tx.subscribe();
    assert!(tx.send(Echo(tx.clone())).is_ok());
    assert!(first.try_recv().is_ok());
}

#[test]
fn a_waker_whose_drop_sends_does_not_lock_up() {
    let (tx, mut rx) = channel(8);
    let mut recv = Box::pin(rx.recv());
    let other = tx.clone();
    let waker = waker_fn_with_drop(
        || {},
        move || {
            let _ = other.send(2);
        },
    );
    assert!(poll_with(recv.as_mut(), &waker).is_pending());
    drop(waker);
    drop(recv);
    assert_eq!(rx.try_recv(), Ok(2));
    drop(tx);
}

#[test]
fn resubscribing_begins_with_what_comes_next() {
    let (tx, mut rx) = channel(2);
    send_all(&tx, 0..5);
    let mut again = rx.resubscribe();
    assert_eq!((again.len(), again.try_recv()), (0, Err(TryRecvError::Empty)));
    tx.send(5).unwrap();
    assert_eq!(drain(&mut again), [5]);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(4)));
    drop(tx);
    let mut late = again.resubscribe();
    assert_eq!(late.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_sender_learns_that_the_receivers_are_gone() {
    let (tx, first) = channel::<()>(1);
    let second = tx.subscribe();
    let wakes = WakeCount::new();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    drop(first);
    assert_eq!(wakes.count(), 0);
    drop(second);
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(closed.as_mut()).is_ready());
    assert_eq!(tx.receiver_count(), 0);
    let _third = tx.subscribe();
    assert_eq!(tx.closed().now_or_never(), None, "open again");
}

#[test]
fn weak_senders_neither_keep_the_channel_open_nor_lose_it() {
    let (tx, mut rx) = channel(2);
    let weak = tx.downgrade();
    assert_eq!((tx.sender_count(), tx.weak_sender_count()), (1, 1));
    let second = weak.clone();
    weak.upgrade().unwrap().send(1).unwrap();
    assert!(weak.upgrade().unwrap().same_channel(&tx));
    drop(tx);
    assert_eq!((second.sender_count(), second.weak_sender_count()), (0, 2));
    assert!(weak.upgrade().is_none());
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Closed)));
}

#[test]
fn a_stream_gives_values_and_lags_and_ends() {
    let (tx, rx) = channel(2);
    send_all(&tx, 0..3);
    drop(tx);
    let all: Vec<_> = rx.collect().now_or_never().unwrap();
    assert_eq!(all, [Err(RecvError::Lagged(1)), Ok(1), Ok(2)]);
}

#[test]
fn blocking_receives_end_at_their_timeouts() {
    let (tx, mut rx) = channel(2);
    assert_eq!(rx.blocking_recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.blocking_recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    let sender = std::thread::spawn(move || tx.send(1).is_ok());
    assert_eq!(rx.blocking_recv_timeout(Duration::MAX), Ok(Ok(1)));
    assert_eq!(rx.blocking_recv(), Err(RecvError::Closed));
    assert!(sender.join().unwrap());
}

#[test]
fn receivers_on_workers_get_every_value_or_know_how_many_they_lost() {
    for workers in [1, 2] {
        let scheduler =
            qi_sched::Scheduler::builder().worker_threads(workers).build().expect("it starts");
        let (tx, rx) = channel(64);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let mut rx = rx.resubscribe();
                scheduler.spawn(async move {
                    let mut seen = 0;
                    loop {
                        match rx.recv().await {
                            Ok(number) => {
                                assert_eq!(number, seen);
                                seen += 1;
                            }
                            Err(RecvError::Lagged(lost)) => seen += lost,
                            _ => return seen,
                        }
                    }
                })
            })
            .collect();
        drop(rx);
        let sender = scheduler.spawn(async move {
            for number in 0..10_000_u64 {
                tx.send(number).expect("they are there");
                if number % 50 == 0 {
                    qi_sched::coop::yield_now().await;
                }
            }
        });
        scheduler.block_on(sender).expect("it ends");
        for receiver in receivers {
            assert_eq!(scheduler.block_on(receiver).expect("it ends"), 10_000);
        }
    }
}
