//! Channels: one or four senders, one or four receivers, with room for a hundred values or without a
//! limit. Each runtime with its own channel; flume on Tokio. An operation is a value.

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::peer::channel::{Pipe, Shared};
use crate::sample::Sample;

/// Values sent in all.
const VALUES: u64 = 1_000_000;

/// Room of a channel with a limit.
const ROOM: Option<usize> = Some(100);

/// Receives until the senders are gone, and adds up.
async fn receive_all<C: Pipe>(mut receiver: C::Receiver) -> u64 {
    let mut sum = 0;
    while let Some(number) = C::receive(&mut receiver).await {
        sum += number;
    }
    sum
}

async fn flow<P: Peer, C: Pipe>(
    senders: u64,
    values: u64,
    sender: C::Sender,
    receivers: Vec<C::Receiver>,
) {
    let receivers: Vec<_> =
        receivers.into_iter().map(|receiver| P::spawn(receive_all::<C>(receiver))).collect();
    for _ in 0..senders {
        let sender = sender.clone();
        P::detach(async move {
            for number in 0..values / senders {
                C::send(&sender, number).await;
            }
        });
    }
    drop(sender);
    let mut sum = 0;
    for receiver in receivers {
        sum += receiver.await;
    }
    let each = values / senders;
    assert_eq!(sum, senders * (each * (each - 1) / 2), "a value was lost");
}

fn measure<P: Peer, C: Pipe>(
    job: &Job,
    senders: u64,
    make: impl Fn() -> (C::Sender, Vec<C::Receiver>),
) -> Sample {
    let runtime = P::start(job.workers);
    let values = job.count(VALUES);
    let (sender, receivers) = make();
    runtime.run(flow::<P, C>(senders, values / 10, sender, receivers));
    let (sender, receivers) = make();
    let meter = Meter::start();
    runtime.run(flow::<P, C>(senders, values, sender, receivers));
    meter.stop(values)
}

/// The workloads with one receiver.
pub(crate) fn to_one<P: Peer, C: Pipe>(workload: &str, job: &Job) -> Option<Sample> {
    let (senders, capacity) = match workload {
        "channel-1-1" => (1, ROOM),
        "channel-4-1" => (4, ROOM),
        "channel-1-1-unbounded" => (1, None),
        "channel-4-1-unbounded" => (4, None),
        _ => return None,
    };
    Some(measure::<P, C>(job, senders, || {
        let (sender, receiver) = C::make(capacity);
        (sender, vec![receiver])
    }))
}

/// The workloads with four.
pub(crate) fn to_four<P: Peer, C: Shared>(workload: &str, job: &Job) -> Option<Sample> {
    let capacity = match workload {
        "channel-4-4" => ROOM,
        "channel-4-4-unbounded" => None,
        _ => return None,
    };
    Some(measure::<P, C>(job, 4, || {
        let (sender, receiver) = C::make(capacity);
        let shared = (1..4).map(|_| C::share(&receiver)).collect::<Vec<_>>();
        (sender, shared.into_iter().chain([receiver]).collect())
    }))
}
