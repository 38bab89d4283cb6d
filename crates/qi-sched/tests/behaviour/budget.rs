//! The cooperative budget: who never has to wait still lets others run.
#![forbid(unsafe_code)]

use crate::support::{on, on_one_and_four, until};
use qi_sched::{Scheduler, coop};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, ready};

/// Receives from a channel that is never empty, through the budget as Qi's primitives do.
async fn receive() {
    poll_fn(|cx| {
        let progress = ready!(coop::poll_proceed(cx));
        progress.made_progress();
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_task_whose_channel_is_never_empty_does_not_starve_others() {
    on_one_and_four(|scheduler| {
        let stop = Arc::new(AtomicBool::new(false));
        let greedy: Vec<_> = (0..scheduler.stats().worker_threads * 2)
            .map(|_| {
                let stop = stop.clone();
                scheduler.spawn(async move {
                    while !stop.load(SeqCst) {
                        receive().await;
                    }
                })
            })
            .collect();
        for n in 0..20 {
            assert_eq!(scheduler.block_on(scheduler.spawn(async move { n })).unwrap(), n);
        }
        stop.store(true, SeqCst);
        for task in greedy {
            scheduler.block_on(task).unwrap();
        }
    });
}

#[test]
fn the_budget_ends_after_some_successes_and_is_full_again_in_the_next_poll() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let task = scheduler.spawn(async {
            let mut successes = Vec::new();
            let mut now = 0;
            poll_fn(move |cx| {
                while now < 10_000 {
                    match coop::poll_proceed(cx) {
                        Poll::Ready(progress) => progress.made_progress(),
                        Poll::Pending => {
                            successes.push(std::mem::take(&mut now));
                            if successes.len() == 3 {
                                return Poll::Ready(successes.clone());
                            }
                            return Poll::Pending;
                        }
                    }
                    now += 1;
                }
                Poll::Ready(Vec::new())
            })
            .await
        });
        let successes = scheduler.block_on(task).unwrap();
        assert_eq!(successes.len(), 3, "the budget never ended");
        assert!(successes.iter().all(|polled| *polled == successes[0] && *polled > 0));
    });
}

#[test]
fn an_operation_that_made_no_progress_gives_its_unit_back() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let task = scheduler.spawn(async {
            poll_fn(|cx| {
                for _ in 0..10_000 {
                    if coop::poll_proceed(cx).is_pending() {
                        return Poll::Ready(false);
                    }
                }
                Poll::Ready(true)
            })
            .await
        });
        assert!(scheduler.block_on(task).unwrap());
    });
}

#[test]
fn outside_of_tasks_nothing_is_limited() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        scheduler.block_on(async {
            for _ in 0..100_000 {
                receive().await;
            }
        });
    });
}

#[test]
fn awaiting_finished_tasks_spends_the_budget() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let other = scheduler.spawn(async move {
            loop {
                counted.fetch_add(1, SeqCst);
                coop::yield_now().await;
            }
        });
        let seen = turns.clone();
        let task = scheduler.spawn(async move {
            let before = seen.load(SeqCst);
            for _ in 0..10_000 {
                qi_sched::spawn(async {}).join().await.unwrap();
            }
            seen.load(SeqCst) - before
        });
        let turns = scheduler.block_on(task).unwrap();
        assert!(turns >= 3, "the other task had {turns} turns");
        other.cancel().unwrap();
    });
}

#[test]
fn a_yield_lets_the_tasks_queued_before_go_first() {
    yielding_children_take_turns(|| {});
}

#[test]
fn a_child_that_was_within_reach_of_others_meanwhile_takes_turns_all_the_same() {
    // The monitor queues it once more while the poll that spawned it goes on.
    yielding_children_take_turns(|| {
        let scheduler = qi_sched::Handle::current();
        until(|| scheduler.stats().global_queue_depth >= 1);
    });
}

/// Three children that yield, and a parent that has something to do when it has spawned the first.
fn yielding_children_take_turns(between: fn()) {
    const TURNS: usize = 20;
    // However slow the machine is, no extra worker may take any of them.
    let builder = Scheduler::builder().worker_threads(1);
    on(builder.stall_threshold(std::time::Duration::from_secs(3600)), move |scheduler| {
        let task = scheduler.spawn(async move {
            let turns: Arc<std::sync::Mutex<Vec<u32>>> = Arc::default();
            let spawn = |n| {
                let turns = turns.clone();
                qi_sched::spawn(async move {
                    for _ in 0..TURNS {
                        turns.lock().unwrap().push(n);
                        coop::yield_now().await;
                    }
                })
            };
            let first = spawn(0);
            between();
            let tasks = [first, spawn(1), spawn(2)];
            for task in tasks {
                task.await.unwrap();
            }
            turns.lock().unwrap().clone()
        });
        let turns = scheduler.block_on(task).unwrap();
        // The first round is the parent's, which may run one of them in place. After that an entry that
        // the monitor has added, or a child run in place has left, is worth a turn at most, once.
        let mut had = [0_usize; 3];
        for turn in &turns[3..] {
            had[*turn as usize] += 1;
            assert!(had.iter().all(|one| had.iter().all(|other| *one <= other + 4)), "{turns:?}");
        }
    });
}
