//! Rare moments of channels: a receiver that goes between a sender's turn and its poll, promises
//! used up to the last, a future polled once too often, a value whose drop panics.
#![forbid(unsafe_code)]

use qi_sched::{Scheduler, TaskPriority, TaskStatus};
use qi_sync::channel::{MAX_CAPACITY, broadcast, mpmc, mpsc};
use qi_test_kit::{Ledger, Token, WakeCount, poll_once, poll_with};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[test]
fn a_sender_whose_turn_came_before_the_receiver_went_has_its_value_back() {
    for lone in [true, false] {
        let ledger = Ledger::new();
        let mut tokens = (0..2).map(|number| ledger.token(number));
        let (lone_pair, shared_pair) = (mpsc::bounded(1), mpmc::bounded(1));
        let tx = if lone { lone_pair.0 } else { shared_pair.0 };
        let (mut lone_rx, shared_rx) = (lone_pair.1, shared_pair.1);
        assert!(tx.try_send(tokens.next().unwrap()).is_ok());
        let mut sending = tx.send(tokens.next().unwrap());
        assert!(poll_once(Pin::new(&mut sending)).is_pending());
        let first = if lone { lone_rx.try_recv() } else { shared_rx.try_recv() };
        drop(first.expect("it was sent"));
        drop((lone_rx, shared_rx));
        let Poll::Ready(Err(error)) = poll_once(Pin::new(&mut sending)) else {
            panic!("nobody is there who could receive");
        };
        assert_eq!(error.into_inner().number(), 1);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn the_last_promises_of_an_unlimited_channel_go_on_when_they_are_used() {
    let (tx, mut rx) = mpsc::unbounded();
    let mut all = tx.try_reserve_many(MAX_CAPACITY).expect("nobody has any");
    let mut waiting = pin!(tx.reserve());
    let wakes = WakeCount::new();
    assert!(poll_with(waiting.as_mut(), &wakes.waker()).is_pending());
    assert!(tx.try_send(0).is_ok(), "sending without a promise needs none");
    assert!(all.next().expect("there are many").send(1).is_ok());
    assert!(wakes.is_woken(), "a promise is free again");
    assert!(poll_once(waiting.as_mut()).is_ready());
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(0), Ok(1)));
}

#[test]
fn as_many_promises_as_come_back_at_once_are_given_at_once() {
    const COUNT: usize = 100;
    let (tx, rx) = mpmc::rendezvous::<u32>();
    let mut receivers: Vec<_> = (0..COUNT).map(|_| rx.recv()).collect();
    for receiver in &mut receivers {
        assert!(poll_once(Pin::new(receiver)).is_pending());
    }
    let all = tx.try_reserve_many(COUNT).expect("as many receivers wait");
    let mut waiting: Vec<_> = (0..COUNT).map(|_| Box::pin(tx.reserve())).collect();
    let wakes = WakeCount::new();
    for one in &mut waiting {
        assert!(poll_with(one.as_mut(), &wakes.waker()).is_pending());
    }
    drop(all);
    assert_eq!(wakes.count(), COUNT);
}

#[test]
fn a_rendezvous_send_that_is_polled_after_its_end_leaves_nothing_behind() {
    let (tx, rx) = mpmc::rendezvous();
    let mut done = tx.send(1);
    assert!(poll_once(Pin::new(&mut done)).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(poll_once(Pin::new(&mut done)).is_ready());
    assert!(poll_once(Pin::new(&mut done)).is_ready());
    let mut next = tx.send(2);
    assert!(poll_once(Pin::new(&mut next)).is_pending());
    assert_eq!(rx.try_recv(), Ok(2), "the first send offers nothing any more");
}

#[test]
fn a_broadcast_value_whose_drop_panics_does_not_keep_the_end_from_the_sender() {
    #[derive(Clone)]
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("a value of a test"));
        }
    }
    let (tx, rx) = broadcast::channel(2);
    let mut closed = pin!(tx.closed());
    let wakes = WakeCount::new();
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    assert!(tx.send(Bad).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert!(wakes.is_woken());
    assert!(poll_once(closed.as_mut()).is_ready());
}

#[test]
fn a_value_sent_by_promise_while_the_receiver_goes_does_not_stay_in_the_channel() {
    const ROUNDS: usize = 2_000;
    for make in [mpsc::bounded::<Token>, |_| mpsc::unbounded(), |_| mpsc::rendezvous()] {
        let (ledger, mut stayed) = (Ledger::new(), 0);
        let (permits, sent) = (SyncQueue::new(), SyncQueue::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let (permit, token): (mpsc::OwnedPermit<Token>, Token) = permits.take();
                    // Whether it is sent or given back: it must be gone afterwards.
                    drop(permit.send(token));
                    sent.put(());
                }
            });
            for number in 0..ROUNDS {
                let (tx, mut rx) = make(1);
                let mut receiving = rx.recv();
                assert!(poll_once(Pin::new(&mut receiving)).is_pending());
                let permit = tx.clone().try_reserve_owned().expect("there is room, or demand");
                permits.put((permit, ledger.token(number)));
                drop(receiving);
                drop(rx);
                sent.take();
                stayed += ledger.alive();
                drop(tx);
            }
        });
        assert_eq!(stayed, 0);
    }
}

/// A place through which two threads that spin hand things to each other.
struct SyncQueue<T>(Mutex<Option<T>>);

impl<T> SyncQueue<T> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn put(&self, thing: T) {
        *self.0.lock().unwrap() = Some(thing);
    }

    fn take(&self) -> T {
        loop {
            if let Some(thing) = self.0.lock().unwrap().take() {
                return thing;
            }
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_sender_that_becomes_more_urgent_goes_before_one_for_whom_there_is_no_room() {
    for (tx, rx) in [mpmc::bounded(2), mpmc::rendezvous()] {
        // One place is free: by the capacity, or because one receiver waits.
        let is_bounded = tx.try_send(0).is_ok();
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        let mut receiving = rx.recv();
        if !is_bounded {
            assert!(poll_once(Pin::new(&mut receiving)).is_pending());
        }
        let mut big = tx.reserve_many(2);
        assert!(poll_once(Pin::new(&mut big)).is_pending());
        let reserving = Box::pin(tx.clone().reserve_owned());
        let waits = async move {
            let mut reserving = reserving;
            poll_fn(|cx| Poll::Ready(reserving.as_mut().poll(cx).is_pending()))
                .await
                .then_some(reserving)
        };
        let waits = scheduler.spawn_with_priority(waits, TaskPriority::Low);
        let reserving = scheduler.block_on(waits).unwrap().expect("it waits behind the other");
        let task = scheduler.spawn_with_priority(reserving, TaskPriority::Critical);
        while !task.is_finished() {
            assert_ne!(task.status(), TaskStatus::Waiting, "it goes first, and there is room");
            std::thread::yield_now();
        }
        assert!(scheduler.block_on(task).unwrap().is_ok());
    }
}

#[test]
fn values_whose_drops_panic_are_all_dropped_when_the_receiver_goes() {
    struct Bad(Arc<AtomicUsize>);
    impl Drop for Bad {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
            std::panic::resume_unwind(Box::new("a value of a test"));
        }
    }
    for make in [mpsc::bounded::<Bad>, |_| mpsc::unbounded()] {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = make(3);
        for _ in 0..3 {
            assert!(tx.try_send(Bad(dropped.clone())).is_ok());
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| drop(rx))).expect_err("one tells");
        assert_eq!(panicked.downcast_ref(), Some(&"a value of a test"));
        assert_eq!(dropped.load(SeqCst), 3);
    }
}
