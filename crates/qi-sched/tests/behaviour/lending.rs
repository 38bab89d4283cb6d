//! Escalation through locks: what the holder of a lock is lent by those who wait for it.
#![forbid(unsafe_code)]

use crate::lock::{finish, hold, holder, occupy, one_worker, taker};
use crate::support::{Event, Gate, Log, on, on_one_and_four, until};
use qi_sched::lock::RawLock;
use qi_sched::{AbortHandle, Scheduler, TaskHandle, TaskPriority, TaskStatus, coop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The lane that a task is in now.
fn lane(scheduler: &Scheduler, task: &AbortHandle) -> Option<TaskPriority> {
    let tasks = scheduler.stats().tasks();
    tasks.iter().find(|info| info.id == task.id()).map(|info| info.lane)
}

/// A backlog of tasks of Normal priority behind the gate that comes back.
fn backlog(scheduler: &Scheduler, log: &Log, count: usize) -> (Gate, Vec<TaskHandle<()>>) {
    let release = occupy(scheduler);
    let tasks = (0..count).map(|_| {
        let log = log.clone();
        scheduler.spawn(async move { log.note("normal") })
    });
    let tasks = tasks.collect();
    (release, tasks)
}

/// What happened before the first Normal task of a backlog of ten thousand, behind which a Low task
/// that holds a lock becomes runnable while a High one waits for it.
fn before_the_backlog(scheduler: &Scheduler) -> Vec<&'static str> {
    let (lock, event, log) = (Arc::new(RawLock::new()), Event::default(), Log::default());
    let low = holder(scheduler, &lock, &event, &log, TaskPriority::Low);
    let high = taker(scheduler, &lock, &log, "high", TaskPriority::High);
    let (release, normals) = backlog(scheduler, &log, 10_000);
    event.set();
    release.open();
    finish(scheduler, normals.into_iter().chain([low, high]));
    log.notes().into_iter().take_while(|name| *name != "normal").collect()
}

#[test]
fn a_low_holder_runs_before_ten_thousand_normal_tasks_when_a_high_one_waits() {
    on(one_worker(), |scheduler| {
        assert_eq!(before_the_backlog(scheduler), ["holder", "high"]);
    });
}

/// Has four tasks of a size hold a lock each while urgent ones wait. Neighbours, because blocks of an
/// odd number of words are aligned differently in turns.
fn are_lent_urgency<const WORDS: usize>(scheduler: &Scheduler) {
    let event = Event::default();
    let locks: [Arc<RawLock>; 4] = Default::default();
    let lows = locks.each_ref().map(|lock| {
        let (lock, event) = (lock.clone(), event.clone());
        let holding = async move {
            let kept = [0_u64; WORDS];
            let held = hold(&lock).await;
            event.wait().await;
            drop(held);
            assert_eq!(kept, [0; WORDS]);
        };
        scheduler.spawn_with_priority(holding, TaskPriority::Low)
    });
    until(|| event.waiting() == lows.len());
    let highs = locks.each_ref().map(|lock| {
        let lock = lock.clone();
        scheduler.spawn_with_priority(async move { drop(hold(&lock).await) }, TaskPriority::High)
    });
    until(|| highs.iter().all(|high| high.status() == TaskStatus::Waiting));
    for low in &lows {
        assert_eq!(lane(scheduler, &low.abort_handle()), Some(TaskPriority::High), "{WORDS} words");
    }
    event.set();
    finish(scheduler, lows.into_iter().chain(highs));
}

#[test]
fn holders_of_every_size_are_found() {
    on(one_worker(), |scheduler| {
        are_lent_urgency::<0>(scheduler);
        are_lent_urgency::<1>(scheduler);
        are_lent_urgency::<2>(scheduler);
        are_lent_urgency::<3>(scheduler);
        are_lent_urgency::<17>(scheduler);
    });
}

#[test]
fn without_escalation_the_holder_waits_for_its_turn() {
    on(one_worker().escalation(false), |scheduler| {
        assert!(before_the_backlog(scheduler).is_empty());
    });
}

