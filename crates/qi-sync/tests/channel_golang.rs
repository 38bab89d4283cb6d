//! What Go's own tests of its channels ask, asked of ours: chains, sieves, selects, races of those
//! who do not wait. Where Go closes a channel from the sending side, our senders go.
#![forbid(unsafe_code)]

use futures_util::future::{Either, FutureExt, select};
use qi_sched::Scheduler;
use qi_sync::channel::mpmc::{Receiver, Sender, TryRecvError, bounded, rendezvous, unbounded};
use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;

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
fn doubleselect_no_value_is_received_twice() {
    const EACH: i32 = 2_000;
    on_workers(|| async {
        let (ins, outs): (Vec<Sender<i32>>, Vec<_>) = (0..4).map(|_| rendezvous()).unzip();
        let sender = qi_sched::spawn(async move {
            // Sent to whichever of the four has a receiver first.
            for number in 0..EACH {
                let mut places: Vec<_> = ins.iter().map(Sender::reserve).collect();
                let permit = std::future::poll_fn(|cx| {
                    let mut polls = places.iter_mut().map(|place| Pin::new(place).poll(cx));
                    polls.find(Poll::is_ready).unwrap_or(Poll::Pending)
                });
                let permit = permit.await.expect("they receive");
                permit.send(number).expect("they receive");
            }
        });
        let (tx, all) = bounded(16);
        for out in outs {
            let tx = tx.clone();
            qi_sched::spawn(async move {
                while let Some(number) = out.recv().await {
                    tx.send(number).await.expect("it is counted");
                }
            });
        }
        drop(tx);
        let mut seen = HashMap::<i32, u32>::new();
        while let Some(number) = all.recv().await {
            *seen.entry(number).or_default() += 1;
        }
        sender.await.expect("it ends");
        assert_eq!(seen.len(), EACH as usize, "none is missing");
        assert!(seen.values().all(|&count| count == 1), "none was sent twice");
    });
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
fn select_alternates_as_its_partners_do() {
    on_workers(|| async {
        let ((a, from_a), (b, from_b)) = (rendezvous(), rendezvous());
        qi_sched::spawn(async move {
            for number in 0..100 {
                let tx = if number % 2 == 0 { &a } else { &b };
                tx.send(number).await.expect("it is received");
            }
        });
        for number in 0..100 {
            assert_eq!(either(&from_a, &from_b).await, (number % 2, Some(number)));
        }
    });
}

#[test]
fn select2_a_hundred_thousand_selects_leave_nothing_behind() {
    on_workers(|| async {
        let ((tx, rx), (_idle, dummy)) = (rendezvous(), rendezvous::<u32>());
        qi_sched::spawn(async move {
            for number in 0..20_000 {
                tx.send(number).await.expect("it is received");
            }
        });
        let mut count = 0;
        while let (0, Some(number)) = either(&rx, &dummy).await {
            assert_eq!(number, count);
            count += 1;
        }
        assert_eq!(count, 20_000);
        assert_eq!(dummy.len(), 0);
    });
}

#[test]
fn select3_what_can_never_go_on_waits_and_what_can_does_not() {
    let (tx, rx) = rendezvous::<()>();
    assert!(rx.recv().now_or_never().is_none(), "nobody sends");
    assert!(tx.send(()).now_or_never().is_none(), "nobody receives");
    let (tx, rx) = bounded(1);
    assert!(tx.send(()).now_or_never().is_some());
    assert!(tx.send(()).now_or_never().is_none(), "full");
    assert!(rx.recv().now_or_never().is_some());
    rx.close();
    assert!(rx.recv().now_or_never().is_some(), "the end");
    assert!(tx.send(()).now_or_never().is_some(), "an error");
}

#[test]
fn select4_a_select_takes_the_one_that_can_go_on() {
    on_workers(|| async {
        let ((tx, rx), (_idle, never)) = (bounded(1), rendezvous());
        tx.send(42).await.expect("there is room");
        assert_eq!(either(&never, &rx).await, (1, Some(42)));
    });
}

#[test]
fn select6_a_select_that_lost_does_not_swallow_what_comes_later() {
    on_workers(|| async {
        let ((_idle, never), (tx, rx)) = (rendezvous::<bool>(), rendezvous());
        let (other_tx, other) = rendezvous();
        // Two selects wait on `rx` and lose; their places in line must go with them.
        for _ in 0..2 {
            let mut lost = pin!(either(&never, &rx));
            assert!(lost.as_mut().now_or_never().is_none());
        }
        qi_sched::spawn(async move {
            tx.send(true).await.expect("it is received");
            other_tx.send(true).await.expect("it is received");
        });
        assert_eq!(rx.recv().await, Some(true));
        assert_eq!(other.recv().await, Some(true));
    });
}

#[test]
fn select7_every_way_to_send_meets_every_way_to_receive() {
    on_workers(|| async {
        for (send_way, receive_way) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 2)] {
            let (tx, rx) = rendezvous();
            let receiver = qi_sched::spawn(async move {
                let (_idle, never) = rendezvous();
                match receive_way {
                    0 => rx.recv().await,
                    1 => either(&rx, &never).await.1,
                    _ => either(&never, &rx).await.1,
                }
            });
            match send_way {
                0 => tx.send(7).await.expect("it is received"),
                1 => {
                    while tx.try_send(7).is_err() {
                        qi_sched::coop::yield_now().await;
                    }
                }
                _ => tx.reserve().await.expect("somebody waits").send(7).expect("it is received"),
            }
            assert_eq!(receiver.await.expect("it ends"), Some(7));
        }
    });
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
fn nonblock_select_race_one_of_two_full_channels_is_found() {
    for _ in 0..300 {
        let ((first, from_first), (second, from_second)) = (bounded(1), bounded(1));
        first.try_send(1).expect("there is room");
        let receiver = std::thread::spawn(move || {
            from_first.try_recv().is_ok() || from_second.try_recv().is_ok()
        });
        // The receiver may have found the first, and gone.
        let _ = second.try_send(1);
        assert!(receiver.join().expect("it ends"), "one of them was full all the time");
    }
}

