//! A thread that is no worker wakes a parked task of an idle runtime.
//!
//! The thread waits between the wakes, so that the workers have gone to sleep; a wake counts from
//! the moment just before it. There is never a second one under way, so none can be omitted.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;

use super::Job;
use crate::latency::Latencies;
use crate::peer::Peer;
use crate::sample::Sample;

/// Wakes that are measured, and the pause before each.
pub(crate) const WAKES: u64 = 4000;
pub(crate) const PAUSE: Duration = Duration::from_micros(500);

struct Bell {
    waker: AtomicWaker,
    /// Nanoseconds since `epoch` at which the bell was rung; 0 while it was not.
    rung_ns: AtomicU64,
    done: AtomicBool,
    epoch: Instant,
}

async fn listen(bell: Arc<Bell>, wakes: u64) -> Latencies {
    let mut latencies = Latencies::new();
    for _ in 0..wakes {
        let rung_ns = poll_fn(|cx| {
            bell.waker.register(cx.waker());
            // Acquire: pairs with the Release store of the ringing thread.
            match bell.rung_ns.load(Ordering::Acquire) {
                0 => Poll::Pending,
                rung_ns => Poll::Ready(rung_ns),
            }
        })
        .await;
        latencies.since(bell.epoch + Duration::from_nanos(rung_ns));
        // Release: pairs with the Acquire load that lets the thread ring again.
        bell.rung_ns.store(0, Ordering::Release);
    }
    // Relaxed: the flag carries no data.
    bell.done.store(true, Ordering::Relaxed);
    latencies
}

fn ring(bell: &Bell) {
    // Relaxed: as above.
    while !bell.done.load(Ordering::Relaxed) {
        thread::sleep(PAUSE);
        // Acquire: pairs with the Release store of the listener.
        if bell.rung_ns.load(Ordering::Acquire) == 0 {
            let now = bell.epoch.elapsed().as_nanos() as u64;
            // Release: pairs with the Acquire load of the listener.
            bell.rung_ns.store(now, Ordering::Release);
            bell.waker.wake();
        }
    }
}

/// Time from a foreign thread's wake to the woken task's poll.
pub(super) fn run<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let bell = Arc::new(Bell {
        waker: AtomicWaker::new(),
        rung_ns: AtomicU64::new(0),
        done: AtomicBool::new(false),
        epoch: Instant::now(),
    });
    let thread = {
        let bell = Arc::clone(&bell);
        thread::spawn(move || ring(&bell))
    };
    let latencies = runtime.run(listen(bell, job.count(WAKES)));
    thread.join().expect("the ringing thread does not panic");
    latencies.sample()
}
