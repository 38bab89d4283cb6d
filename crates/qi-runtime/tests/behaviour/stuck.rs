//! The promise of `poll_interval`: timers are seen although every worker is held by a task.

use crate::support::{Event, until, watched};
use qi_runtime::time::{Duration, Instant, sleep, sleep_until};
use qi_runtime::{AsyncRuntime, AsyncRuntimeBuilder, TaskHandle, TaskPriority, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

fn builder() -> AsyncRuntimeBuilder {
    AsyncRuntime::builder()
        .worker_threads(2)
        .poll_interval(Duration::from_millis(1))
        .stall_threshold(Duration::from_millis(2))
}

/// Tasks that hold both workers until the event happens.
fn hold_both(runtime: &AsyncRuntime, stop: &Event) -> Vec<TaskHandle<()>> {
    let begun = Arc::new(AtomicUsize::new(0));
    let tasks = (0..2)
        .map(|_| {
            let (begun, stop) = (begun.clone(), stop.clone());
            runtime.spawn(async move {
                begun.fetch_add(1, SeqCst);
                stop.spin();
            })
        })
        .collect();
    until(|| begun.load(SeqCst) == 2);
    tasks
}

#[test]
fn timers_fire_and_wakes_are_followed_while_both_workers_are_stuck() {
    watched(|| {
        for first_poll in [true, false] {
            let runtime = builder().build().expect("in range");
            let (wake, stop) = (Event::new(), Event::new());
            if !first_poll {
                // The workers have slept and woken up before.
                runtime
                    .block_on(runtime.spawn(async { sleep(Duration::from_millis(1)).await }))
                    .expect("it ends");
            }
            let timer = runtime.spawn(async { sleep(Duration::from_millis(20)).await });
            let woken = runtime.spawn(wake.clone());
            let stuck = hold_both(&runtime, &stop);
            wake.set();
            // Nobody lets the workers go before both have ended.
            until(|| timer.is_finished() && woken.is_finished());
            stop.set();
            runtime.block_on(async {
                for task in stuck {
                    task.await.expect("it ends");
                }
            });
            assert!(runtime.stats().stalls >= 2 && runtime.stats().extra_workers_started >= 1);
        }
    });
}

#[test]
fn a_thread_from_outside_gets_its_timer_while_both_workers_are_stuck() {
    watched(|| {
        let runtime = builder().build().expect("in range");
        let stop = Event::new();
        let stuck = hold_both(&runtime, &stop);
        let begun = Instant::now();
        runtime.block_on(async { sleep(Duration::from_millis(5)).await });
        assert!(begun.elapsed() >= Duration::from_millis(5));
        stop.set();
        runtime.block_on(async {
            for task in stuck {
                task.await.expect("it ends");
            }
        });
    });
}

#[test]
fn a_worker_whose_polls_become_long_sees_its_timers_within_a_few_of_them() {
    watched(|| {
        let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("in range");
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move {
            for _ in 0..2_000 {
                // Short polls: the worker reads its clock seldom.
                yield_now().await;
            }
            let due = Instant::now() + Duration::from_millis(1);
            let fired = Arc::new(AtomicBool::new(false));
            let timer = {
                let fired = fired.clone();
                let wait = async move {
                    sleep_until(due).await;
                    fired.store(true, SeqCst);
                };
                handle.spawn_with_priority(wait, TaskPriority::High)
            };
            for _ in 0..20 {
                yield_now().await;
            }
            let late = Arc::new(AtomicUsize::new(0));
            let long: Vec<_> = (0..60)
                .map(|_| {
                    let (fired, late) = (fired.clone(), late.clone());
                    handle.spawn(async move {
                        late.fetch_add(
                            usize::from(Instant::now() > due && !fired.load(SeqCst)),
                            SeqCst,
                        );
                        let begun = Instant::now();
                        while begun.elapsed() < Duration::from_micros(450) {
                            std::hint::spin_loop();
                        }
                    })
                })
                .collect();
            for task in long {
                task.await.expect("it ends");
            }
            timer.await.expect("it ends");
            late.load(SeqCst)
        });
        let late = runtime.block_on(task).expect("it ends");
        println!("{late} polls began between the deadline and the timer's task");
        // How many depends on when the monitor's thread gets a processor; all of them would mean
        // that nobody looked.
        assert!(late < 40, "{late}");
    });
}
