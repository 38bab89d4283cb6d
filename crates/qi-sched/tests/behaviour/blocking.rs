//! The pool for blocking calls.
#![forbid(unsafe_code)]

use crate::support::{Drops, Gate, on, on_one_and_four, until};
use qi_sched::{CancelError, Handle, Scheduler, TaskStatus};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::Duration;

#[test]
fn a_blocking_call_gives_its_result_like_any_task() {
    on_one_and_four(|scheduler| {
        let tasks: Vec<_> =
            (0..100).map(|n| scheduler.handle().spawn_blocking(move || n * 2)).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(scheduler.block_on(task.join()).unwrap(), n * 2);
        }
        assert_eq!(scheduler.stats().completed_tasks, 100);
    });
}

#[test]
fn the_pool_grows_until_every_call_has_a_thread() {
    on_one_and_four(|scheduler| {
        // Nobody gets past the barrier unless all calls run at the same time.
        let barrier = Arc::new(Barrier::new(20));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let barrier = barrier.clone();
                scheduler.handle().spawn_blocking(move || {
                    barrier.wait();
                })
            })
            .collect();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert!(scheduler.stats().blocking_threads >= 20);
    });
}

#[test]
fn at_the_limit_calls_wait_for_a_thread_and_can_be_cancelled() {
    on(Scheduler::builder().worker_threads(1).max_blocking_threads(1), |scheduler| {
        let (begun, release, drops) = (Gate::default(), Gate::default(), Drops::default());
        let (entered, released) = (begun.clone(), release.clone());
        let running = scheduler.handle().spawn_blocking(move || {
            entered.open();
            released.wait();
        });
        begun.wait();
        assert_eq!(running.cancel(), Err(CancelError::NotCancellable));
        assert_eq!(running.status(), TaskStatus::Running);
        let probe = drops.probe();
        let queued = scheduler.handle().spawn_blocking(move || {
            let _probe = probe;
            unreachable!("cancelled while it was queued");
        });
        let third = scheduler.handle().spawn_blocking(|| 3);
        assert_eq!(queued.status(), TaskStatus::Pending);
        assert_eq!(scheduler.stats().blocking_threads, 1);
        queued.cancel().unwrap();
        release.open();
        assert!(scheduler.block_on(queued).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
        scheduler.block_on(running).unwrap();
        assert_eq!(scheduler.block_on(third).unwrap(), 3);
    });
}

#[test]
fn idle_threads_of_the_pool_leave() {
    let keep = Duration::from_millis(1);
    on(Scheduler::builder().worker_threads(1).blocking_keep_alive(keep), |scheduler| {
        scheduler.block_on(scheduler.handle().spawn_blocking(|| ())).unwrap();
        until(|| scheduler.stats().blocking_threads == 0);
        scheduler.block_on(scheduler.handle().spawn_blocking(|| ())).unwrap();
    });
}

#[test]
fn an_idle_thread_is_used_again() {
    on_one_and_four(|scheduler| {
        for _ in 0..50 {
            scheduler.block_on(scheduler.handle().spawn_blocking(|| ())).unwrap();
            until(|| scheduler.stats().idle_blocking_threads > 0);
        }
        assert_eq!(scheduler.stats().blocking_threads, 1);
    });
}

#[test]
fn a_blocking_call_knows_its_scheduler_and_may_spawn() {
    on_one_and_four(|scheduler| {
        let call = scheduler.handle().spawn_blocking(|| {
            let child = qi_sched::spawn(async { 6 });
            Handle::current().block_on(child).unwrap()
        });
        assert_eq!(scheduler.block_on(call).unwrap(), 6);
    });
}

#[test]
fn shutdown_cancels_queued_calls_and_waits_for_running_ones() {
    on(Scheduler::builder().worker_threads(1).max_blocking_threads(1), |scheduler| {
        let (begun, release, drops) = (Gate::default(), Gate::default(), Drops::default());
        let (entered, released, first) = (begun.clone(), release.clone(), drops.probe());
        let running = scheduler.handle().spawn_blocking(move || {
            entered.open();
            released.wait();
            drop(first);
        });
        begun.wait();
        let queued: Vec<_> = (0..10)
            .map(|_| {
                let probe = drops.probe();
                scheduler.handle().spawn_blocking(move || drop(probe))
            })
            .collect();
        let handle = scheduler.handle().clone();
        let helper = std::thread::spawn(move || {
            until(|| handle.state() != qi_sched::SchedState::Running);
            release.open();
        });
        scheduler.shutdown().unwrap();
        helper.join().unwrap();
        assert_eq!(drops.count(), 11);
        scheduler.block_on(running).unwrap();
        // Those that were taken before the walk came to them have run.
        assert!(queued.iter().all(|task| task.status().is_final()));
    });
}

#[test]
fn a_stepper_survives_the_end_of_its_blocking_threads() {
    crate::support::watched(|| {
        let ended = Arc::new(AtomicUsize::new(0));
        let counted = ended.clone();
        let builder = Scheduler::builder().worker_threads(1).around_thread(move |life| {
            life();
            counted.fetch_add(1, SeqCst);
        });
        let stepper = builder.blocking_keep_alive(Duration::ZERO).build_stepper().unwrap();
        let waiting = stepper.handle().spawn(std::future::pending::<()>());
        while stepper.step(0) == qi_sched::StepOutcome::Worked {}
        let call = stepper.handle().spawn_blocking(|| 1);
        until(|| call.is_finished() && ended.load(SeqCst) == 1);
        assert_eq!(stepper.handle().state(), qi_sched::SchedState::Running);
        assert_eq!(waiting.status(), TaskStatus::Waiting);
        stepper.shutdown();
        assert_eq!(waiting.status(), TaskStatus::Cancelled);
    });
}

#[test]
fn a_stepper_waits_for_its_blocking_calls_when_it_is_dropped() {
    crate::support::watched(|| {
        let stepper = Scheduler::builder().worker_threads(1).build_stepper().unwrap();
        let (begun, release, drops) = (Gate::default(), Gate::default(), Drops::default());
        let (entered, released, probe) = (begun.clone(), release.clone(), drops.probe());
        let call = stepper.handle().spawn_blocking(move || {
            entered.open();
            released.wait();
            drop(probe);
        });
        begun.wait();
        let handle = stepper.handle().clone();
        let helper = std::thread::spawn(move || {
            until(|| handle.state() != qi_sched::SchedState::Running);
            release.open();
        });
        stepper.shutdown();
        helper.join().unwrap();
        assert_eq!((drops.count(), call.status()), (1, TaskStatus::Completed));
    });
}
