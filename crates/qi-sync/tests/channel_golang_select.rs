//! What Go's own tests of `select` ask, asked of our channels under a `select` of futures. Where Go
//! closes a channel from the sending side, our senders go.
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
                    // It waits, unless it has just ended.
                    let _ = other.cancel();
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
