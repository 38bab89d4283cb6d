//! Channels with one receiver: what each operation does, alone, in every kind of channel.
#![forbid(unsafe_code)]

use futures_util::{FutureExt, StreamExt};
use qi_sync::channel::mpmc;
use qi_sync::channel::mpsc::{
    self, Receiver, RecvTimeoutError, ReserveError, SendStoppedError, Sender, TryRecvError,
    TrySendError,
};
use qi_test_kit::{Ledger, WakeCount, poll_once, poll_with, waker_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

fn storing<T>() -> [(Sender<T>, Receiver<T>); 3] {
    [mpsc::bounded(100), mpsc::unbounded(), mpsc::bounded(32)]
}

/// Receives without waiting, as a future.
fn now<T>(rx: &mut Receiver<T>) -> Option<Option<T>> {
    rx.recv().now_or_never()
}

#[test]
fn values_come_in_order_and_then_the_end() {
    for (tx, mut rx) in storing() {
        assert!(tx.try_send(1).is_ok());
        assert_eq!(tx.send(2).now_or_never(), Some(Ok(())));
        assert_eq!(now(&mut rx), Some(Some(1)));
        assert_eq!(now(&mut rx), Some(Some(2)));
        assert_eq!(now(&mut rx), None);
        drop(tx);
        assert_eq!(now(&mut rx), Some(None));
        assert_eq!(now(&mut rx), Some(None), "and again");
    }
}

#[test]
fn a_stream_gives_what_a_receiver_gives() {
    for (tx, rx) in storing() {
        for number in 0..70 {
            if tx.try_send(number).is_err() {
                break;
            }
        }
        drop(tx);
        let all: Vec<i32> = rx.collect().now_or_never().expect("nothing to wait for");
        assert_eq!(all, (0..all.len() as i32).collect::<Vec<_>>());
        assert!(all.len() >= 32);
    }
}

#[test]
#[should_panic(expected = "the capacity of a channel is 0, accepted is 1 to")]
fn a_bounded_channel_of_nothing_is_refused_by_name() {
    let _ = mpsc::bounded::<()>(0);
}

#[test]
#[should_panic(expected = "accepted is 1 to")]
fn a_capacity_beyond_the_limit_is_refused_by_name() {
    let _ = mpsc::bounded::<()>(qi_sync::channel::MAX_CAPACITY + 1);
}

#[test]
fn the_greatest_capacity_costs_no_memory_until_it_is_used() {
    let (tx, mut rx) = mpsc::bounded::<[u8; 64]>(qi_sync::channel::MAX_CAPACITY);
    assert!(tx.try_send([1; 64]).is_ok());
    assert_eq!(rx.try_recv(), Ok([1; 64]));
    assert_eq!(tx.max_capacity(), Some(qi_sync::channel::MAX_CAPACITY));
}

#[test]
fn a_full_channel_refuses_and_a_waiting_sender_goes_first() {
    let (tx, mut rx) = mpsc::bounded(1);
    tx.try_send(1).unwrap();
    let wakes = WakeCount::new();
    let mut send = pin!(tx.send(2));
    assert!(poll_with(send.as_mut(), &wakes.waker()).is_pending());
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(wakes.count(), 1);
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)), "the place is promised");
    assert_eq!(poll_once(send.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(rx.try_recv(), Ok(2));
    assert!(tx.try_send(3).is_ok());
}

#[test]
fn a_send_that_is_given_up_gives_its_value_back() {
    let (tx, mut rx) = mpsc::bounded(1);
    tx.try_send(1).unwrap();
    let mut waiting = tx.send(2);
    assert!(poll_once(Pin::new(&mut waiting)).is_pending());
    assert_eq!(waiting.into_value(), Some(2));

    let mut let_in = tx.send(3);
    assert!(poll_once(Pin::new(&mut let_in)).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(let_in.into_value(), Some(3), "let in, and not sent");
    assert!(tx.try_send(4).is_ok(), "its place came back");
}

#[test]
fn a_send_that_is_stopped_gives_its_value_back() {
    let (tx, mut rx) = mpsc::bounded(1);
    assert_eq!(tx.send_or_stop(1, async {}).now_or_never(), Some(Ok(())));
    let stopped = tx.send_or_stop(2, async {}).now_or_never();
    assert_eq!(stopped, Some(Err(SendStoppedError::Stopped(2))));
    let waiting = tx.send_or_stop(3, std::future::pending::<()>()).now_or_never();
    assert_eq!(waiting, None, "dropped while it waited");
    rx.close();
    let closed = tx.send_or_stop(4, async {}).now_or_never();
    assert_eq!(closed, Some(Err(SendStoppedError::Closed(4))));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_receive_that_is_stopped_says_so() {
    let (tx, mut rx) = mpsc::bounded(1);
    let stopped = rx.recv_or_stop(async {}).now_or_never();
    assert_eq!(stopped, Some(Err(RecvTimeoutError::Timeout)));
    tx.try_send(1).unwrap();
    assert_eq!(rx.recv_or_stop(async {}).now_or_never(), Some(Ok(1)));
    drop(tx);
    let closed = rx.recv_or_stop(async {}).now_or_never();
    assert_eq!(closed, Some(Err(RecvTimeoutError::Closed)));
}

#[test]
fn close_refuses_what_comes_and_keeps_what_is_there() {
    for (tx, mut rx) in storing() {
        tx.try_send(1).unwrap();
        assert!(rx.close());
        assert!(!rx.close(), "it was closed before");
        assert!(tx.is_closed() && rx.is_closed() && !rx.is_finished());
        assert_eq!(tx.try_send(2), Err(TrySendError::Closed(2)));
        assert_eq!(tx.send(3).now_or_never().unwrap().unwrap_err().into_inner(), 3);
        assert_eq!(tx.try_reserve().unwrap_err(), ReserveError::Closed);
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert!(rx.is_finished());
    }
}

#[test]
fn dropping_the_receiver_wakes_senders_and_drops_what_it_did_not_take() {
    let ledger = Ledger::new();
    let (tx, rx) = mpsc::bounded(1);
    tx.try_send(ledger.token(0)).unwrap();
    let (wakes, closed_wakes) = (WakeCount::new(), WakeCount::new());
    let mut send = Box::pin(tx.send(ledger.token(1)));
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(send.as_mut(), &wakes.waker()).is_pending());
    assert!(poll_with(closed.as_mut(), &closed_wakes.waker()).is_pending());
    drop(rx);
    assert_eq!(ledger.dropped(), 1, "the value that was not received");
    assert_eq!((wakes.count(), closed_wakes.count()), (1, 1));
    assert!(poll_once(closed.as_mut()).is_ready());
    let Poll::Ready(Err(error)) = poll_once(send.as_mut()) else { panic!("nobody receives") };
    assert_eq!(error.into_inner().number(), 1);
    ledger.assert_all_dropped();
}

#[test]
fn values_are_dropped_once_in_whatever_order_the_ends_go() {
    for receiver_first in [false, true] {
        for (tx, rx) in storing() {
            let ledger = Ledger::new();
            let other = tx.clone();
            for number in 0..32 {
                tx.try_send(ledger.token(number)).unwrap();
            }
            drop(tx);
            if receiver_first {
                drop(rx);
                ledger.assert_all_dropped();
                drop(other);
            } else {
                drop(other);
                assert_eq!(ledger.alive(), 32);
                drop(rx);
            }
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn a_value_whose_drop_panics_does_not_keep_the_others() {
    struct Bomb(bool, #[allow(dead_code, reason = "it is dropped")] qi_test_kit::Token);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 {
                std::panic::resume_unwind(Box::new("a drop of a test"));
            }
        }
    }
    let ledger = Ledger::new();
    let (tx, rx) = mpsc::unbounded();
    for number in 0..40 {
        assert!(tx.try_send(Bomb(number == 3, ledger.token(number))).is_ok());
    }
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(rx)));
    assert!(dropped.is_err());
    ledger.assert_all_dropped();
}

#[test]
fn a_receiver_dropped_during_a_panic_drops_what_it_holds() {
    let ledger = Ledger::new();
    let (tx, rx) = mpsc::unbounded();
    for number in 0..40 {
        assert!(tx.try_send(ledger.token(number)).is_ok());
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _rx = rx;
        std::panic::resume_unwind(Box::new("a panic of a test"));
    }));
    assert!(panicked.is_err());
    ledger.assert_all_dropped();
}

