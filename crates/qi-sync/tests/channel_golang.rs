//! What Go's own tests of its channels ask, asked of ours: chains, sieves, races of those who
//! do not wait. Where Go closes a channel from the sending side, our senders go.
#![forbid(unsafe_code)]

use futures_util::future::{Either, FutureExt, select};
use qi_sched::Scheduler;
use qi_sync::channel::mpmc::{Receiver, TryRecvError, bounded, rendezvous, unbounded};
use std::future::Future;
use std::pin::pin;

/// Runs `body` as a task, on one worker and on two.
fn on_workers<F>(body: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for workers in [1, 2] {
        let scheduler = Scheduler::builder().worker_threads(workers).build().expect("it starts");
        let task = scheduler.spawn(body());
        scheduler.block_on(task).expect("no assertion fails");
    }
}

/// Receives from whichever has something: its number, and the value, or `None` at its end.
async fn either<T>(first: &Receiver<T>, second: &Receiver<T>) -> (usize, Option<T>) {
    match select(first.recv(), second.recv()).await {
        Either::Left((value, _)) => (0, value),
        Either::Right((value, _)) => (1, value),
    }
}

#[test]
fn fifo_values_in_a_buffer_come_in_order() {
    on_workers(|| async {
        let (tx, rx) = bounded(10);
        for number in 0..10 {
            tx.send(number).await.expect("there is room");
        }
        for number in 0..10 {
            assert_eq!(rx.recv().await, Some(number));
        }
    });
}

#[test]
fn fifo_a_chain_without_buffers_passes_turns_in_order() {
    on_workers(|| async {
        let (tx, rx) = rendezvous();
        let (first, mut turn) = rendezvous::<()>();
        for number in 0..50 {
            let (tx, before, (next_tx, next)) = (tx.clone(), turn, rendezvous());
            turn = next;
            qi_sched::spawn(async move {
                before.recv().await;
                tx.send(number).await.expect("it is received");
                let _ = next_tx.send(()).await;
            });
        }
        first.send(()).await.expect("the chain begins");
        for number in 0..50 {
            assert_eq!(rx.recv().await, Some(number));
        }
        assert_eq!(turn.recv().await, Some(()));
    });
}

#[test]
fn goroutines_a_chain_of_ten_thousand_tasks_passes_a_value_through() {
    on_workers(|| async {
        let (left, end) = rendezvous();
        let mut to = left;
        let (mut start, mut from);
        (start, from) = rendezvous::<u32>();
        for _ in 0..10_000 {
            let (tx, rx) = (to, from);
            qi_sched::spawn(async move {
                let value = rx.recv().await.expect("it comes");
                let _ = tx.send(value + 1).await;
            });
            to = start;
            (start, from) = rendezvous();
        }
        to.send(0).await.expect("the last one receives");
        assert_eq!(end.recv().await, Some(10_000));
    });
}

