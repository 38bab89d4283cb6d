//! Sleeps and timeouts: never early, right at the edges, dropped at any time.

use crate::support::{Event, Seeded, watched};
use qi_runtime::AsyncRuntime;
use qi_runtime::time::{Duration, Instant, sleep, sleep_until, timeout, timeout_at};
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn runtime() -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(2).build().expect("in range")
}

#[test]
fn a_thousand_random_sleeps_are_never_early() {
    watched(|| {
        let runtime = runtime();
        let mut random = Seeded::new("a_thousand_random_sleeps_are_never_early");
        let tasks: Vec<_> = (0..1_000)
            .map(|_| {
                let wanted = Duration::from_nanos(random.below(30_000_000));
                runtime.spawn(async move {
                    let begun = Instant::now();
                    sleep(wanted).await;
                    (wanted, begun.elapsed())
                })
            })
            .collect();
        for task in tasks {
            let (wanted, slept) = runtime.block_on(task).expect("it ends");
            assert!(slept >= wanted, "slept {slept:?} instead of {wanted:?}");
        }
    });
}

#[test]
fn a_sleep_of_nothing_is_over_at_its_first_poll() {
    runtime().block_on(async {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(sleep(Duration::ZERO)).poll(&mut cx).is_ready());
    });
}

#[test]
fn a_moment_in_the_past_is_over_at_its_first_poll() {
    runtime().block_on(async {
        let mut cx = Context::from_waker(Waker::noop());
        let now = Instant::now();
        let long_ago = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        for moment in [now, long_ago] {
            assert!(pin!(sleep_until(moment)).poll(&mut cx).is_ready());
        }
    });
}

#[test]
fn the_longest_sleep_waits_and_does_not_overflow() {
    watched(|| {
        let runtime = runtime();
        runtime.block_on(async {
            let longest = timeout(Duration::from_millis(5), sleep(Duration::MAX)).await;
            assert!(longest.is_err(), "it cannot be over");
            let within = timeout(Duration::MAX, async { 5 }).await;
            assert_eq!(within, Ok(5));
        });
    });
}

#[test]
fn a_sleep_that_is_reset_goes_on_to_its_new_moment() {
    watched(|| {
        let runtime = runtime();
        runtime.block_on(async {
            let far = Duration::from_secs(3600);
            let mut slept = sleep(far);
            let pending = Pin::new(&mut slept).poll(&mut Context::from_waker(Waker::noop()));
            assert!(pending.is_pending());
            let nearer = Instant::now() + Duration::from_millis(5);
            slept.reset(nearer);
            assert_eq!(slept.deadline(), nearer);
            (&mut slept).await;
            assert!(Instant::now() >= nearer, "early");
            assert!(slept.is_elapsed());
            let later = Instant::now() + Duration::from_millis(5);
            slept.reset(later);
            assert!(!slept.is_elapsed());
            slept.await;
            assert!(Instant::now() >= later, "early after a reset of one that was over");
        });
    });
}

#[test]
fn a_future_that_is_ready_wins_over_a_time_that_is_up() {
    watched(|| {
        let runtime = runtime();
        runtime.block_on(async {
            assert_eq!(timeout(Duration::ZERO, ready(5)).await, Ok(5));
            let past = Instant::now();
            assert_eq!(timeout_at(past, ready(6)).await, Ok(6));
            assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
        });
    });
}

#[test]
fn a_future_that_spends_the_whole_budget_does_not_keep_its_time_limit_away() {
    watched(|| {
        let runtime = runtime();
        let task = runtime.spawn(async {
            let busy = async {
                loop {
                    sleep(Duration::ZERO).await;
                }
            };
            timeout(Duration::from_millis(5), busy).await
        });
        assert!(runtime.block_on(task).expect("it ends").is_err());
    });
}

#[test]
fn a_sleep_dropped_at_any_of_its_polls_leaves_no_timer() {
    watched(|| {
        let runtime = runtime();
        let task = runtime.spawn(async {
            for polls in 0..3 {
                let mut slept = Box::pin(sleep(Duration::from_secs(3600)));
                let mut cx = Context::from_waker(Waker::noop());
                for _ in 0..polls {
                    assert_eq!(slept.as_mut().poll(&mut cx), Poll::Pending);
                }
            }
            for _ in 0..100 {
                let mut slept = Box::pin(sleep(Duration::from_micros(20)));
                let _ = slept.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                qi_runtime::yield_now().await;
            }
        });
        runtime.block_on(task).expect("it ends");
        assert_eq!(runtime.stats().timers(), 0);
    });
}

#[test]
fn a_thread_from_outside_sets_timers_in_block_on_and_for_tasks() {
    watched(|| {
        let runtime = runtime();
        let handle = runtime.handle().clone();
        let foreign = std::thread::spawn(move || {
            handle.block_on(async {
                let begun = Instant::now();
                sleep(Duration::from_millis(3)).await;
                assert!(begun.elapsed() >= Duration::from_millis(3), "early");
            });
            // Made here, waited for by a task.
            let made = handle.enter(|| sleep(Duration::from_millis(3)));
            let deadline = made.deadline();
            handle.block_on(handle.spawn(made)).expect("it ends");
            assert!(Instant::now() >= deadline, "early");
        });
        foreign.join().expect("the assertions hold");
    });
}

#[test]
fn a_sleep_goes_on_in_another_task_than_the_one_that_polled_it_first() {
    watched(|| {
        let runtime = runtime();
        let handed_on = Event::new();
        let (sender, receiver) = std::sync::mpsc::channel();
        let first = {
            let handed_on = handed_on.clone();
            runtime.spawn(async move {
                let mut slept = Box::pin(sleep(Duration::from_millis(10)));
                let polled = std::future::poll_fn(|cx| Poll::Ready(slept.as_mut().poll(cx))).await;
                sender.send(slept).expect("the test waits for it");
                handed_on.set();
                polled
            })
        };
        let second = runtime.spawn(async move {
            handed_on.await;
            receiver.recv().expect("it was sent").await;
        });
        assert!(runtime.block_on(first).expect("it ends").is_pending());
        runtime.block_on(second).expect("the second task was woken");
    });
}