#[test]
fn many_values_at_once_fill_the_buffer_up_to_the_limit() {
    for (tx, mut rx) in storing() {
        let mut buffer = vec![0];
        assert_eq!(rx.recv_many(&mut buffer, 0).now_or_never(), Some(0));
        assert_eq!(rx.recv_many(&mut buffer, 2).now_or_never(), None);
        for number in 1..=5 {
            tx.try_send(number).unwrap();
        }
        assert_eq!(rx.recv_many(&mut buffer, 2).now_or_never(), Some(2));
        assert_eq!(rx.recv_many(&mut buffer, 32).now_or_never(), Some(3));
        assert_eq!(buffer, [0, 1, 2, 3, 4, 5]);
        rx.close();
        assert_eq!(rx.recv_many(&mut buffer, 1).now_or_never(), Some(0));
        assert_eq!(buffer.len(), 6);
    }
}

#[test]
fn figures_agree_with_what_was_done() {
    let (tx, mut rx) = mpsc::bounded(3);
    assert_eq!((tx.len(), rx.len(), tx.capacity(), rx.max_capacity()), (0, 0, Some(3), Some(3)));
    assert!(rx.is_empty());
    for number in 1..=3 {
        tx.try_send(number).unwrap();
        assert_eq!((rx.len(), tx.capacity()), (number, Some(3 - number)));
    }
    for number in 1..=3 {
        assert!(!rx.is_empty() && !rx.is_finished());
        assert_eq!(rx.try_recv(), Ok(number));
        assert_eq!(rx.len(), 3 - number);
    }
    assert!(rx.is_empty() && !rx.is_closed());
    drop(tx);
    assert!(rx.is_closed() && rx.is_finished());
}

