//! A driver that wants to hear of idle moments hears of no other ones, and misses none.
#![forbid(unsafe_code)]

use crate::support::{on, until};
use qi_sched::{Driver, Idled, Scheduler, ThreadDriver};
use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// How long the monitor is held up. It limits what the test can find, not what it may fail by.
const HELD_UP: Duration = Duration::from_millis(20);

/// A driver with one timer that is due; whoever fires it is held up between taking and waking it.
struct HeldUp {
    threads: ThreadDriver,
    due: Mutex<Option<Waker>>,
    /// Whether it was ever taken, and is held now.
    taken: AtomicBool,
    held: AtomicBool,
    /// Idle moments: while the waker was held, and in all.
    too_early: AtomicUsize,
    idle: AtomicUsize,
}

impl Driver for HeldUp {
    fn park(&self, seat: usize) {
        self.threads.park(seat);
    }

    fn unpark(&self, seat: usize) {
        self.threads.unpark(seat);
    }

    fn next_deadline(&self, _seat: usize) -> Option<Instant> {
        None
    }

    fn try_turn(&self, _seat: usize) -> Option<bool> {
        let due = self.due.lock().unwrap().take();
        let Some(waker) = due else { return Some(false) };
        self.held.store(true, SeqCst);
        self.taken.store(true, SeqCst);
        let begun = Instant::now();
        until(|| begun.elapsed() >= HELD_UP);
        self.held.store(false, SeqCst);
        waker.wake();
        Some(true)
    }

    fn has_sources(&self, _seat: usize) -> bool {
        false
    }

    fn watches_idle(&self) -> bool {
        true
    }

    fn idle(&self, _activity: u64) -> Idled {
        self.too_early.fetch_add(usize::from(self.held.load(SeqCst)), SeqCst);
        self.idle.fetch_add(1, SeqCst);
        Idled::Nothing
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn it_is_not_idle_while_the_monitor_turns_the_driver_for_a_stuck_worker() {
    let driver = Arc::new(HeldUp {
        threads: ThreadDriver::new(1),
        due: Mutex::default(),
        taken: AtomicBool::new(false),
        held: AtomicBool::new(false),
        too_early: AtomicUsize::new(0),
        idle: AtomicUsize::new(0),
    });
    let builder = Scheduler::builder().worker_threads(1).driver(driver.clone());
    on(builder, move |scheduler| {
        let watched = driver.clone();
        let mut polls = 0;
        let task = scheduler.spawn(std::future::poll_fn(move |cx| {
            polls += 1;
            if polls == 1 {
                *watched.due.lock().unwrap() = Some(cx.waker().clone());
                // Stuck until the monitor has come to help.
                until(|| watched.taken.load(SeqCst));
            }
            if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
        }));
        scheduler.block_on(task).unwrap();
        assert_eq!(driver.too_early.load(SeqCst), 0);
        // Nobody waits now, and after this somebody does.
        let before = driver.idle.load(SeqCst);
        let mut polls = 0;
        scheduler.block_on(std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                let (waker, driver) = (cx.waker().clone(), driver.clone());
                std::thread::spawn(move || {
                    until(|| driver.idle.load(SeqCst) > before);
                    waker.wake();
                });
            }
            if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
        }));
    });
}