#[test]
fn nonblock_without_a_partner_nothing_is_sent_or_received() {
    let (tx, rx) = rendezvous();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(tx.try_send(1).unwrap_err().is_full());
    let mut recv = pin!(rx.recv());
    assert!(recv.as_mut().now_or_never().is_none());
    let (tx, rx) = bounded(1);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(tx.try_send(2).is_ok());
    assert!(tx.try_send(3).unwrap_err().is_full());
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn nonblock_with_a_partner_that_waits_it_succeeds() {
    let (tx, rx) = rendezvous();
    let mut recv = pin!(rx.recv());
    assert!(recv.as_mut().now_or_never().is_none());
    // `now_or_never` has polled and kept it: it waits.
    let waiting = qi_test_kit::poll_once(recv.as_mut());
    assert!(waiting.is_pending());
    assert!(tx.try_send("to who waits").is_ok());
    assert_eq!(recv.now_or_never(), Some(Some("to who waits")));
    let mut send = pin!(tx.send("from who waits"));
    assert!(qi_test_kit::poll_once(send.as_mut()).is_pending());
    assert_eq!(rx.try_recv(), Ok("from who waits"));
    assert_eq!(send.now_or_never(), Some(Ok(())));
}

#[test]
fn sieve1_a_growing_chain_of_filters_finds_the_primes() {
    on_workers(|| async {
        let (tx, mut numbers) = rendezvous();
        qi_sched::spawn(async move {
            let mut number = 2;
            while tx.send(number).await.is_ok() {
                number += 1;
            }
        });
        for prime in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71] {
            assert_eq!(numbers.recv().await, Some(prime));
            let (tx, filtered) = rendezvous();
            let all = std::mem::replace(&mut numbers, filtered);
            qi_sched::spawn(async move {
                while let Some(number) = all.recv().await {
                    if number % prime != 0 && tx.send(number).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

#[test]
fn zerosize_values_of_no_size_are_counted_all_the_same() {
    for (tx, rx) in [bounded::<[u64; 0]>(1000), unbounded()] {
        for _ in 0..1000 {
            tx.try_send([]).expect("there is room");
        }
        assert_eq!((rx.len(), rx.try_iter().count()), (1000, 1000));
    }
}

#[test]
fn chan_test_of_a_channel_the_end_comes_after_what_is_in_it() {
    for capacity in 1..200 {
        let (tx, rx) = bounded(capacity);
        for number in 0..capacity {
            tx.try_send(number).expect("there is room");
        }
        assert!(tx.try_send(0).unwrap_err().is_full());
        drop(tx);
        for number in 0..capacity {
            assert_eq!(rx.recv().now_or_never(), Some(Some(number)));
        }
        assert_eq!(rx.recv().now_or_never(), Some(None));
    }
}

#[test]
fn chan_test_a_receiver_that_waits_is_woken_by_the_end() {
    on_workers(|| async {
        for (tx, rx) in [rendezvous::<u8>(), bounded(1), unbounded()] {
            let receiver = qi_sched::spawn(async move { rx.recv().await });
            qi_sched::coop::yield_now().await;
            drop(tx);
            assert_eq!(receiver.await.expect("it ends"), None);
        }
    });
}

#[test]
fn nonblock_recv_race_a_value_or_the_end_is_seen_after_the_send() {
    for round in 0..300 {
        let (tx, rx) = bounded(1);
        tx.try_send(1).expect("there is room");
        let receiver = std::thread::spawn(move || rx.try_recv());
        if round % 2 == 0 {
            drop(tx);
        }
        assert_eq!(receiver.join().expect("it ends"), Ok(1), "it was there before");
    }
}

#[test]
fn chan_send_interface_values_of_any_type_go_in_boxes() {
    let (tx, rx) = bounded::<Box<dyn std::any::Any + Send>>(2);
    tx.try_send(Box::new(5)).unwrap_or_else(|_| panic!("there is room"));
    tx.try_send(Box::new("text")).unwrap_or_else(|_| panic!("there is room"));
    assert_eq!(rx.try_recv().ok().and_then(|any| any.downcast::<i32>().ok()), Some(Box::new(5)));
    assert!(rx.try_recv().is_ok_and(|any| any.is::<&str>()));
}

#[test]
fn pseudo_random_send_two_channels_are_both_used() {
    on_workers(|| async {
        let ((zero, zeroes), (one, ones)) = (rendezvous(), rendezvous());
        for (tx, bit) in [(zero, 0), (one, 1)] {
            qi_sched::spawn(async move { while tx.send(bit).await.is_ok() {} });
        }
        let mut counts = [0; 2];
        for round in 0..1_000 {
            // The first of a select goes first if both can; so their order takes turns.
            let (_, bit) = if round % 2 == 0 {
                either(&zeroes, &ones).await
            } else {
                either(&ones, &zeroes).await
            };
            counts[bit.expect("they go on")] += 1;
        }
        assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
    });
}

#[test]
fn multi_consumer_what_many_workers_send_back_adds_up() {
    on_workers(|| async {
        let ((tx, rx), (back, results)) = (bounded(23), bounded(115));
        for _ in 0..23 {
            let (rx, back) = (rx.clone(), back.clone());
            qi_sched::spawn(async move {
                while let Some(number) = rx.recv().await {
                    if number % 5 == 0 {
                        qi_sched::coop::yield_now().await;
                    }
                    back.send(number).await.expect("it is received");
                }
            });
        }
        drop(back);
        let expected = qi_sched::spawn(async move {
            let mut sum = 0_u64;
            for number in (0..5_000_u64).map(|n| n * 7919 % 1_009) {
                sum += number;
                tx.send(number).await.expect("they receive");
            }
            sum
        });
        let mut sum = 0;
        while let Some(number) = results.recv().await {
            sum += number;
        }
        assert_eq!(expected.await.expect("it ends"), sum);
    });
}

#[test]
fn ken_chan_all_patterns_of_senders_and_receivers_balance() {
    on_workers(|| async {
        for capacity in [0, 1, 10, 100] {
            let make = || if capacity == 0 { rendezvous::<u64>() } else { bounded(capacity) };
            for (senders, receivers) in [(1, 1), (4, 1), (1, 4), (4, 4)] {
                let (tx, rx) = make();
                for sender in 0..senders {
                    let tx = tx.clone();
                    qi_sched::spawn(async move {
                        for number in 0..100 {
                            tx.send(sender * 100 + number).await.expect("it is received");
                        }
                    });
                }
                drop(tx);
                let tasks: Vec<_> = (0..receivers)
                    .map(|_| {
                        let rx = rx.clone();
                        qi_sched::spawn(async move {
                            let mut sum = 0;
                            while let Some(number) = rx.recv().await {
                                sum += number;
                            }
                            sum
                        })
                    })
                    .collect();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.expect("it ends");
                }
                assert_eq!(sum, (0..senders * 100).sum());
            }
        }
    });
}

#[test]
fn ken_chan1_every_number_is_received_once_by_somebody() {
    const COUNT: usize = 101;
    on_workers(|| async {
        let (tx, rx) = rendezvous();
        let receivers: Vec<_> = (0..10)
            .map(|_| {
                let rx = rx.clone();
                qi_sched::spawn(async move {
                    let mut got = Vec::new();
                    while let Some(number) = rx.recv().await {
                        got.push(number);
                    }
                    got
                })
            })
            .collect();
        for number in 0..COUNT {
            let tx = tx.clone();
            qi_sched::spawn(async move { tx.send(number).await.expect("it is received") });
        }
        drop((tx, rx));
        let mut all = Vec::new();
        for receiver in receivers {
            all.extend(receiver.await.expect("it ends"));
        }
        all.sort_unstable();
        assert_eq!(all, (0..COUNT).collect::<Vec<_>>());
    });
}
