//! Models of the protocols of this crate, checked by loom on the production files.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p qi-reactor --release --lib loom_` must pass, and must fail
//! with any of these mutants (`--cfg qi_mutant="NAME"`), each of which leaves out one check:
//!
//! | mutant | file | what is left out | model that fails |
//! |---|---|---|---|
//! | `park_forgets_notice` | `park.rs` | the look at a pending notice | `loom_unpark_is_never_lost` |
//! | `timer_never_kicks` | `timers.rs` | the comparison with `parked_until` | `loom_an_earlier_timer_ends_a_park` |
//! | `timer_fired_counts_as_removed` | `timers.rs` | the answer that it has fired already | `loom_a_timer_is_fired_or_removed` |
//! | `timer_refresh_forgets_the_race` | `timers.rs` | the look after a waker came too late | `loom_a_timer_fired_elsewhere_reaches_its_delay` |
//! | `waiter_skips_second_look` | `io_cell.rs` | the look under the lock | `loom_an_event_reaches_a_waiter` |
//! | `clear_ignores_tick` | `readiness.rs` | the comparison of ticks | `loom_clearing_keeps_a_newer_event` |
//!
//! A lost wake-up shows as a deadlock, which loom reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::clock::NEVER;
use crate::io_cell::IoCell;
use crate::park::ParkWord;
use crate::readiness::Readiness;
use crate::sync::{AtomicU32, Ordering, lock};
use crate::timers::{Kick, Standing, Timers};
use crate::waiters::Direction;

/// How often a thread may be preempted in one execution. Raise it with `LOOM_MAX_PREEMPTIONS`.
const PREEMPTION_BOUND: usize = 3;

/// Checks a model and says how much of it was explored.
fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    let bound = builder.preemption_bound.unwrap_or(PREEMPTION_BOUND);
    builder.preemption_bound = Some(bound);
    let executions = Arc::new(StdAtomicUsize::new(0));
    let counted = Arc::clone(&executions);
    builder.check(move || {
        // Not part of the model: counts over all executions.
        counted.fetch_add(1, StdOrdering::Relaxed);
        model();
    });
    let executions = executions.load(StdOrdering::Relaxed);
    println!("loom: {name} executions={executions} preemption_bound={bound}");
    assert!(executions > 1, "the model has something to interleave");
}

/// What an event queue is to a park: a place to block in, and kicks that stay until collected.
struct EventQueue {
    kicked: Mutex<bool>,
    arrived: Condvar,
}

impl EventQueue {
    fn new() -> Self {
        Self { kicked: Mutex::new(false), arrived: Condvar::new() }
    }

    fn block(&self) {
        let mut kicked = lock(&self.kicked);
        while !*kicked {
            kicked = self.arrived.wait(kicked).expect("no thread of a model panics");
        }
        *kicked = false;
    }

    fn kick(&self) {
        *lock(&self.kicked) = true;
        self.arrived.notify_one();
    }
}

/// A park word and its queue, used as `Shard` does.
struct Seat {
    word: ParkWord,
    queue: EventQueue,
    timers: Timers,
}

impl Seat {
    fn new() -> Self {
        Self { word: ParkWord::new(), queue: EventQueue::new(), timers: Timers::new() }
    }

    /// Parks; returns the deadline until which it would have been.
    fn park(&self) -> Option<u64> {
        if !self.word.announce() {
            return None;
        }
        let next = self.timers.begin_park();
        if next == NEVER {
            // With a deadline the alarm would end the wait, so that only an endless one can be lost.
            self.queue.block();
        }
        self.timers.end_park();
        self.word.retire();
        Some(next)
    }

    fn unpark(&self) {
        if self.word.unpark() {
            self.queue.kick();
        }
    }
}

#[test]
fn loom_unpark_is_never_lost() {
    explore("loom_unpark_is_never_lost", || {
        let seat = Arc::new(Seat::new());
        let news = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        let senders: Vec<_> = (0..2)
            .map(|sender| {
                let (seat, news) = (Arc::clone(&seat), Arc::clone(&news));
                thread::spawn(move || {
                    // Relaxed: the park word alone must make it visible.
                    news[sender].store(1, Ordering::Relaxed);
                    seat.unpark();
                })
            })
            .collect();
        // Each look at the news is followed by a park, as in an executor's loop. If a notice was lost,
        // or did not carry the news with it, this blocks for ever.
        while news.iter().any(|item| item.load(Ordering::Relaxed) == 0) {
            seat.park();
        }
        for sender in senders {
            sender.join().expect("no thread of a model panics");
        }
    });
}

