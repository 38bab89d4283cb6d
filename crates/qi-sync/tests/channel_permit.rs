//! Places promised in channels: permits, requests for many, and the sink over them.
#![forbid(unsafe_code)]

use futures_util::{FutureExt, SinkExt, stream};
use qi_sync::channel::mpsc::{self, Receiver, ReserveError, Sender, TryRecvError, TrySendError};
use qi_test_kit::{WakeCount, poll_once, poll_with};
use std::pin::pin;
use std::task::Poll;

fn storing<T>() -> [(Sender<T>, Receiver<T>); 3] {
    [mpsc::bounded(100), mpsc::unbounded(), mpsc::bounded(32)]
}

/// Receives without waiting, as a future.
fn now<T>(rx: &mut Receiver<T>) -> Option<Option<T>> {
    rx.recv().now_or_never()
}

#[test]
fn a_permit_holds_its_place_until_it_is_used_or_dropped() {
    let (tx, mut rx) = mpsc::bounded(1);
    let first = tx.try_reserve().unwrap();
    assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
    drop(first);
    let second = tx.reserve().now_or_never().unwrap().unwrap();
    let wakes = WakeCount::new();
    let mut third = pin!(tx.reserve());
    assert!(poll_with(third.as_mut(), &wakes.waker()).is_pending());
    drop(second);
    assert_eq!(wakes.count(), 1);
    let Poll::Ready(Ok(third)) = poll_once(third) else { panic!("the place was passed on") };
    third.send(5).unwrap();
    assert_eq!(rx.try_recv(), Ok(5));
}

#[test]
fn values_behind_an_unused_permit_do_not_wait_for_it() {
    for (tx, mut rx) in storing() {
        let permit = tx.try_reserve().unwrap();
        tx.try_send(1).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        permit.send(2).unwrap();
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

#[test]
fn many_places_come_together_and_what_is_left_goes_back() {
    let (tx, mut rx) = mpsc::bounded(4);
    let mut permits = tx.try_reserve_many(3).unwrap();
    assert_eq!((permits.len(), tx.capacity()), (3, Some(1)));
    permits.next().unwrap().send(1).unwrap();
    assert_eq!((permits.len(), tx.capacity()), (2, Some(1)));
    drop(permits);
    assert_eq!(tx.capacity(), Some(3));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(tx.try_reserve_many(0).unwrap().count(), 0);
    assert_eq!(tx.reserve_many(0).now_or_never().unwrap().unwrap().count(), 0);
    assert_eq!(tx.try_reserve_many(4).unwrap().count(), 4);
    assert_eq!(tx.capacity(), Some(4));
}

#[test]
fn more_places_than_there_are_is_an_error_and_not_a_wait() {
    let (tx, _rx) = mpsc::bounded::<()>(4);
    let too_many = ReserveError::TooMany { wanted: 5, most: 4 };
    assert_eq!(tx.try_reserve_many(5).unwrap_err(), too_many);
    assert_eq!(tx.reserve_many(5).now_or_never().unwrap().unwrap_err(), too_many);
    let huge = ReserveError::TooMany { wanted: usize::MAX, most: 4 };
    assert_eq!(tx.try_reserve_many(usize::MAX).unwrap_err(), huge);
}

#[test]
fn a_big_request_is_not_overtaken_by_small_ones() {
    let (tx, mut rx) = mpsc::bounded(2);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let (big, small) = (WakeCount::new(), WakeCount::new());
    let mut both = pin!(tx.reserve_many(2));
    let mut one = pin!(tx.reserve());
    assert!(poll_with(both.as_mut(), &big.waker()).is_pending());
    assert!(poll_with(one.as_mut(), &small.waker()).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((big.count(), small.count()), (0, 0));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!((big.count(), small.count()), (1, 0));
    let Poll::Ready(Ok(permits)) = poll_once(both) else { panic!("both places are free") };
    assert!(poll_once(one.as_mut()).is_pending());
    drop(permits);
    assert!(poll_once(one).is_ready());
}

#[test]
fn a_big_request_that_is_given_up_lets_a_small_one_by() {
    let (tx, mut rx) = mpsc::bounded(2);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let mut both = Box::pin(tx.reserve_many(2));
    let mut one = pin!(tx.reserve());
    assert!(poll_once(both.as_mut()).is_pending());
    assert!(poll_once(one.as_mut()).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(poll_once(one.as_mut()).is_pending());
    drop(both);
    assert!(poll_once(one).is_ready());
}

#[test]
fn owned_permits_give_their_sender_back() {
    let (tx, mut rx) = mpsc::bounded(1);
    let permit = tx.reserve_owned().now_or_never().unwrap().unwrap();
    let tx = permit.send(1).unwrap();
    let (why, tx) = tx.try_reserve_owned().unwrap_err();
    assert_eq!(why, ReserveError::Full);
    assert_eq!(rx.try_recv(), Ok(1));
    let tx = tx.try_reserve_owned().map_err(|(why, _)| why).unwrap().release();
    assert_eq!(tx.sender_count(), 1);
    drop(tx.try_reserve_owned().map_err(|(why, _)| why).unwrap());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_closed_channel_waits_for_its_permits() {
    for (tx, mut rx) in storing() {
        let (used, unused) = (tx.try_reserve().unwrap(), tx.try_reserve().unwrap());
        rx.close();
        let wakes = WakeCount::new();
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(recv.as_mut(), &wakes.waker()).is_pending());
        used.send(1).unwrap();
        assert_eq!(wakes.take(), 1);
        assert_eq!(poll_once(recv.as_mut()), Poll::Ready(Some(1)));
        drop(recv);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "a permit is out");
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(recv.as_mut(), &wakes.waker()).is_pending());
        drop(unused);
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll_once(recv.as_mut()), Poll::Ready(None));
    }
}

#[test]
fn a_reservation_that_ends_on_a_closed_channel_leaves_no_receiver_waiting() {
    for give_up in [false, true] {
        let (tx, mut rx) = mpsc::bounded::<()>(2);
        let permit = tx.try_reserve().unwrap();
        let mut many = Box::pin(tx.reserve_many(2));
        assert!(poll_once(many.as_mut()).is_pending());
        rx.close();
        let wakes = WakeCount::new();
        let mut recv = pin!(rx.recv());
        assert!(poll_with(recv.as_mut(), &wakes.waker()).is_pending());
        if give_up {
            drop(many);
        } else {
            assert!(matches!(poll_once(many.as_mut()), Poll::Ready(Err(ReserveError::Closed))));
        }
        assert_eq!(wakes.count(), 0, "a permit is out");
        drop(permit);
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll_once(recv.as_mut()), Poll::Ready(None));
    }
}

