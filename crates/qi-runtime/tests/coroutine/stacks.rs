//! What `max_stack_size` and `stack_pool_size` do.

use super::support::{Event, until};
use super::{on, on_one_and_four};
use qi_runtime::coroutine::{Wait, stack_remaining, yield_now};
use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig, TaskStatus};
use std::sync::mpsc::channel;

/// Bytes that the beginning of a coroutine takes at most, unoptimised.
const BEGINNING: usize = 12 * 1024;

#[test]
fn a_stack_has_the_size_that_was_asked_for() {
    let config = AsyncRuntimeConfig {
        worker_threads: 1,
        max_stack_size: 100_000,
        ..AsyncRuntimeConfig::default()
    };
    on(AsyncRuntime::builder().config(config), |runtime| {
        let left = runtime.spawn_coroutine(|| stack_remaining().unwrap());
        let left = runtime.block_on(left).unwrap();
        let whole = 100_000_usize.next_multiple_of(4096);
        assert!(left <= whole.next_multiple_of(65_536), "{left}");
        assert!(left >= whole - BEGINNING, "{left}");
        let small = runtime.coroutine().stack_size(32 * 1024).spawn(|| stack_remaining().unwrap());
        let small = runtime.block_on(small).unwrap();
        assert!((32 * 1024 - BEGINNING..=64 * 1024).contains(&small), "{small}");
    });
}

#[test]
fn a_size_out_of_range_fails_the_task() {
    on_one_and_four(|runtime| {
        let tiny = runtime.coroutine().stack_size(1).spawn(|| ());
        let error = runtime.block_on(tiny).unwrap_err();
        assert!(error.is_no_stack() && error.is_panic(), "{error}");
        assert!(error.to_string().contains("no stack for a coroutine"), "{error}");
        assert!(error.message_zh().contains("协程栈"), "{}", error.message_zh());
        let panicking = runtime.spawn_coroutine(|| -> u32 { panic!("no stack for a coroutine") });
        assert!(!runtime.block_on(panicking).unwrap_err().is_no_stack());
    });
}

#[test]
fn stacks_are_allocated_before_the_first_coroutine_or_at_the_start() {
    on(AsyncRuntime::builder().worker_threads(1).stack_pool_size(40), |runtime| {
        assert!(runtime.stats().coroutines.stacks.is_none());
        runtime.block_on(runtime.spawn_coroutine(|| ())).unwrap();
        let stacks = runtime.stats().coroutines.stacks.unwrap();
        assert!(stacks.owned_stacks >= 40, "{stacks:?}");
    });
    let at_start = AsyncRuntime::builder()
        .worker_threads(1)
        .stack_pool_size(40)
        .allocate_stacks_at_start(true);
    on(at_start, |runtime| {
        let stacks = runtime.stats().coroutines.stacks.unwrap();
        assert_eq!((stacks.hot_stacks, stacks.live_stacks), (40, 0), "{stacks:?}");
    });
}

#[test]
fn beyond_the_pool_stacks_are_handed_out_and_go_back_when_idle() {
    let builder = AsyncRuntime::builder().worker_threads(2).stack_pool_size(4);
    on(builder.max_stack_size(64 * 1024), |runtime| {
        let event = Event::new();
        let tasks: Vec<_> = (0..500)
            .map(|_| {
                let event = event.clone();
                runtime.spawn_coroutine(move || event.wait())
            })
            .collect();
        until(|| event.waiting() == 500);
        assert_eq!(runtime.stats().coroutines.stacks.unwrap().live_stacks, 500);
        event.set();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        // The four; the two workers keep none at hand.
        until(|| {
            let stacks = runtime.stats().coroutines.stacks.unwrap();
            stacks.live_stacks == 0 && stacks.owned_stacks <= 4
        });
    });
}

#[test]
fn after_a_single_coroutine_an_idle_runtime_keeps_what_the_pool_keeps_and_no_more() {
    let builder = AsyncRuntime::builder().worker_threads(2).stack_pool_size(0);
    on(builder.max_stack_size(64 * 1024), |runtime| {
        for _ in 0..3 {
            runtime.block_on(runtime.spawn_coroutine(yield_now)).unwrap();
            until(|| runtime.stats().coroutines.stacks.unwrap().owned_stacks == 0);
        }
    });
}

#[test]
fn an_extra_worker_leaves_no_stacks_behind() {
    let builder = AsyncRuntime::builder().worker_threads(1).stack_pool_size(0);
    on(builder.max_stack_size(64 * 1024), |runtime| {
        // The only worker is inside of a poll until it is let go.
        let (let_go, held) = channel::<()>();
        let stuck = runtime.spawn(async move { held.recv().unwrap() });
        until(|| stuck.status() == TaskStatus::Running);
        let tasks: Vec<_> = (0..40).map(|_| runtime.spawn_coroutine(yield_now)).collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        let_go.send(()).unwrap();
        runtime.block_on(stuck).unwrap();
        until(|| runtime.stats().coroutines.stacks.unwrap().owned_stacks == 0);
    });
}
