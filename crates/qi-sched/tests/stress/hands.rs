//! Tasks give their threads' seats away in every way there is, one inside the other.
#![forbid(unsafe_code)]

use crate::common::{Dice, Ledger, Plan, watched};
use qi_sched::{Handle, SchedState, Scheduler, TaskHandle, coop};
use std::sync::Arc;
use std::thread;

/// A task that gives its thread's seat away in every way there is.
fn wanders(handle: Handle, ledger: Arc<Ledger>, seed: u64, depth: u32) -> TaskHandle<usize> {
    let mut dice = Dice(seed);
    let entry = ledger.entry();
    let (pinned, inner) = (dice.below(3) == 0, handle.clone());
    let body = async move {
        let entry = entry;
        for _ in 0..1 + dice.below(3) {
            let child_seed = dice.next();
            let child = || wanders(inner.clone(), ledger.clone(), child_seed, depth - 1);
            match dice.below(if depth == 0 { 3 } else { 9 }) {
                0 => coop::yield_now().await,
                1 => qi_sched::block_in_place(thread::yield_now),
                2 => {
                    // A local task is refused only to one that runs on no worker.
                    let number = entry.number;
                    let local = qi_sched::spawn_local(async move {
                        coop::yield_now().await;
                        number
                    });
                    let joined = inner.block_on(local.expect("on a worker"));
                    assert!(joined.is_ok_and(|given| given == number) || is_ending(&inner));
                }
                3 => assert!(child().join().await.is_ok() || is_ending(&inner)),
                4 => assert!(inner.block_on(child()).is_ok() || is_ending(&inner)),
                5 => assert!(inner.block_on(child().join()).is_ok() || is_ending(&inner)),
                6 => {
                    let asker = inner.clone();
                    let child = child();
                    let call = inner.spawn_blocking(move || asker.block_on(child).is_ok());
                    assert!(call.await.is_ok_and(|ok| ok) || is_ending(&inner));
                }
                7 => {
                    let child = child();
                    qi_sched::block_in_place(|| drop(child));
                }
                _ => assert!(inner.enter(|| inner.block_on(child())).is_ok() || is_ending(&inner)),
            }
        }
        entry.number
    };
    if pinned { handle.spawn_pinned(move || body) } else { handle.spawn(body) }
}

fn is_ending(handle: &Handle) -> bool {
    handle.state() != SchedState::Running
}

/// Seats change threads all the time; every second scheduler ends in the middle of that.
fn change_hands(seed: u64) -> u64 {
    let mut dice = Dice(seed);
    let scheduler = Scheduler::builder()
        .worker_threads(1 + dice.below(2))
        .work_stealing(dice.below(4) > 0)
        .thread_stack_size(512 * 1024)
        .build()
        .unwrap();
    let ledger = Ledger::new(1 << 16);
    let tasks: Vec<_> = (0..1 + dice.below(8))
        .map(|_| wanders(scheduler.handle().clone(), ledger.clone(), dice.next(), 3))
        .collect();
    if dice.below(2) == 0 {
        for task in tasks {
            scheduler.block_on(task).expect("nothing is cancelled and nothing fails");
        }
    } else {
        for _ in 0..dice.below(20_000) {
            std::hint::spin_loop();
        }
    }
    scheduler.shutdown().unwrap();
    ledger.check()
}

#[test]
fn seats_that_change_hands_lose_nothing() {
    let plan = Plan::of_environment();
    watched(plan.limit(), move || {
        let done: u64 =
            (0..plan.schedulers).map(|n| change_hands(plan.seed.wrapping_add(n as u64))).sum();
        println!("stress: change_hands seed={} operations={done}", plan.seed);
    });
}