#[test]
fn a_permit_learns_that_the_receiver_went() {
    for (tx, rx) in storing() {
        let permit = tx.try_reserve().unwrap();
        drop(rx);
        assert_eq!(permit.send(1).unwrap_err().into_inner(), 1);
    }
}

#[test]
fn a_permit_of_the_last_sender_keeps_a_weak_one_from_nothing() {
    let (tx, mut rx) = mpsc::bounded(1);
    let weak = tx.downgrade();
    let permit = tx.try_reserve_owned().map_err(|(why, _)| why).unwrap();
    assert!(weak.upgrade().is_some(), "the permit holds a sender");
    drop(permit);
    assert!(weak.upgrade().is_none());
    assert_eq!(rx.try_recv(), Err::<(), _>(TryRecvError::Closed));
}

#[test]
fn a_sink_reserves_first_and_gives_unused_places_back() {
    let (tx, rx) = mpsc::bounded(1);
    let mut sink = tx.clone().into_sink();
    assert_eq!(sink.feed(1).now_or_never(), Some(Ok(())));
    assert_eq!(sink.feed(2).now_or_never(), None);
    drop(sink);
    let mut rx = rx;
    assert_eq!(rx.try_recv(), Ok(1));
    let mut sink = tx.clone().into_sink();
    let ready = std::future::poll_fn(|cx| sink.poll_ready_unpin(cx)).now_or_never();
    assert_eq!(ready, Some(Ok(())));
    assert_eq!(tx.capacity(), Some(0));
    drop(sink);
    assert_eq!(tx.capacity(), Some(1));
    let mut sink = tx.into_sink();
    let all = sink.send_all(&mut stream::iter([Ok(5)])).now_or_never();
    assert_eq!(all, Some(Ok(())));
    assert_eq!(sink.close().now_or_never(), Some(Ok(())));
    assert_eq!((now(&mut rx), now(&mut rx)), (Some(Some(5)), Some(None)));
}
