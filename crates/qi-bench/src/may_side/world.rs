//! may's side of the workloads about the outside: foreign threads, sockets, memory.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use may::coroutine;
use may::net::TcpListener;
use may::sync::mpsc;

use super::{go, join, run_inside};
use crate::latency::Latencies;
use crate::measure::rss_bytes;
use crate::peer::ECHO_BUFFER;
use crate::sample::Sample;
use crate::workload::{Job, Server, WAKE_PAUSE, WAKES, serve, settled_growth};

/// Coroutines that are parked to be weighed: each stack takes two of the 65,530 mappings that
/// Linux allows a process by default, so a million cannot be had.
pub(super) const PARKED: u64 = 20_000;

struct Bell {
    rung_ns: AtomicU64,
    done: AtomicBool,
    epoch: Instant,
}

fn listen(bell: &Bell, wakes: u64) -> Latencies {
    let mut latencies = Latencies::new();
    for _ in 0..wakes {
        let rung_ns = loop {
            // Acquire: pairs with the Release store of the ringing thread.
            match bell.rung_ns.load(Ordering::Acquire) {
                0 => coroutine::park(),
                rung_ns => break rung_ns,
            }
        };
        latencies.since(bell.epoch + Duration::from_nanos(rung_ns));
        // Release: pairs with the Acquire load that lets the thread ring again.
        bell.rung_ns.store(0, Ordering::Release);
    }
    // Relaxed: the flag carries no data.
    bell.done.store(true, Ordering::Relaxed);
    latencies
}

pub(super) fn foreign_wake(job: &Job) -> Sample {
    let bell = Arc::new(Bell {
        rung_ns: AtomicU64::new(0),
        done: AtomicBool::new(false),
        epoch: Instant::now(),
    });
    let wakes = job.count(WAKES);
    let listener = {
        let bell = Arc::clone(&bell);
        go(move || listen(&bell, wakes))
    };
    let sleeper = listener.coroutine().clone();
    // Relaxed: as above.
    while !bell.done.load(Ordering::Relaxed) {
        thread::sleep(WAKE_PAUSE);
        // Acquire: pairs with the Release store of the listener.
        if bell.rung_ns.load(Ordering::Acquire) == 0 {
            let now = bell.epoch.elapsed().as_nanos() as u64;
            // Release: pairs with the Acquire load of the listener.
            bell.rung_ns.store(now, Ordering::Release);
            sleeper.unpark();
        }
    }
    join(listener).sample()
}

pub(super) fn echo(job: &Job, connections: u64) -> Sample {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    drop(go(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            drop(go(move || {
                stream.set_nodelay(true).ok();
                let mut buffer = [0; ECHO_BUFFER];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
            }));
        }
    }));
    serve(job, &Server { address, connections })
}

pub(super) fn memory_sleep(job: &Job) -> Sample {
    let count = job.count(PARKED);
    run_inside(|| coroutine::sleep(Duration::from_millis(1)));
    let parked = Arc::new(AtomicU64::new(0));
    let before = rss_bytes();
    let counter = Arc::clone(&parked);
    run_inside(move || {
        for number in 0..count {
            let counter = Arc::clone(&counter);
            drop(go(move || {
                // Relaxed: only a count.
                counter.fetch_add(1, Ordering::Relaxed);
                coroutine::sleep(Duration::from_secs(3600) + Duration::from_micros(number));
            }));
        }
    });
    settled_growth(before, &parked, count)
}

pub(super) fn memory_oneshot(job: &Job) -> Sample {
    let count = job.count(PARKED);
    run_inside(coroutine::yield_now);
    let parked = Arc::new(AtomicU64::new(0));
    let before = rss_bytes();
    let counter = Arc::clone(&parked);
    let senders = run_inside(move || {
        let mut senders = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let (sender, receiver) = mpsc::channel::<u64>();
            let counter = Arc::clone(&counter);
            drop(go(move || {
                // Relaxed: only a count.
                counter.fetch_add(1, Ordering::Relaxed);
                receiver.recv().ok();
            }));
            senders.push(sender);
        }
        senders
    });
    let sample = settled_growth(before, &parked, count);
    std::mem::forget(senders);
    sample
}