#[test]
fn self_select_a_task_that_sends_and_receives_at_once_does_not_meet_itself() {
    on_workers(|| async {
        for make in [rendezvous::<usize>, || bounded(10)] {
            let (tx, rx) = make();
            let tasks: Vec<_> = (0..2)
                .map(|me| {
                    let (tx, rx) = (tx.clone(), rx.clone());
                    qi_sched::spawn(async move {
                        for _ in 0..200 {
                            match select(tx.send(me), rx.recv()).await {
                                Either::Left((sent, _)) => sent.expect("both are there"),
                                Either::Right((value, _)) => {
                                    assert!(value.is_some_and(|from| from < 2));
                                }
                            }
                        }
                    })
                })
                .collect();
            drop((tx, rx));
            // One may be left without a partner at the end.
            let mut tasks = tasks.into_iter();
            let (first, second) = (tasks.next().expect("two"), tasks.next().expect("two"));
            match select(first, second).await {
                Either::Left((ended, other)) | Either::Right((ended, other)) => {
                    ended.expect("no assertion fails");
                    other.cancel().expect("it waits");
                }
            }
        }
    });
}

#[test]
fn select_stress_four_channels_of_all_kinds_lose_nothing() {
    on_workers(|| async {
        let channels = [rendezvous(), bounded(2), bounded(3), unbounded()];
        let (txs, rxs): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
        for tx in txs {
            for _ in 0..2 {
                let tx = tx.clone();
                qi_sched::spawn(async move {
                    for _ in 0..1_000 {
                        tx.send(1_u32).await.expect("it is received");
                    }
                });
            }
        }
        let mut counts = [0_u32; 4];
        let mut open: Vec<usize> = (0..4).collect();
        while !open.is_empty() {
            let mut recvs: Vec<_> = open.iter().map(|&n| rxs[n].recv()).collect();
            let (at, value) = std::future::poll_fn(|cx| {
                for (at, recv) in recvs.iter_mut().enumerate() {
                    if let Poll::Ready(value) = Pin::new(recv).poll(cx) {
                        return Poll::Ready((at, value));
                    }
                }
                Poll::Pending
            })
            .await;
            drop(recvs);
            match value {
                Some(one) => counts[open[at]] += one,
                None => drop(open.remove(at)),
            }
        }
        assert_eq!(counts, [2_000; 4]);
    });
}

#[test]
fn select_fairness_a_busy_channel_does_not_starve_a_task_on_another() {
    on_workers(|| async {
        let ((busy, from_busy), (tx, rx)) = (unbounded(), rendezvous());
        let receiver = qi_sched::spawn(async move {
            let mut count = 0_u64;
            while from_busy.recv().await.is_some() {
                count += 1;
            }
            count
        });
        let feeder = qi_sched::spawn(async move {
            let mut stop = pin!(rx.recv());
            let mut count = 0_u64;
            while stop.as_mut().now_or_never().is_none() {
                busy.send(()).await.expect("it is received");
                count += 1;
            }
            count
        });
        for _ in 0..10 {
            qi_sched::coop::yield_now().await;
        }
        tx.send(()).await.expect("the feeder looks now and then");
        let sent = feeder.await.expect("it ends");
        assert_eq!(receiver.await.expect("it ends"), sent);
    });
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
fn select_duplicate_channel_a_select_of_the_same_channel_twice_gets_a_value_once() {
    on_workers(|| async {
        let (tx, rx) = rendezvous();
        let waiting = {
            let rx = rx.clone();
            qi_sched::spawn(async move { either(&rx, &rx).await.1 })
        };
        tx.send(1).await.expect("it is received");
        assert_eq!(waiting.await.expect("it ends"), Some(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
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
