//! Four threads spawn while schedulers begin and end; afterwards nothing of them is left.
#![forbid(unsafe_code)]

use crate::common::{Dice, Ledger, Plan, watched};
use qi_sched::{Handle, SchedState, Scheduler, TaskPriority, coop};
use std::sync::{Arc, Barrier};
use std::thread;

/// Futures of one scheduler at most.
const MOST: usize = 1 << 20;

/// Spawns until the scheduler ends and a little longer; every handle kept is answered.
fn spawn_until_the_end(handle: &Handle, ledger: &Arc<Ledger>, mut dice: Dice) {
    let (mut after, mut kept) = (0, Vec::new());
    while after < 50 && ledger.given() < MOST {
        after += usize::from(handle.state() != SchedState::Running);
        let entry = ledger.entry();
        let kind = dice.below(8);
        let body = async move {
            let _entry = entry;
            match kind {
                0..=3 => std::future::pending::<()>().await,
                4 => drop(qi_sched::spawn(std::future::pending::<()>())),
                5 => coop::yield_now().await,
                _ => {}
            }
        };
        let task = match dice.below(16) {
            0 => handle.spawn_pinned(move || body),
            1 => handle.spawn_blocking(move || drop(body)),
            2 => handle.spawn_with_priority(body, TaskPriority::High),
            _ => handle.spawn(body),
        };
        if dice.below(4) == 0 {
            kept.push(task);
        }
    }
    for task in kept {
        // Whether it ran or was cancelled is a matter of luck.
        let _ = handle.block_on(task);
    }
}

/// One scheduler.
fn begin_and_end(seed: u64) -> u64 {
    let mut dice = Dice(seed);
    let lives = Arc::new(());
    let held = lives.clone();
    let scheduler = Scheduler::builder()
        .worker_threads(1 + dice.below(3))
        .queue_capacity(1 + dice.below(64))
        .work_stealing(dice.below(4) > 0)
        .around_thread(move |life| {
            let _held = &held;
            life();
        })
        .build()
        .unwrap();
    let ledger = Ledger::new(MOST + 64);
    let start = Arc::new(Barrier::new(5));
    let spawners: Vec<_> = (0..4)
        .map(|thread| {
            let (handle, ledger) = (scheduler.handle().clone(), ledger.clone());
            let (start, dice) = (start.clone(), Dice(seed.wrapping_add(thread << 32)));
            thread::spawn(move || {
                start.wait();
                spawn_until_the_end(&handle, &ledger, dice);
            })
        })
        .collect();
    start.wait();
    for _ in 0..dice.below(2_000) {
        std::hint::spin_loop();
    }
    scheduler.shutdown().unwrap();
    for spawner in spawners {
        spawner.join().unwrap();
    }
    let dropped = ledger.check();
    let stats = scheduler.stats();
    let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
    assert_eq!(stats.spawned_tasks, ended, "{stats:?}");
    drop((stats, scheduler));
    while Arc::strong_count(&lives) > 1 {
        thread::yield_now();
    }
    dropped
}

#[test]
fn spawns_while_the_scheduler_ends_leave_nothing_behind() {
    let plan = Plan::of_environment();
    watched(plan.limit(), move || {
        let done: u64 =
            (0..plan.schedulers).map(|n| begin_and_end(plan.seed.wrapping_add(n as u64))).sum();
        println!("stress: begin_and_end seed={} operations={done}", plan.seed);
    });
}