#[test]
fn an_unbounded_channel_counts_over_the_ends_of_its_blocks() {
    for shared in [false, true] {
        let (tx, mut rx) = mpsc::unbounded();
        let (other_tx, other_rx) = mpmc::unbounded();
        for number in 0..100 {
            assert_eq!(if shared { other_rx.len() } else { rx.len() }, number);
            tx.try_send(number).unwrap();
            other_tx.try_send(number).unwrap();
        }
        for number in 0..100 {
            assert_eq!(if shared { other_rx.len() } else { rx.len() }, 100 - number);
            assert_eq!((rx.try_recv(), other_rx.try_recv()), (Ok(number), Ok(number)));
        }
        assert_eq!((tx.capacity(), tx.max_capacity(), tx.len()), (None, None, 0));
    }
}

#[test]
fn weak_senders_neither_keep_the_channel_open_nor_lose_it() {
    for (tx, mut rx) in storing() {
        let weak = tx.downgrade();
        let second = weak.clone();
        assert_eq!((tx.sender_count(), tx.weak_sender_count()), (1, 2));
        weak.upgrade().unwrap().try_send(1).unwrap();
        assert!(rx.weak_sender().upgrade().unwrap().same_channel(&tx));
        drop((tx, second));
        assert_eq!((weak.sender_count(), weak.weak_sender_count()), (0, 1));
        assert!(weak.upgrade().is_none());
        assert_eq!((now(&mut rx), now(&mut rx)), (Some(Some(1)), Some(None)));
    }
}

#[test]
fn same_channel_tells_channels_apart() {
    let (first, _rx) = mpsc::bounded::<()>(1);
    let (second, _other) = mpsc::bounded::<()>(1);
    assert!(first.same_channel(&first.clone()) && !first.same_channel(&second));
}

