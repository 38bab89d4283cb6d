//! Children run in place by the one who joins them: order, conditions, limits.
#![forbid(unsafe_code)]

use crate::support::{Event, Log, on, on_one_and_four, until};
use qi_sched::{Scheduler, SchedulerBuilder, TaskHandle, TaskPriority, context, coop};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn one_worker() -> SchedulerBuilder {
    // However slow the machine is, no extra worker may take children from the queue.
    Scheduler::builder().worker_threads(1).stall_threshold(Duration::from_secs(3600))
}

fn in_place_so_far(scheduler: &Scheduler) -> u64 {
    scheduler.stats().workers.iter().map(|worker| worker.run_in_place).sum()
}

#[test]
fn join_runs_an_unstarted_child_at_once_and_await_queues_behind_it() {
    on(one_worker(), |scheduler| {
        let log = Log::default();
        let noted = log.clone();
        let task = scheduler.spawn(async move {
            let child = |name: &'static str| {
                let log = noted.clone();
                qi_sched::spawn(async move { log.note(name) })
            };
            let (first, second, third) = (child("first"), child("second"), child("third"));
            first.join().await.unwrap();
            noted.note("joined");
            // Awaited, not joined: the queue's order, the newest child first.
            second.await.unwrap();
            third.await.unwrap();
        });
        scheduler.block_on(task).unwrap();
        assert_eq!(log.notes(), ["first", "joined", "third", "second"]);
        assert_eq!(in_place_so_far(scheduler), 1);
    });
}

#[test]
fn a_child_run_in_place_has_its_own_id_and_waker() {
    on(one_worker(), |scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move {
            let parent = context::task_id().unwrap();
            let child = qi_sched::spawn(async move {
                let own = context::task_id().unwrap();
                waited_for.wait().await;
                assert_eq!(context::task_id(), Some(own));
                own
            });
            let expected = child.id();
            let own = child.join().await.unwrap();
            assert_eq!(context::task_id(), Some(parent));
            own == expected && own != parent
        });
        until(|| event.waiting() == 1);
        event.set();
        assert!(scheduler.block_on(task).unwrap());
        assert_eq!(in_place_so_far(scheduler), 1);
    });
}

#[test]
fn the_switch_turns_it_off() {
    on(one_worker().run_in_place(false), |scheduler| {
        let task = scheduler.spawn(async { qi_sched::spawn(async { 1 }).join().await.unwrap() });
        assert_eq!(scheduler.block_on(task).unwrap(), 1);
        assert_eq!(in_place_so_far(scheduler), 0);
    });
}

#[test]
#[allow(clippy::await_holding_lock, reason = "that is what is tested")]
fn a_pinned_parent_runs_no_child_in_place() {
    on_one_and_four(|scheduler| {
        let lock = Arc::new(Mutex::new(0));
        let task = scheduler.handle().spawn_pinned(move || async move {
            let inner = lock.clone();
            let child = qi_sched::spawn(async move { *inner.lock().unwrap() += 1 });
            let guard = lock.lock().unwrap();
            // The child wants the lock that this task holds: elsewhere it may wait for it.
            let mut join = std::pin::pin!(child.join());
            let pending = std::future::poll_fn(|cx| {
                std::task::Poll::Ready(join.as_mut().poll(cx).is_pending())
            })
            .await;
            drop(guard);
            if pending {
                join.await.unwrap();
            }
            *lock.lock().unwrap()
        });
        assert_eq!(scheduler.block_on(task).unwrap(), 1);
        assert_eq!(in_place_so_far(scheduler), 0);
    });
}

#[test]
fn a_root_future_holding_a_std_mutex_is_safe() {
    on_one_and_four(|scheduler| {
        let lock = Arc::new(Mutex::new(0));
        for _ in 0..100 {
            let inner = lock.clone();
            let guard = lock.lock().unwrap();
            let (locks, waits) = (Event::default(), Event::default());
            let (locking, waited_for) = (locks.clone(), waits.clone());
            let child = scheduler.spawn(async move {
                locking.set();
                waited_for.wait().await;
                *inner.lock().unwrap() += 1;
            });
            scheduler.block_on(async {
                let mut join = std::pin::pin!(child.join());
                std::future::poll_fn(|cx| {
                    assert!(join.as_mut().poll(cx).is_pending(), "run under the root's lock");
                    std::task::Poll::Ready(())
                })
                .await;
                drop(guard);
                waits.set();
                join.await.unwrap();
            });
        }
        assert_eq!(*lock.lock().unwrap(), 100);
        assert_eq!(in_place_so_far(scheduler), 0);
    });
}

#[test]
fn a_pinned_child_and_a_blocking_call_are_not_run_in_place() {
    on(one_worker(), |scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn(async move {
            handle.spawn_pinned(|| async {}).join().await.unwrap();
            handle.spawn_blocking(|| ()).join().await.unwrap();
        });
        scheduler.block_on(task).unwrap();
        assert_eq!(in_place_so_far(scheduler), 0);
    });
}

#[test]
fn nothing_runs_in_place_while_something_more_urgent_waits() {
    for (own, urgent) in [
        (TaskPriority::Low, TaskPriority::Normal),
        (TaskPriority::Low, TaskPriority::High),
        (TaskPriority::Normal, TaskPriority::High),
        (TaskPriority::High, TaskPriority::Critical),
    ] {
        on(one_worker(), move |scheduler| {
            let log = Log::default();
            let noted = log.clone();
            let handle = scheduler.handle().clone();
            let parent = scheduler.spawn_with_priority(
                async move {
                    let note = |name: &'static str, priority| -> TaskHandle<()> {
                        let log = noted.clone();
                        handle.spawn_with_priority(async move { log.note(name) }, priority)
                    };
                    let urgent = note("urgent", urgent);
                    let child = note("child", own);
                    child.join().await.unwrap();
                    urgent.await.unwrap();
                },
                own,
            );
            scheduler.block_on(parent).unwrap();
            assert_eq!(log.notes(), ["urgent", "child"], "{own} child, {urgent} task waiting");
            assert_eq!(in_place_so_far(scheduler), 0);
        });
    }
}