#[test]
fn loom_an_earlier_timer_ends_a_park() {
    explore("loom_an_earlier_timer_ends_a_park", || {
        let seat = Arc::new(Seat::new());
        let setter = {
            let seat = Arc::clone(&seat);
            thread::spawn(move || {
                let (_, kick) =
                    seat.timers.insert(1000, Waker::noop().clone()).expect("it is open");
                if kick == Kick::Needed {
                    seat.unpark();
                }
            })
        };
        // The parker goes to sleep until it sees the deadline. Before the timer is set it blocks
        // without one, and only the setter can end that.
        while seat.park() != Some(1000) {}
        setter.join().expect("no thread of a model panics");
    });
}

/// A waker that lets a thread of the model wait for it.
struct Alert(EventQueue);

impl Wake for Alert {
    fn wake(self: Arc<Self>) {
        self.0.kick();
    }
}

fn wait_until_ready(cell: &IoCell) -> crate::ReadyEvent {
    let alert = Arc::new(Alert(EventQueue::new()));
    let waker = Waker::from(Arc::clone(&alert));
    let mut cx = Context::from_waker(&waker);
    loop {
        match cell.poll_ready(&mut cx, Direction::Read) {
            Poll::Ready(event) => return event.expect("it is open"),
            Poll::Pending => alert.0.block(),
        }
    }
}

fn announce(cell: &IoCell) {
    let mut woken = Vec::new();
    cell.announce(Readiness::READABLE, &mut woken);
    for waker in woken {
        waker.wake();
    }
}

#[test]
fn loom_an_event_reaches_a_waiter() {
    explore("loom_an_event_reaches_a_waiter", || {
        let cell = Arc::new(IoCell::new(Readiness::EMPTY));
        let turner = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || announce(&cell))
        };
        let other = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || wait_until_ready(&cell))
        };
        let _event = wait_until_ready(&cell);
        turner.join().expect("no thread of a model panics");
        let _event = other.join().expect("no thread of a model panics");
    });
}

#[test]
fn loom_clearing_keeps_a_newer_event() {
    explore("loom_clearing_keeps_a_newer_event", || {
        let cell = Arc::new(IoCell::new(Readiness::READABLE));
        // The kernel's buffer, which has a lock of its own.
        let data = Arc::new(Mutex::new(false));
        let turner = {
            let (cell, data) = (Arc::clone(&cell), Arc::clone(&data));
            thread::spawn(move || {
                *lock(&data) = true;
                announce(&cell);
            })
        };
        // Reads until there is data. Were the event lost to a late clearing, this would wait for ever.
        loop {
            let event = wait_until_ready(&cell);
            if *lock(&data) {
                break;
            }
            cell.clear(event);
        }
        turner.join().expect("no thread of a model panics");
    });
}

/// Remembers that it was woken. Not part of the model: only read when all threads were joined.
struct Noted(std::sync::atomic::AtomicBool);

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.0.store(true, StdOrdering::Relaxed);
    }
}

fn noted() -> (Arc<Noted>, Waker) {
    let noted = Arc::new(Noted(std::sync::atomic::AtomicBool::new(false)));
    (noted.clone(), Waker::from(noted))
}

/// Another worker fires a timer while its delay has moved to another task: that task has its new waker
/// woken, or learns of it at once.
#[test]
fn loom_a_timer_fired_elsewhere_reaches_its_delay() {
    explore("loom_a_timer_fired_elsewhere_reaches_its_delay", || {
        let timers = Arc::new(Timers::new());
        let (_, first) = noted();
        let (key, _) = timers.insert(1, first).expect("it is open");
        let elsewhere = {
            let timers = timers.clone();
            thread::spawn(move || {
                let batch = timers.collect(2);
                batch.due.into_iter().for_each(|due| due.waker.wake());
            })
        };
        let (seen, second) = noted();
        let standing = timers.refresh(key, &second);
        elsewhere.join().unwrap();
        let pending = matches!(standing, Standing::Set | Standing::OtherWaker);
        let woken = seen.0.load(StdOrdering::Relaxed);
        assert!(!pending || woken, "the delay waits for a timer that has fired");
        assert!(!timers.remove(key), "it was fired once and for all");
    });
}

/// A delay is dropped while another worker fires its timer: it is fired, or removed, and not both.
#[test]
fn loom_a_timer_is_fired_or_removed() {
    explore("loom_a_timer_is_fired_or_removed", || {
        let timers = Arc::new(Timers::new());
        let (key, _) = timers.insert(1, Waker::noop().clone()).expect("it is open");
        let elsewhere = {
            let timers = timers.clone();
            thread::spawn(move || timers.collect(2).due.len())
        };
        let removed = timers.remove(key);
        let fired = elsewhere.join().unwrap();
        assert_eq!(fired + usize::from(removed), 1, "fired and removed");
        let counts = timers.counts();
        assert_eq!(counts.fired + counts.cancelled, counts.set);
        assert_eq!(timers.next(), NEVER);
    });
}