#[test]
fn a_waker_that_panics_harms_nobody_who_sends() {
    for (tx, mut rx) in storing() {
        let bad = waker_fn(|| std::panic::resume_unwind(Box::new("a waker of a test")));
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(recv.as_mut(), &bad).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!(poll_once(recv.as_mut()), Poll::Ready(Some(1)));
    }
}

#[test]
fn a_receiver_that_gives_up_keeps_no_waker() {
    for (tx, mut rx) in storing::<()>() {
        let wakes = WakeCount::new();
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(recv.as_mut(), &wakes.waker()).is_pending());
        drop(recv);
        assert_eq!(wakes.held(), 0);
        tx.try_send(()).unwrap();
        assert_eq!(wakes.count(), 0);
    }
}

#[test]
fn types_without_debug_or_clone_can_be_sent() {
    struct Plain;
    for (tx, mut rx) in storing() {
        assert!(tx.clone().try_send(Plain).is_ok());
        assert!(!format!("{tx:?} {rx:?} {:?}", tx.try_reserve()).is_empty());
        assert!(matches!(now(&mut rx), Some(Some(Plain))));
        drop(rx);
        assert_eq!(format!("{:?}", tx.try_send(Plain)), "Err(Closed(..))");
    }
}

#[test]
fn blocking_operations_end_at_their_timeouts_and_not_before_they_were_tried() {
    let (tx, mut rx) = mpsc::bounded(1);
    assert_eq!(rx.blocking_recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert!(tx.blocking_send_timeout(1, Duration::ZERO).is_ok(), "there is room");
    let late = tx.blocking_send_timeout(2, Duration::from_millis(1));
    assert_eq!(late, Err(SendStoppedError::Stopped(2)));
    assert_eq!(rx.blocking_recv_timeout(Duration::ZERO), Ok(1));
    let sender = std::thread::spawn(move || tx.blocking_send_timeout(3, Duration::MAX));
    assert_eq!(rx.blocking_recv_timeout(Duration::MAX), Ok(3));
    assert!(sender.join().unwrap().is_ok());
    assert_eq!(rx.blocking_recv_timeout(Duration::MAX), Err(RecvTimeoutError::Closed));
    assert_eq!(rx.blocking_recv_many(&mut Vec::new(), 1), 0);
}

fn many_at_most(wanted: usize, most: usize) -> String {
    format!("{wanted} places were asked for, accepted is at most {most}")
}

#[test]
fn one_receiver_of_a_rendezvous_gives_one_place_at_a_time() {
    let (tx, mut rx) = mpsc::rendezvous::<u8>();
    let refused = qi_sched::Scheduler::builder()
        .worker_threads(1)
        .build()
        .unwrap()
        .block_on(async { tx.reserve_many(2).await.map(drop).unwrap_err() });
    assert_eq!(refused.to_string(), many_at_most(2, 1));
    let sender = std::thread::spawn(move || tx.blocking_send(1));
    assert_eq!(rx.blocking_recv(), Some(1));
    assert!(sender.join().unwrap().is_ok());
}

#[test]
fn errors_speak_english_and_chinese() {
    let (tx, rx) = mpsc::bounded(1);
    tx.try_send(1).unwrap();
    let full = tx.try_send(2).unwrap_err();
    assert_eq!(
        (full.to_string(), full.message_zh()),
        ("the channel is full".into(), "通道已满".into())
    );
    let many = tx.try_reserve_many(3).unwrap_err();
    assert_eq!(many.to_string(), many_at_most(3, 1));
    assert_eq!(many.message_zh(), "请求预留 3 个位置，最多只能预留 1 个");
    let (meet, _one) = mpsc::rendezvous::<u8>();
    assert_eq!(meet.try_reserve_many(2).unwrap_err().to_string(), many_at_most(2, 1));
    drop(rx);
    let closed = tx.blocking_send(2).unwrap_err();
    assert_eq!(closed.to_string(), "the channel is closed: nobody will receive");
    assert_eq!(closed.message_zh(), "通道已关闭，不会再有接收方");
}