fn tree(depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return 1;
        }
        let [left, right] = [0, 1].map(|_| qi_sched::spawn(tree(depth - 1)));
        left.join().await.unwrap() + right.join().await.unwrap()
    })
}

#[test]
fn a_tree_of_tasks_is_counted_right() {
    on_one_and_four(|scheduler| {
        let root = scheduler.spawn(tree(12));
        assert_eq!(scheduler.block_on(root).unwrap(), 1 << 12);
        assert_eq!(scheduler.stats().queued_tasks, 0);
        assert!(in_place_so_far(scheduler) > 0);
    });
}

fn chain(depth: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        match depth {
            0 => 0,
            _ => qi_sched::spawn(chain(depth - 1)).join().await.unwrap() + 1,
        }
    })
}

#[test]
fn a_chain_deeper_than_the_nesting_allows_falls_back_to_the_queue() {
    on_one_and_four(|scheduler| {
        for depth in [1, 63, 64, 65, 66, 1000, 5000] {
            let task = scheduler.spawn(chain(depth));
            assert_eq!(scheduler.block_on(task).unwrap(), depth);
        }
    });
}

#[test]
fn a_small_stack_is_no_reason_to_overflow_it() {
    // Less than the reserve: nothing may run in place.
    on(one_worker().thread_stack_size(128 * 1024), |scheduler| {
        let task = scheduler.spawn(chain(500));
        assert_eq!(scheduler.block_on(task).unwrap(), 500);
    });
}

#[test]
fn a_million_serial_joins_do_not_starve_a_heartbeat() {
    on(one_worker(), |scheduler| {
        let beats = Arc::new(AtomicUsize::new(0));
        let counted = beats.clone();
        let heart = scheduler.spawn(async move {
            loop {
                counted.fetch_add(1, SeqCst);
                coop::yield_now().await;
            }
        });
        let rounds = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
        let serial = scheduler.spawn(async move {
            for n in 0..rounds {
                assert_eq!(qi_sched::spawn(async move { n }).join().await.unwrap(), n);
            }
        });
        scheduler.block_on(serial).unwrap();
        // The budget is a hundred or so joins per turn.
        assert!(beats.load(SeqCst) >= rounds / 1000, "{} beats", beats.load(SeqCst));
        heart.cancel().unwrap();
    });
}

#[test]
fn serial_joins_in_a_high_task_leave_lower_lanes_their_share() {
    on(one_worker(), |scheduler| {
        let (beats, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let hearts: Vec<_> = (0..4)
            .map(|_| {
                let (counted, stop) = (beats.clone(), stop.clone());
                scheduler.spawn_with_priority(
                    async move {
                        while stop.load(SeqCst) == 0 {
                            counted.fetch_add(1, SeqCst);
                            coop::yield_now().await;
                        }
                    },
                    TaskPriority::Low,
                )
            })
            .collect();
        let handle = scheduler.handle().clone();
        let rounds: usize = 20_000;
        let serial = scheduler.spawn_with_priority(
            async move {
                for _ in 0..rounds {
                    let child = handle.spawn_with_priority(async {}, TaskPriority::High);
                    child.join().await.unwrap();
                }
            },
            TaskPriority::High,
        );
        scheduler.block_on(serial).unwrap();
        // Children run in place are picks: one pick in 64 is owed to Low. (Half of that here: the
        // hearts begin a little later.)
        let beaten = beats.load(SeqCst);
        assert!(beaten >= rounds / 128, "{beaten} beats in {rounds} picks");
        stop.store(1, SeqCst);
        for heart in hearts {
            scheduler.block_on(heart).unwrap();
        }
    });
}

#[test]
fn entries_of_children_run_in_place_do_not_pile_up() {
    on(one_worker(), |scheduler| {
        let task = scheduler.spawn(async {
            for _ in 0..5_000 {
                let children: Vec<_> = (0..4).map(|n| qi_sched::spawn(async move { n })).collect();
                for child in children {
                    child.join().await.unwrap();
                }
            }
        });
        scheduler.block_on(task).unwrap();
        let depth: usize = scheduler.stats().workers.iter().map(|w| w.queue_depth).sum();
        assert!(depth < 64, "{depth} entries are left");
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn a_child_that_was_cancelled_is_not_run_in_place() {
    on(one_worker(), |scheduler| {
        let task = scheduler.spawn(async {
            let child = qi_sched::spawn(async { unreachable!("cancelled before its start") });
            child.cancel().unwrap();
            child.join().await.unwrap_err().is_cancelled()
        });
        assert!(scheduler.block_on(task).unwrap());
    });
}

#[test]
fn a_child_in_place_that_blocks_gives_the_seat_away() {
    on(one_worker(), |scheduler| {
        let event = Event::default();
        let (waited_for, handle) = (event.clone(), scheduler.handle().clone());
        let task = scheduler.spawn(async move {
            let child = qi_sched::spawn(async move {
                handle.block_on(waited_for.wait());
                5
            });
            let five = child.join().await.unwrap();
            five + qi_sched::spawn(async { 1 }).join().await.unwrap()
        });
        until(|| event.waiting() == 1);
        assert_eq!(scheduler.block_on(scheduler.spawn(async { 2 })).unwrap(), 2);
        event.set();
        assert_eq!(scheduler.block_on(task).unwrap(), 6);
    });
}
