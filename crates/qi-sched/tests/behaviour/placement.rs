//! Where tasks run: queue capacity, stealing, homes.
#![forbid(unsafe_code)]

use crate::support::on;
use qi_sched::{Scheduler, context, coop};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn a_queue_capacity_of_one_loses_nothing() {
    for (workers, stealing) in [(1, true), (4, true), (1, false), (4, false)] {
        let builder = Scheduler::builder().worker_threads(workers).queue_capacity(1);
        on(builder.work_stealing(stealing), |scheduler| {
            let done = Arc::new(AtomicUsize::new(0));
            let counted = done.clone();
            let all = scheduler.spawn(async move {
                let tasks: Vec<_> = (0..10_000)
                    .map(|_| {
                        let counted = counted.clone();
                        qi_sched::spawn(async move {
                            coop::yield_now().await;
                            counted.fetch_add(1, SeqCst);
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
            scheduler.block_on(all).unwrap();
            assert_eq!(done.load(SeqCst), 10_000);
            let overflows: u64 = scheduler.stats().workers.iter().map(|w| w.overflows).sum();
            assert!(overflows > 0);
        });
    }
}

#[test]
fn local_queues_stay_within_the_capacity() {
    on(Scheduler::builder().worker_threads(2).queue_capacity(2), |scheduler| {
        let deepest = Arc::new(AtomicUsize::new(0));
        let (seen, handle) = (deepest.clone(), scheduler.handle().clone());
        let all = scheduler.spawn(async move {
            let tasks: Vec<_> = (0..300)
                .map(|_| {
                    let (seen, handle) = (seen.clone(), handle.clone());
                    qi_sched::spawn(async move {
                        coop::yield_now().await;
                        let depths = handle.stats().workers;
                        let now = depths.iter().map(|w| w.queue_depth).max().unwrap();
                        seen.fetch_max(now, SeqCst);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        scheduler.block_on(all).unwrap();
        assert!(deepest.load(SeqCst) <= 2, "{} entries", deepest.load(SeqCst));
    });
}

#[test]
fn without_stealing_a_task_stays_on_its_worker() {
    on(Scheduler::builder().worker_threads(4).work_stealing(false), |scheduler| {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                scheduler.spawn(async {
                    let home = context::seat().unwrap();
                    for _ in 0..50 {
                        coop::yield_now().await;
                        assert_eq!(context::seat(), Some(home));
                    }
                    home
                })
            })
            .collect();
        let mut used = [0; 4];
        for task in tasks {
            used[scheduler.block_on(task).unwrap()] += 1;
        }
        assert_eq!(used, [25; 4], "placed in turns");
        assert!(scheduler.stats().workers.iter().all(|worker| worker.steals == 0));
    });
}

#[test]
fn a_home_worker_gets_the_task_first() {
    on(Scheduler::builder().worker_threads(4).work_stealing(false), |scheduler| {
        for home in 0..4 {
            let builder = scheduler.handle().task().home_worker(home).unwrap();
            let seat = scheduler.block_on(builder.spawn(async { context::seat() })).unwrap();
            assert_eq!(seat, Some(home));
        }
        let error = scheduler.handle().task().home_worker(4).map(|_| ()).unwrap_err();
        assert_eq!(error.field(), "home_worker");
        assert!(error.to_string().contains("0..4"), "{error}");
    });
}

#[test]
fn a_home_worker_begins_the_task_even_if_others_are_idle() {
    // With stealing on one of the others may take it, once its worker has it in its queue.
    on(Scheduler::builder().worker_threads(4).work_stealing(false), |scheduler| {
        for home in (0..4).cycle().take(200) {
            let builder = scheduler.handle().task().home_worker(home).unwrap();
            let begun_on = builder.spawn(async {
                let seat = context::seat();
                coop::yield_now().await;
                seat
            });
            assert_eq!(scheduler.block_on(begun_on).unwrap(), Some(home));
        }
    });
}

#[test]
fn idle_workers_take_tasks_from_busy_ones() {
    on(Scheduler::builder().worker_threads(4), |scheduler| {
        // Nobody gets past the barrier unless all four run on workers of their own.
        let barrier = Arc::new(std::sync::Barrier::new(4));
        let all = scheduler.spawn(async move {
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    let barrier = barrier.clone();
                    qi_sched::spawn(async move {
                        barrier.wait();
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        scheduler.block_on(all).unwrap();
        assert!(scheduler.stats().workers.iter().map(|worker| worker.steals).sum::<u64>() > 0);
    });
}