#[test]
fn a_queued_holder_moves_up_when_an_urgent_task_comes_to_wait() {
    on(one_worker(), |scheduler| {
        let (lock, log) = (Arc::new(RawLock::new()), Log::default());
        let (entered, release) = (Gate::default(), Gate::default());
        let low = {
            let (lock, log) = (lock.clone(), log.clone());
            let (entered, release) = (entered.clone(), release.clone());
            scheduler.spawn_with_priority(
                async move {
                    let held = hold(&lock).await;
                    entered.open();
                    release.wait();
                    // Behind all the others.
                    coop::yield_now().await;
                    log.note("holder");
                    drop(held);
                },
                TaskPriority::Low,
            )
        };
        entered.wait();
        let normals: Vec<_> = (0..100)
            .map(|_| {
                let log = log.clone();
                scheduler.spawn(async move { log.note("normal") })
            })
            .collect();
        let high = {
            let (lock, log) = (lock.clone(), log.clone());
            scheduler.spawn_with_priority(
                async move {
                    let _held = hold(&lock).await;
                    log.note("high");
                },
                TaskPriority::High,
            )
        };
        release.open();
        finish(scheduler, normals.into_iter().chain([low, high]));
        assert_eq!(log.notes()[..2], ["holder", "high"]);
    });
}

#[test]
fn urgency_goes_along_a_chain_of_two_locks() {
    on(one_worker(), |scheduler| {
        let (first, second) = (Arc::new(RawLock::new()), Arc::new(RawLock::new()));
        let (event, log) = (Event::default(), Log::default());
        let bottom = holder(scheduler, &second, &event, &log, TaskPriority::Low);
        let middle = {
            let (first, second, log) = (first.clone(), second.clone(), log.clone());
            scheduler.spawn_with_priority(
                async move {
                    let _outer = hold(&first).await;
                    let _inner = hold(&second).await;
                    log.note("middle");
                },
                TaskPriority::Low,
            )
        };
        until(|| first.is_held() && middle.status() == TaskStatus::Waiting);
        let watch = bottom.abort_handle();
        let high = taker(scheduler, &first, &log, "high", TaskPriority::High);
        until(|| lane(scheduler, &watch) == Some(TaskPriority::High));
        let (release, normals) = backlog(scheduler, &log, 1_000);
        event.set();
        release.open();
        finish(scheduler, normals.into_iter().chain([bottom, middle, high]));
        assert_eq!(log.notes()[..3], ["holder", "middle", "high"]);
    });
}

#[test]
fn urgency_goes_from_a_lock_to_a_join_and_from_a_join_to_a_lock() {
    on(one_worker(), |scheduler| {
        let (upper, lower) = (Arc::new(RawLock::new()), Arc::new(RawLock::new()));
        let (event, log) = (Event::default(), Log::default());
        // high waits for `upper`, whose holder joins a task, which waits for `lower`.
        let bottom = holder(scheduler, &lower, &event, &log, TaskPriority::Low);
        let joined = taker(scheduler, &lower, &log, "joined", TaskPriority::Low);
        let joiner = {
            let (upper, log) = (upper.clone(), log.clone());
            scheduler.spawn_with_priority(
                async move {
                    let _held = hold(&upper).await;
                    joined.await.unwrap();
                    log.note("joiner");
                },
                TaskPriority::Low,
            )
        };
        until(|| upper.is_held() && joiner.status() == TaskStatus::Waiting);
        let watch = bottom.abort_handle();
        let high = taker(scheduler, &upper, &log, "high", TaskPriority::High);
        until(|| lane(scheduler, &watch) == Some(TaskPriority::High));
        let (release, normals) = backlog(scheduler, &log, 1_000);
        event.set();
        release.open();
        finish(scheduler, normals.into_iter().chain([bottom, joiner, high]));
        assert_eq!(log.notes()[..4], ["holder", "joined", "joiner", "high"]);
    });
}

