//! A scheduler that the system refuses threads. It has a program of its own, and one test only: while
//! it runs, nobody in the process can start one.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the tests of behaviour, which need more of it"
)]
#[path = "behaviour/support.rs"]
mod support;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use qi_sched::{Handle, SchedError, Scheduler, SchedulerBuilder, TaskHandle, block_in_place, coop};
use std::fs;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use support::{Gate, on, until, watched};

/// So large that no other allocation of the tests can be mistaken for a thread's stack.
const STACK: usize = 1 << if usize::BITS > 32 { 30 } else { 28 };

/// What else a thread and the tests may map.
const SLACK: u64 = STACK as u64 / 2;

const STALL_THRESHOLD: Duration = Duration::from_millis(1);

fn builder(workers: usize) -> SchedulerBuilder {
    Scheduler::builder()
        .worker_threads(workers)
        .thread_stack_size(STACK)
        .stall_threshold(STALL_THRESHOLD)
}

/// While it lives, the system gives the process only so many threads more.
struct Shortage {
    before: (rlim_t, rlim_t),
}

impl Shortage {
    fn of_all_but(threads: u64) -> Self {
        let before = getrlimit(Resource::RLIMIT_AS).expect("every process has the limit");
        let mapped = fs::read_to_string("/proc/self/status").expect("Linux has /proc");
        let kilobytes = mapped.lines().find_map(|line| line.strip_prefix("VmSize:"));
        let kilobytes = kilobytes.and_then(|text| text.trim().strip_suffix(" kB"));
        let bytes = kilobytes.and_then(|text| text.parse::<u64>().ok()).expect("a number") * 1024;
        let most = bytes + threads * STACK as u64 + SLACK;
        setrlimit(Resource::RLIMIT_AS, most as rlim_t, before.1).expect("a lower limit is granted");
        Self { before }
    }
}

impl Drop for Shortage {
    fn drop(&mut self) {
        setrlimit(Resource::RLIMIT_AS, self.before.0, self.before.1).expect("it was the limit");
    }
}

/// The process's threads; one that has ended may be counted for a moment.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("Linux has /proc").count()
}

fn a_worker_that_is_refused_is_an_error_that_leaves_nothing_behind() {
    let before = threads();
    for granted in [0, 1] {
        let shortage = Shortage::of_all_but(granted);
        let error = builder(3).build().expect_err("not all threads can be had");
        drop(shortage);
        let SchedError::SpawnThread { index, .. } = error else { panic!("{error}") };
        assert_eq!(index as u64, granted);
        until(|| threads() == before);
    }
}

/// A scheduler with its monitor, and a pool whose only thread waits for a call: `waiting`. The system
/// refuses a thread for the call that it waits for, which stays `queued`.
fn on_a_waiting_pool(body: impl FnOnce(&Scheduler, Pool) + Send + 'static) {
    on(builder(1), |scheduler| {
        // The first task brings the monitor.
        scheduler.block_on(scheduler.spawn(async {})).unwrap();
        let (sender, receiver) = channel();
        let begun = Gate::default();
        let entered = begun.clone();
        let waiting = scheduler.handle().spawn_blocking(move || {
            entered.open();
            receiver.recv().is_ok()
        });
        begun.wait();
        let shortage = Shortage::of_all_but(0);
        let queued = scheduler.handle().spawn_blocking(move || sender.send(()).is_ok());
        assert_eq!(scheduler.stats().blocking_threads, 1);
        body(scheduler, Pool { waiting, queued, shortage });
    });
}

struct Pool {
    waiting: TaskHandle<bool>,
    queued: TaskHandle<bool>,
    shortage: Shortage,
}

fn a_blocking_call_gets_its_thread_when_there_is_one_again() {
    on_a_waiting_pool(|scheduler, pool| {
        drop(pool.shortage);
        assert!(scheduler.block_on(pool.queued).unwrap());
        assert!(scheduler.block_on(pool.waiting).unwrap());
    });
}

fn a_shutdown_does_not_leave_queued_calls_to_a_busy_pool() {
    on_a_waiting_pool(|scheduler, pool| {
        scheduler.shutdown().unwrap();
        drop(pool.shortage);
        assert!(scheduler.block_on(pool.queued).unwrap_err().is_cancelled());
        assert!(!scheduler.block_on(pool.waiting).unwrap(), "the other end is gone");
    });
}

/// Its pool has no thread at all, so a worker runs it.
fn a_blocking_call_is_run_without_a_thread_of_its_own() {
    on(builder(2), |scheduler| {
        let shortage = Shortage::of_all_but(0);
        let call = scheduler.handle().spawn_blocking(|| 7);
        assert_eq!(scheduler.block_on(call).unwrap(), 7);
        assert_eq!(scheduler.stats().blocking_threads, 0);
        drop(shortage);
    });
}

/// The thread keeps its seat, and with it the task that it waits for, until an extra worker comes.
fn a_seat_that_nobody_takes_over_is_seen_to_be_stuck() {
    on(builder(1), |scheduler| {
        let done = scheduler.spawn(async {
            // So that the monitor is there.
            coop::yield_now().await;
            let (sender, receiver) = channel();
            let answering = qi_sched::spawn(async move { sender.send(()).is_ok() });
            let shortage = Shortage::of_all_but(0);
            let answered = block_in_place(|| {
                drop(shortage);
                receiver.recv().is_ok()
            });
            answered && answering.await.unwrap()
        });
        assert!(scheduler.block_on(done).unwrap());
    });
}

/// The same, while the thread polls the future that it blocks on.
fn a_seat_that_nobody_takes_over_is_seen_to_be_stuck_in_a_root_future() {
    on(builder(1), |scheduler| {
        let done = scheduler.spawn(async {
            coop::yield_now().await;
            let shortage = Shortage::of_all_but(0);
            Handle::current().block_on(async move {
                drop(shortage);
                let (sender, receiver) = channel();
                let answering = qi_sched::spawn(async move { sender.send(()).is_ok() });
                receiver.recv().is_ok() && answering.await.unwrap()
            })
        });
        assert!(scheduler.block_on(done).unwrap());
    });
}

fn a_monitor_that_was_refused_is_asked_for_again() {
    on(builder(1), |scheduler| {
        let shortage = Shortage::of_all_but(0);
        scheduler.block_on(scheduler.spawn(async {})).unwrap();
        drop(shortage);
        until(|| {
            let task = scheduler.spawn(async {
                let begun = Instant::now();
                while begun.elapsed() < STALL_THRESHOLD * 4 {
                    std::hint::spin_loop();
                }
            });
            scheduler.block_on(task).unwrap();
            scheduler.stats().stalls > 0
        });
    });
}

#[test]
fn a_scheduler_lives_with_threads_that_the_system_refuses() {
    watched(a_worker_that_is_refused_is_an_error_that_leaves_nothing_behind);
    a_blocking_call_gets_its_thread_when_there_is_one_again();
    a_blocking_call_is_run_without_a_thread_of_its_own();
    a_shutdown_does_not_leave_queued_calls_to_a_busy_pool();
    a_seat_that_nobody_takes_over_is_seen_to_be_stuck();
    a_seat_that_nobody_takes_over_is_seen_to_be_stuck_in_a_root_future();
    a_monitor_that_was_refused_is_asked_for_again();
}
