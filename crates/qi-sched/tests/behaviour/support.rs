//! What the tests share: schedulers, gates, drop counters.
#![forbid(unsafe_code)]

use qi_sched::{SchedState, Scheduler, SchedulerBuilder};
pub(crate) use qi_test_kit::{Event, until, watched};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Runs `body` on a scheduler; checks afterwards that every task has ended and that nothing of
/// the scheduler is left.
pub(crate) fn on(builder: SchedulerBuilder, body: impl FnOnce(&Scheduler) + Send + 'static) {
    watched(move || {
        let lives = Arc::new(());
        let held = lives.clone();
        let scheduler = builder
            .around_thread(move |life| {
                let _held = &held;
                life();
            })
            .build()
            .unwrap();
        body(&scheduler);
        scheduler.shutdown().unwrap();
        assert_eq!(scheduler.handle().state(), SchedState::Stopped);
        let stats = scheduler.stats();
        let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
        assert_eq!(stats.spawned_tasks, ended, "{stats:?}");
        assert_eq!((stats.active_tasks, stats.queued_tasks), (0, 0), "{stats:?}");
        assert!(stats.tasks().is_empty());
        drop((stats, scheduler));
        // A thread that shutdown need not wait for (the one that swept) may still be leaving.
        until(|| Arc::strong_count(&lives) == 1);
    });
}

/// Runs `body` on one worker, and on four.
pub(crate) fn on_one_and_four(body: impl FnOnce(&Scheduler) + Clone + Send + 'static) {
    for workers in [1, 4] {
        on(Scheduler::builder().worker_threads(workers), body.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A door for threads.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    /// Blocks the thread until the gate is open.
    pub(crate) fn wait(&self) {
        let open = lock(&self.0.0);
        drop(self.0.1.wait_while(open, |open| !*open).unwrap_or_else(PoisonError::into_inner));
    }
}

/// Counts the drops of its probes, and remembers on which threads they were.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<(AtomicUsize, Mutex<Vec<Place>>)>);

/// A thread, and the seat it sat on.
type Place = (ThreadId, Option<usize>);

impl Drops {
    pub(crate) fn probe(&self) -> Probe {
        Probe(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.0.load(SeqCst)
    }

    /// The threads on which probes were dropped, and the seats these threads sat on.
    pub(crate) fn places(&self) -> Vec<(ThreadId, Option<usize>)> {
        lock(&self.0.1).clone()
    }
}

/// Counts its own drop.
pub(crate) struct Probe(Drops);

impl Drop for Probe {
    fn drop(&mut self) {
        lock(&self.0.0.1).push((thread::current().id(), qi_sched::context::seat()));
        self.0.0.0.fetch_add(1, SeqCst);
    }
}

/// Panics when it is dropped.
pub(crate) struct Bomb(pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("{}", self.0);
        }
    }
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    pub(crate) fn note(&self, what: &'static str) {
        lock(&self.0).push(what);
    }

    pub(crate) fn notes(&self) -> Vec<&'static str> {
        lock(&self.0).clone()
    }
}
