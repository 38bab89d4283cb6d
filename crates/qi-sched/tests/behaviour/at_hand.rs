//! Children that a worker keeps at hand: none is slept over, none holds the end up.
#![forbid(unsafe_code)]

use crate::support::{Drops, Gate, on, until};
use qi_sched::{Driver, Scheduler, ThreadDriver};
use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

/// Workers sleep on a lock; one waker at a time is due at once.
struct OneTimer {
    threads: ThreadDriver,
    due: Mutex<Option<(Instant, Waker)>>,
}

impl Driver for OneTimer {
    fn park(&self, seat: usize) {
        if self.try_turn(seat) == Some(false) {
            self.threads.park(seat);
        }
    }

    fn unpark(&self, seat: usize) {
        self.threads.unpark(seat);
    }

    fn next_deadline(&self, _seat: usize) -> Option<Instant> {
        self.due.lock().unwrap().as_ref().map(|(at, _)| *at)
    }

    fn try_turn(&self, _seat: usize) -> Option<bool> {
        let due = self.due.lock().unwrap().take();
        let woken = due.is_some();
        due.into_iter().for_each(|(_, waker)| waker.wake());
        Some(woken)
    }

    fn has_sources(&self, _seat: usize) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A waker that is no task's: it spawns one.
struct Spawns(Arc<AtomicBool>);

impl Wake for Spawns {
    fn wake(self: Arc<Self>) {
        drop(qi_sched::spawn(async move { self.0.store(true, SeqCst) }));
    }
}

#[test]
fn a_task_spawned_by_a_waker_between_two_polls_is_not_slept_over() {
    let driver = Arc::new(OneTimer { threads: ThreadDriver::new(1), due: Mutex::default() });
    let builder = Scheduler::builder().worker_threads(1).driver(driver.clone());
    on(builder, move |scheduler| {
        let ran = Arc::new(AtomicBool::new(false));
        let waker = Waker::from(Arc::new(Spawns(ran.clone())));
        let task = scheduler.spawn(async move {
            *driver.due.lock().unwrap() = Some((Instant::now(), waker));
        });
        scheduler.block_on(task).unwrap();
        until(|| ran.load(SeqCst));
    });
}

#[test]
fn a_shutdown_drops_the_children_that_a_stuck_poll_waits_for() {
    // The longer interval is so long that the monitor does not come to their help at all.
    for (workers, interval) in [(1, Duration::from_millis(1)), (2, Duration::from_secs(10))] {
        on(Scheduler::builder().worker_threads(workers).poll_interval(interval), wait_for_a_child);
    }
}

fn wait_for_a_child(scheduler: &Scheduler) {
    let (begun, drops) = (Gate::default(), Drops::default());
    let (entered, probe) = (begun.clone(), drops.probe());
    let stuck = scheduler.spawn(async move {
        let (sender, receiver) = channel::<()>();
        let child = qi_sched::spawn(async move {
            let _probe = probe;
            std::future::pending::<()>().await;
            drop(sender);
        });
        entered.open();
        // Ends when the child is gone.
        let gone = receiver.recv().is_err();
        drop(child);
        gone
    });
    begun.wait();
    scheduler.shutdown().unwrap();
    assert!(scheduler.block_on(stuck).unwrap());
    assert_eq!(drops.count(), 1);
}
