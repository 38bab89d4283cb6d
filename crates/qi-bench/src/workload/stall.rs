//! One task computes for long without yielding: how late are the timers and the sockets of all
//! others?
//!
//! Timers and requests are due at times fixed beforehand and count from then (no coordinated
//! omission). Of all of them those count that were under way during a stall: due before its end, and
//! seen after its beginning.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Job, scattered};
use crate::latency::Latencies;
use crate::load_client::Client;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::spin;

/// The stalls of one measurement.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    workers: usize,
    stalls: u32,
    length: Duration,
}

impl Plan {
    /// A thousand stalls of 30 ms.
    pub(super) fn many(workers: usize, job: &Job) -> Self {
        Self { workers, stalls: job.count(1000) as u32, length: Duration::from_millis(30) }
    }

    /// One stall of a second.
    pub(super) fn long(workers: usize) -> Self {
        Self { workers, stalls: 1, length: Duration::from_secs(1) }
    }
}

/// The time between two stalls, in which the workers catch up.
const PAUSE: Duration = Duration::from_millis(5);
/// The time before the first one.
const WARM: Duration = Duration::from_millis(200);
/// Tasks that sleep, and the time between two deadlines of each.
const SLEEPERS: u64 = 10;
const PERIOD: Duration = Duration::from_millis(5);
/// Requests per second, and the connections that they go round.
const REQUESTS: u32 = 1000;
const CONNECTIONS: usize = 8;
/// Rounds of computing between two looks at the clock.
const ROUNDS: u64 = 1000;

/// A stretch of time: a stall, or an event from when it was due to when it was seen.
type Stretch = (Instant, Instant);

/// Computes for so long without a suspension point.
pub(super) fn hold(length: Duration) -> Stretch {
    let begun = Instant::now();
    while begun.elapsed() < length {
        spin::rounds(ROUNDS);
    }
    (begun, Instant::now())
}

async fn stall<P: Peer>(plan: Plan, tell: Sender<Vec<Stretch>>) {
    let mut stalls = Vec::with_capacity(plan.stalls as usize);
    P::sleep(WARM).await;
    for _ in 0..plan.stalls {
        P::sleep(PAUSE).await;
        stalls.push(hold(plan.length));
    }
    // What the last one delayed is seen by now.
    P::sleep(PAUSE).await;
    tell.send(stalls).ok();
}

async fn sleep_often<P: Peer>(number: u64, stop: Arc<AtomicBool>, tell: Sender<Vec<Stretch>>) {
    let mut seen = Vec::new();
    let mut due = Instant::now() + scattered(number) / 200;
    // Relaxed: the flag carries no data.
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        if due > now {
            P::sleep(due - now).await;
        }
        seen.push((due, Instant::now()));
        due += PERIOD;
    }
    tell.send(seen).ok();
}

fn request_often(address: SocketAddr, stop: Arc<AtomicBool>) -> JoinHandle<Vec<Stretch>> {
    thread::spawn(move || {
        let mut seen = Vec::new();
        let mut client = Client::connect(address, CONNECTIONS);
        // Relaxed: the flag carries no data.
        let go_on = |_| !stop.load(Ordering::Relaxed);
        client.pace(REQUESTS, go_on, |due| seen.push((due, Instant::now())));
        seen
    })
}

/// The latencies of those events that were under way during a stall. Both lists are in order of
/// their beginnings, and the stalls do not overlap.
fn during(stalls: &[Stretch], events: &[Stretch]) -> Latencies {
    let mut latencies = Latencies::new();
    for (due, seen) in events {
        let next = stalls.partition_point(|(_, end)| end <= due);
        if stalls.get(next).is_some_and(|(begin, _)| begin < seen) {
            latencies.record(seen.saturating_duration_since(*due));
        }
    }
    latencies
}

/// Lateness of timers and of echoes while a worker is held.
pub(super) fn run<P: Peer>(plan: Plan) -> Sample {
    let runtime = P::start(plan.workers);
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let accepting = runtime.spawn_outside(P::echo(listener));
    let stop = Arc::new(AtomicBool::new(false));
    let client = request_often(address, Arc::clone(&stop));
    let (tell_timers, timers) = channel();
    let (tell_stalls, stalls) = channel();
    let stopping = Arc::clone(&stop);
    runtime.run(async move {
        for number in 0..SLEEPERS {
            P::detach(sleep_often::<P>(number, Arc::clone(&stopping), tell_timers.clone()));
        }
        P::detach(stall::<P>(plan, tell_stalls));
    });
    let stalls = stalls.recv().expect("the stalls end");
    // Relaxed: the flag carries no data.
    stop.store(true, Ordering::Relaxed);
    let echoes = client.join().expect("the client does not panic");
    let mut late = Latencies::new();
    for seen in timers.iter().take(SLEEPERS as usize) {
        late.merge(&during(&stalls, &seen));
    }
    // The server never ends by itself; the process does.
    std::mem::forget((accepting, runtime));
    let sample = Sample::default().with("stalls", stalls.len() as f64);
    during(&stalls, &echoes).describe_as("echo_", late.describe_as("timer_", sample))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::during;

    #[test]
    fn events_count_that_were_under_way_during_a_stall() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let stalls = [(at(10), at(20)), (at(30), at(40))];
        let outside = [(at(5), at(9)), (at(21), at(29)), (at(41), at(50))];
        assert_eq!(during(&stalls, &outside).sample().figures["samples"], 0.0);
        let inside = [(at(5), at(11)), (at(12), at(13)), (at(19), at(25)), (at(25), at(45))];
        let figures = during(&stalls, &inside).sample().figures;
        assert_eq!(figures["samples"], 4.0);
        assert!((figures["max_ns"] / 20e6 - 1.0).abs() < 0.01);
    }
}