#[test]
fn a_cycle_of_locks_is_raised_once_and_comes_to_rest() {
    on(one_worker(), |scheduler| {
        let locks = [Arc::new(RawLock::new()), Arc::new(RawLock::new())];
        let tasks = [0, 1].map(|mine| {
            let (mine, other) = (locks[mine].clone(), locks[1 - mine].clone());
            let watched = mine.clone();
            let task = scheduler.spawn_with_priority(
                async move {
                    let _mine = hold(&mine).await;
                    // Both have theirs before they want the other.
                    while !other.is_held() {
                        coop::yield_now().await;
                    }
                    let _other = hold(&other).await;
                },
                TaskPriority::Low,
            );
            until(|| watched.is_held());
            task
        });
        until(|| tasks.iter().all(|task| task.status() == TaskStatus::Waiting));
        let high = taker(scheduler, &locks[0], &Log::default(), "high", TaskPriority::High);
        let watches = tasks.each_ref().map(TaskHandle::abort_handle);
        until(|| {
            watches.iter().all(|watch| lane(scheduler, watch) == Some(TaskPriority::High))
                && tasks.iter().all(|task| task.status() == TaskStatus::Waiting)
        });
        // At rest: other tasks run, and these are not polled any more.
        let polls = || {
            let tasks = scheduler.stats().tasks();
            tasks.iter().map(|task| task.polls).sum::<u32>()
        };
        let before = polls();
        for _ in 0..100 {
            scheduler.block_on(scheduler.spawn(coop::yield_now())).unwrap();
        }
        assert_eq!(polls(), before);
        // The first one's end lets the second one have both locks: it may end by itself.
        for task in tasks {
            let _ = task.cancel();
            let _ = scheduler.block_on(task);
        }
        scheduler.block_on(high).unwrap();
    });
}

#[test]
fn what_a_waiter_lent_ends_when_it_gives_up() {
    on(one_worker(), |scheduler| {
        let (lock, event, log) = (Arc::new(RawLock::new()), Event::default(), Log::default());
        let low = holder(scheduler, &lock, &event, &log, TaskPriority::Low);
        let watch = low.abort_handle();
        let normal = taker(scheduler, &lock, &log, "normal waiter", TaskPriority::Normal);
        until(|| lane(scheduler, &watch) == Some(TaskPriority::Normal));
        let high = taker(scheduler, &lock, &log, "high", TaskPriority::High);
        until(|| lane(scheduler, &watch) == Some(TaskPriority::High));
        high.cancel().unwrap();
        assert!(scheduler.block_on(high).unwrap_err().is_cancelled());
        until(|| lane(scheduler, &watch) == Some(TaskPriority::Normal));
        event.set();
        finish(scheduler, [low, normal]);
        assert_eq!(log.notes(), ["holder", "normal waiter"]);
    });
}

#[test]
fn what_was_lent_ends_with_the_release_and_counts_at_the_next_queueing() {
    on(one_worker(), |scheduler| {
        let (lock, event, log) = (Arc::new(RawLock::new()), Event::default(), Log::default());
        let low = {
            let (lock, event, log) = (lock.clone(), event.clone(), log.clone());
            scheduler.spawn_with_priority(
                async move {
                    let held = hold(&lock).await;
                    event.wait().await;
                    drop(held);
                    log.note("released");
                    coop::yield_now().await;
                    log.note("low again");
                },
                TaskPriority::Low,
            )
        };
        until(|| lock.is_held() && low.status() == TaskStatus::Waiting);
        let high = taker(scheduler, &lock, &log, "high", TaskPriority::High);
        let (release, normals) = backlog(scheduler, &log, 10);
        event.set();
        release.open();
        finish(scheduler, normals.into_iter().chain([low, high]));
        let notes = log.notes();
        assert_eq!(notes[..2], ["released", "high"]);
        assert_eq!(notes.last(), Some(&"low again"), "{notes:?}");
    });
}

#[test]
fn a_task_with_two_locks_keeps_what_the_waiters_of_the_other_lend() {
    on(one_worker(), |scheduler| {
        let (one, two) = (Arc::new(RawLock::new()), Arc::new(RawLock::new()));
        let (drop_two, drop_one, log) = (Event::default(), Event::default(), Log::default());
        let low = {
            let (one, two) = (one.clone(), two.clone());
            let (drop_one, drop_two) = (drop_one.clone(), drop_two.clone());
            scheduler.spawn_with_priority(
                async move {
                    let (one, two) = (hold(&one).await, hold(&two).await);
                    drop_two.wait().await;
                    drop(two);
                    drop_one.wait().await;
                    drop(one);
                },
                TaskPriority::Low,
            )
        };
        until(|| two.is_held() && low.status() == TaskStatus::Waiting);
        let watch = low.abort_handle();
        let high = taker(scheduler, &one, &log, "high", TaskPriority::High);
        let critical = taker(scheduler, &two, &log, "critical", TaskPriority::Critical);
        until(|| lane(scheduler, &watch) == Some(TaskPriority::Critical));
        drop_two.set();
        finish(scheduler, [critical]);
        assert_eq!(lane(scheduler, &watch), Some(TaskPriority::High));
        drop_one.set();
        finish(scheduler, [high, low]);
    });
}

