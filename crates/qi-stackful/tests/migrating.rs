//! Coroutines that keep nothing of their thread, and may change it.

use qi_sched::Scheduler;
use qi_stackful::{CoroutineBuilder, Coroutines, Wait, yield_now};

#[test]
fn a_migratable_one_may_go_on_anywhere_and_ends_once() {
    for workers in [1, 4] {
        let coroutines = Coroutines::new();
        let builder = Scheduler::builder().worker_threads(workers).stacks(coroutines.clone());
        let scheduler = builder.build().unwrap();
        let tasks: Vec<_> = (0..64_u64)
            .map(|number| {
                let body = move || {
                    let mut sum = number;
                    for round in 0..20 {
                        yield_now();
                        sum += qi_sched::spawn(async move { round }).join().wait().unwrap();
                    }
                    sum
                };
                let builder = CoroutineBuilder::new(scheduler.handle());
                // SAFETY: nothing but numbers is kept over a suspension.
                unsafe { builder.spawn_migratable(body) }
            })
            .collect();
        for (number, task) in (0..).zip(tasks) {
            assert_eq!(scheduler.block_on(task).unwrap(), number + 190);
        }
        scheduler.shutdown().unwrap();
        assert_eq!(coroutines.stats().stacks.unwrap().live_stacks, 0);
    }
}

#[test]
fn a_cancelled_migratable_one_unwinds() {
    let scheduler =
        Scheduler::builder().worker_threads(2).stacks(Coroutines::new()).build().unwrap();
    let builder = CoroutineBuilder::new(scheduler.handle());
    // SAFETY: nothing is kept over the suspension.
    let task = unsafe { builder.spawn_migratable(|| std::future::pending::<()>().wait()) };
    while task.status() != qi_sched::TaskStatus::Waiting {
        std::thread::yield_now();
    }
    task.cancel().unwrap();
    assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
    scheduler.shutdown().unwrap();
}
