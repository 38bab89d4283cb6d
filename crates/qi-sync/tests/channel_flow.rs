//! Values in flow: many senders, many receivers, every kind of channel, one worker and two. What is
//! sent is received once, and one sender's values come in their order.

#![forbid(unsafe_code)]

use qi_sched::{Scheduler, TaskPriority};
use qi_sync::channel::{mpmc, mpsc};

/// A sender's number, and the number of its value.
type Item = (usize, usize);

const SENDERS: usize = 4;
const EACH: usize = 2_000;
const LANES: [TaskPriority; 4] =
    [TaskPriority::Low, TaskPriority::Normal, TaskPriority::High, TaskPriority::Critical];

fn on_one_and_two_workers(body: impl Fn(&Scheduler)) {
    for workers in [1, 2] {
        let scheduler = Scheduler::builder().worker_threads(workers).build().expect("it starts");
        body(&scheduler);
    }
}

/// Checks that each sender's values are all there, once.
fn assert_complete(mut received: Vec<Item>) {
    received.sort_unstable();
    let sent: Vec<_> = (0..SENDERS).flat_map(|s| (0..EACH).map(move |n| (s, n))).collect();
    assert_eq!(received, sent);
}

/// Checks that among what one receiver got each sender's values are in order.
fn assert_ordered(received: &[Item]) {
    let mut last = [None; SENDERS];
    for &(sender, number) in received {
        assert!(last[sender] < Some(number), "out of order: {number} after {:?}", last[sender]);
        last[sender] = Some(number);
    }
}

fn spawn_senders(scheduler: &Scheduler, tx: mpsc::Sender<Item>) {
    for sender in 0..SENDERS {
        let tx = tx.clone();
        scheduler.spawn(async move {
            for number in 0..EACH {
                tx.send((sender, number)).await.expect("the receiver is there");
            }
        });
    }
}

fn many_to_one(scheduler: &Scheduler, (tx, mut rx): (mpsc::Sender<Item>, mpsc::Receiver<Item>)) {
    spawn_senders(scheduler, tx);
    let receiver = scheduler.spawn(async move {
        let mut received = Vec::new();
        while let Some(value) = rx.recv().await {
            received.push(value);
        }
        received
    });
    let received = scheduler.block_on(receiver).expect("no task fails");
    assert_ordered(&received);
    assert_complete(received);
}

fn many_to_many(scheduler: &Scheduler, (tx, rx): (mpmc::Sender<Item>, mpmc::Receiver<Item>)) {
    spawn_senders(scheduler, tx);
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let rx = rx.clone();
            scheduler.spawn(async move {
                let mut received = Vec::new();
                while let Some(value) = rx.recv().await {
                    received.push(value);
                }
                received
            })
        })
        .collect();
    drop(rx);
    let mut all = Vec::new();
    for receiver in receivers {
        let received = scheduler.block_on(receiver).expect("no task fails");
        assert_ordered(&received);
        all.extend(received);
    }
    assert_complete(all);
}

#[test]
fn every_value_of_a_bounded_mpsc_channel_is_received_once_in_its_senders_order() {
    for capacity in [1, 2, 3, 100] {
        on_one_and_two_workers(|scheduler| many_to_one(scheduler, mpsc::bounded(capacity)));
    }
}

#[test]
fn every_value_of_an_unbounded_mpsc_channel_is_received_once_in_its_senders_order() {
    on_one_and_two_workers(|scheduler| many_to_one(scheduler, mpsc::unbounded()));
}

#[test]
fn every_value_of_a_rendezvous_mpsc_channel_is_received_once_in_its_senders_order() {
    on_one_and_two_workers(|scheduler| many_to_one(scheduler, mpsc::rendezvous()));
}

#[test]
fn every_value_of_a_bounded_mpmc_channel_is_received_once() {
    for capacity in [1, 2, 3, 100] {
        on_one_and_two_workers(|scheduler| many_to_many(scheduler, mpmc::bounded(capacity)));
    }
}

#[test]
fn every_value_of_an_unbounded_mpmc_channel_is_received_once() {
    on_one_and_two_workers(|scheduler| many_to_many(scheduler, mpmc::unbounded()));
}

#[test]
fn every_value_of_a_rendezvous_mpmc_channel_is_received_once() {
    on_one_and_two_workers(|scheduler| many_to_many(scheduler, mpmc::rendezvous()));
}

#[test]
fn every_value_between_plain_threads_is_received_once() {
    for (tx, rx) in [mpmc::bounded(1), mpmc::bounded(7), mpmc::unbounded(), mpmc::rendezvous()] {
        let received = std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let tx = tx.clone();
                scope.spawn(move || {
                    for number in 0..EACH {
                        tx.blocking_send((sender, number)).expect("the receivers are there");
                    }
                });
            }
            drop(tx);
            let receivers: Vec<_> = (0..2)
                .map(|_| {
                    let rx = rx.clone();
                    scope.spawn(move || rx.blocking_iter().collect::<Vec<_>>())
                })
                .collect();
            drop(rx);
            let join =
                |receiver: std::thread::ScopedJoinHandle<'_, _>| receiver.join().expect("it ends");
            receivers.into_iter().flat_map(join).collect::<Vec<_>>()
        });
        assert_complete(received);
    }
}

#[test]
fn every_value_from_blocking_sends_on_workers_is_received_once() {
    on_one_and_two_workers(|scheduler| {
        let (tx, mut rx) = mpsc::bounded(1);
        for sender in 0..SENDERS {
            let tx = tx.clone();
            scheduler.spawn(async move {
                for number in 0..EACH / 20 {
                    tx.blocking_send((sender, number)).expect("the receiver is there");
                }
            });
        }
        drop(tx);
        let receiver = scheduler.spawn(async move {
            let mut count = 0;
            while rx.blocking_recv().is_some() {
                count += 1;
            }
            count
        });
        assert_eq!(scheduler.block_on(receiver).expect("no task fails"), SENDERS * EACH / 20);
    });
}

#[test]
fn lanes_of_all_kinds_flow_through_a_channel_of_one_place() {
    on_one_and_two_workers(|scheduler| {
        let (tx, mut rx) = mpsc::bounded(1);
        for (sender, lane) in LANES.into_iter().enumerate() {
            let tx = tx.clone();
            scheduler.spawn_with_priority(
                async move {
                    for number in 0..EACH {
                        tx.send((sender, number)).await.expect("the receiver is there");
                    }
                },
                lane,
            );
        }
        drop(tx);
        let receiver = scheduler.spawn(async move {
            let mut received = Vec::new();
            while let Some(value) = rx.recv().await {
                received.push(value);
            }
            received
        });
        assert_complete(scheduler.block_on(receiver).expect("no task fails"));
    });
}