#[test]
fn a_holder_that_ended_with_the_lock_is_not_looked_for_in_vain() {
    on(one_worker(), |scheduler| {
        let (lock, log) = (Arc::new(RawLock::new()), Log::default());
        let wanted = lock.clone();
        let given =
            scheduler.spawn_with_priority(async move { hold(&wanted).await }, TaskPriority::Low);
        let held = scheduler.block_on(given).unwrap();
        // Others have its memory meanwhile, and are lent nothing.
        let event = Event::default();
        let others: Vec<_> = (0..100)
            .map(|_| {
                let event = event.clone();
                scheduler.spawn_with_priority(async move { event.wait().await }, TaskPriority::Low)
            })
            .collect();
        until(|| event.waiting() == 100);
        let high = taker(scheduler, &lock, &log, "high", TaskPriority::High);
        let lanes = scheduler.stats().tasks();
        assert_eq!(lanes.iter().filter(|task| task.lane == TaskPriority::Low).count(), 100);
        drop(held);
        scheduler.block_on(high).unwrap();
        event.set();
        finish(scheduler, others);
    });
}

/// Numbers that look random, and are the same in each run.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap()
}

/// Takes two of three locks for a moment, again and again, in the order that avoids cycles.
async fn wander(locks: Arc<[Arc<RawLock>; 3]>, mut seed: u64) {
    for _ in 0..40 {
        let first = next(&mut seed) % 3;
        let _outer = hold(&locks[first]).await;
        coop::yield_now().await;
        if first < 2 {
            let second = first + 1 + next(&mut seed) % (2 - first);
            let _inner = hold(&locks[second]).await;
            coop::yield_now().await;
        }
    }
}

#[test]
fn a_storm_of_loans_that_are_raised_lowered_and_cancelled_leaves_nothing_lent() {
    on_one_and_four(|scheduler| {
        let locks = Arc::new([(); 3].map(|()| Arc::new(RawLock::new())));
        let event = Event::default();
        let arrived: Arc<[AtomicBool; 120]> = Arc::new([const { AtomicBool::new(false) }; 120]);
        let mut seed = 7;
        let tasks: Vec<_> = (0..arrived.len())
            .map(|number| {
                let priority = TaskPriority::DESCENDING[next(&mut seed) % TaskPriority::COUNT];
                let (locks, event, arrived) = (locks.clone(), event.clone(), arrived.clone());
                scheduler.spawn_with_priority(
                    async move {
                        wander(locks, number as u64).await;
                        arrived[number].store(true, Relaxed);
                        event.wait().await;
                    },
                    priority,
                )
            })
            .collect();
        for turn in 0..400 {
            let task = &tasks[next(&mut seed) % tasks.len()];
            if turn % 4 == 0 {
                // Late ones are too late.
                let _ = task.cancel();
            } else {
                task.set_priority(TaskPriority::DESCENDING[next(&mut seed) % TaskPriority::COUNT]);
            }
            std::thread::yield_now();
        }
        let mut ends = tasks.iter().zip(arrived.iter());
        until(|| ends.clone().all(|(task, arrived)| task.is_finished() || arrived.load(Relaxed)));
        assert!(ends.any(|(task, _)| !task.is_finished()), "some outlive the storm");
        assert!(locks.iter().all(|lock| !lock.is_held()));
        let lent = |info: &qi_sched::TaskInfo| info.lane != info.priority;
        let tasks_now = scheduler.stats().tasks();
        assert!(!tasks_now.iter().any(lent), "{tasks_now:?}");
        event.set();
        for task in tasks {
            let _ = scheduler.block_on(task);
        }
    });
}
