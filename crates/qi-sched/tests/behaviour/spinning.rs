//! A worker waits for work awake only for moments, and only after it has found some.
#![forbid(unsafe_code)]

use crate::support::watched;
use qi_sched::{Clock, Scheduler};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Counts how often the time is asked for: whoever waits awake does so all the time.
#[derive(Default)]
struct CountingClock(AtomicU64);

impl Clock for CountingClock {
    fn now(&self) -> Instant {
        self.0.fetch_add(1, Relaxed);
        Instant::now()
    }
}

/// Parked workers and a monitor that has ended ask next to nothing; a worker that spins asks about a
/// million times in the time of the test.
const FEW: u64 = 5_000;

#[test]
fn workers_do_not_spin_while_a_closing_scheduler_waits_for_a_blocking_call() {
    watched(|| {
        let clock = Arc::new(CountingClock::default());
        let scheduler =
            Arc::new(Scheduler::builder().worker_threads(2).clock(clock.clone()).build().unwrap());
        let (begun, has_begun) = channel();
        let (release, released) = channel::<()>();
        let call = scheduler.handle().spawn_blocking(move || {
            begun.send(()).unwrap();
            released.recv().unwrap();
        });
        has_begun.recv().unwrap();
        // A thread that feeds the workers one task after the other teaches them to wait awake.
        for _ in 0..20_000 {
            scheduler.block_on(scheduler.spawn(async {})).unwrap();
        }
        let closing = scheduler.clone();
        let (ended, has_ended) = channel();
        let closer = std::thread::spawn(move || {
            closing.shutdown().unwrap();
            ended.send(()).unwrap();
        });
        while scheduler.handle().state() == qi_sched::SchedState::Running {
            std::thread::yield_now();
        }
        let pause = |pause| has_ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
        assert!(pause(Duration::from_millis(50)), "the blocking call holds the shutdown up");
        let before = clock.0.load(Relaxed);
        assert!(pause(Duration::from_millis(300)));
        let asked = clock.0.load(Relaxed) - before;
        release.send(()).unwrap();
        closer.join().unwrap();
        scheduler.block_on(call).unwrap();
        assert!(asked < FEW, "the time was asked for {asked} times by a scheduler that waits");
    });
}
