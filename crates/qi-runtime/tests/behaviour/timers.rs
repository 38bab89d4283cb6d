//! Many timers, and many threads that set them.

use crate::support::watched;
use qi_runtime::AsyncRuntime;
use qi_runtime::time::{Duration, Instant, sleep_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn a_hundred_thousand_timers_fire_once_each_and_none_early() {
    const TIMERS: usize = 100_000;
    watched(|| {
        let runtime = AsyncRuntime::builder().worker_threads(2).build().expect("in range");
        let (fired, early) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let start = Instant::now();
        let tasks: Vec<_> = (0..TIMERS)
            .map(|index| {
                let (fired, early) = (fired.clone(), early.clone());
                let deadline = start + Duration::from_micros(1_000 + (index as u64 * 7) % 50_000);
                runtime.spawn(async move {
                    sleep_until(deadline).await;
                    early.fetch_add(usize::from(Instant::now() < deadline), SeqCst);
                    fired.fetch_add(1, SeqCst);
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("it ends");
            }
        });
        assert_eq!((fired.load(SeqCst), early.load(SeqCst)), (TIMERS, 0));
        let stats = runtime.stats();
        assert_eq!(stats.timers(), 0);
        assert_eq!(stats.completed_tasks, TIMERS as u64);
    });
}

#[test]
fn timers_set_by_many_threads_at_once_all_fire() {
    watched(|| {
        let runtime = AsyncRuntime::builder().worker_threads(2).build().expect("in range");
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let handle = runtime.handle().clone();
                thread::spawn(move || {
                    for round in 0..100_u64 {
                        let deadline = Instant::now()
                            + Duration::from_micros((thread * 37 + round * 11) % 500);
                        handle.block_on(sleep_until_here(deadline));
                        assert!(Instant::now() >= deadline, "early");
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("the assertions hold");
        }
        assert_eq!(runtime.stats().timers(), 0);
    });
}

/// Made inside the `block_on`, where there is a runtime.
async fn sleep_until_here(deadline: Instant) {
    sleep_until(deadline).await;
}
