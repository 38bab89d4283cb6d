//! Every option: what is out of range is refused in words, what is in range is honoured.

use crate::support::{Event, until, watched};
use qi_runtime::{
    AsyncRuntime, AsyncRuntimeBuilder, AsyncRuntimeConfig, RuntimeError, TaskStatus, yield_now,
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Asserts that `build` fails with an error that names field, value and range in both languages.
#[track_caller]
fn refused(builder: AsyncRuntimeBuilder, field: &str, value: &str, accepted: &str) {
    let error = builder.build().expect_err(field);
    assert!(matches!(error, RuntimeError::Config(_)), "{error:?}");
    for message in [error.to_string(), error.message_zh()] {
        for part in [field, value, accepted] {
            assert!(message.contains(part), "'{message}' lacks '{part}'");
        }
    }
    assert!(error.message_zh().contains("配置项"), "{}", error.message_zh());
}

fn builder() -> AsyncRuntimeBuilder {
    AsyncRuntime::builder()
}

#[test]
fn an_option_of_the_specification_out_of_range_is_refused_with_field_value_and_range() {
    refused(builder().worker_threads(0), "worker_threads", "0", "1..=1024");
    refused(builder().worker_threads(1025), "worker_threads", "1025", "1..=1024");
    refused(builder().queue_capacity(0), "queue_capacity", "0", "1..=16777216");
    refused(builder().queue_capacity(1 << 25), "queue_capacity", "33554432", "1..=16777216");
    refused(builder().max_stack_size(1), "max_stack_size", "1", "16384..=1073741824");
    refused(
        builder().max_stack_size(usize::MAX),
        "max_stack_size",
        &usize::MAX.to_string(),
        "16384..=1073741824",
    );
    refused(builder().stack_pool_size(1 << 21), "stack_pool_size", "2097152", "0..=1048576");
    refused(builder().poll_interval(Duration::ZERO), "poll_interval", "0ns", "50µs to 10s");
    refused(builder().poll_interval(Duration::MAX), "poll_interval", "", "50µs to 10s");
}

#[test]
fn an_option_of_the_builder_out_of_range_is_refused_with_field_value_and_range() {
    let zero = Duration::ZERO;
    refused(builder().stall_threshold(zero), "stall_threshold", "0ns", "100µs to 3600s");
    refused(builder().max_blocking_threads(0), "max_blocking_threads", "0", "1..=65536");
    refused(builder().max_blocking_threads(1 << 17), "max_blocking_threads", "131072", "65536");
    refused(builder().thread_stack_size(1), "thread_stack_size", "1", "65536..=");
    refused(builder().blocking_keep_alive(Duration::MAX), "blocking_keep_alive", "", "86400s");
    refused(builder().shutdown_timeout(Duration::MAX), "shutdown_timeout", "", "86400s");
    refused(builder().thread_name("a\0b"), "thread_name", "\\0", "without a NUL");
}

#[test]
fn a_whole_config_is_accepted_by_new_and_by_the_builder() {
    let config = AsyncRuntimeConfig {
        worker_threads: 3,
        queue_capacity: 7,
        max_stack_size: 64 * 1024,
        stack_pool_size: 0,
        poll_interval: Duration::from_millis(3),
        enable_work_stealing: false,
        debug: false,
    };
    let made = AsyncRuntime::new(config.clone()).expect("every value is in range");
    assert_eq!(*made.config(), config);
    assert_eq!(made.stats().worker_threads, 3);
    let built = builder().config(config.clone()).build().expect("as above");
    assert_eq!(*built.config(), config);
    assert_eq!(built.block_on(built.spawn(async { 5 })).expect("it ends"), 5);
}

#[cfg(target_os = "linux")]
#[test]
fn there_are_as_many_worker_threads_as_configured_and_they_carry_the_name() {
    let runtime = builder().worker_threads(3).thread_name("named").build().expect("in range");
    let workers = || -> HashSet<String> {
        let threads = std::fs::read_dir("/proc/self/task").expect("procfs");
        let names = threads.filter_map(|thread| {
            // A thread may end between the two looks.
            std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()
        });
        names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("named-")).collect()
    };
    let wanted: HashSet<_> = (0..3).map(|seat| format!("named-{seat}")).collect();
    watched(move || {
        // A thread has its name from its own first moments on.
        until(|| workers().is_superset(&wanted));
        let others: Vec<_> = workers().difference(&wanted).cloned().collect();
        assert!(others.iter().all(|name| name == "named-monitor"), "{others:?}");
        runtime.shutdown().expect("nothing runs");
    });
}

#[test]
fn without_stealing_a_task_stays_on_its_worker_and_placement_takes_turns() {
    watched(|| {
        let runtime =
            builder().worker_threads(2).enable_work_stealing(false).build().expect("in range");
        let places: Vec<_> = (0..40)
            .map(|_| {
                runtime.spawn(async {
                    let mut seen = HashSet::new();
                    for _ in 0..50 {
                        seen.insert(thread::current().name().map(str::to_owned));
                        yield_now().await;
                    }
                    seen
                })
            })
            .collect();
        let mut per_worker = std::collections::HashMap::new();
        for place in places {
            let seen = runtime.block_on(place).expect("it ends");
            assert_eq!(seen.len(), 1, "a task moved: {seen:?}");
            for name in seen {
                *per_worker.entry(name).or_insert(0) += 1;
            }
        }
        assert_eq!(per_worker.into_values().collect::<Vec<_>>(), [20, 20]);
    });
}

#[test]
fn without_stealing_nobody_takes_the_tasks_of_a_worker_that_is_stuck() {
    watched(|| {
        let runtime =
            builder().worker_threads(2).enable_work_stealing(false).build().expect("in range");
        let (begun, stop) = (Event::new(), Event::new());
        let stuck = {
            let (begun, stop) = (begun.clone(), stop.clone());
            runtime.spawn(async move {
                begun.set();
                stop.spin();
            })
        };
        begun.spin();
        let tasks: Vec<_> = (0..10).map(|_| runtime.spawn(async {})).collect();
        // Every second one belongs to the worker that is free.
        until(|| tasks.iter().filter(|task| task.is_finished()).count() == 5);
        let left = tasks.iter().filter(|task| task.status() == TaskStatus::Pending).count();
        stop.set();
        assert_eq!(left, 5);
        runtime.block_on(async {
            stuck.await.expect("it ends");
            for task in tasks {
                task.await.expect("it ends");
            }
        });
    });
}

#[test]
fn what_exceeds_the_queue_capacity_is_neither_lost_nor_refused() {
    watched(|| {
        for stealing in [true, false] {
            let runtime = builder()
                .worker_threads(2)
                .queue_capacity(4)
                .enable_work_stealing(stealing)
                .build()
                .expect("in range");
            let count = Arc::new(Mutex::new(0));
            let tasks = count.clone();
            let parent = runtime.spawn(async move {
                let children: Vec<_> = (0..1_000)
                    .map(|_| {
                        let count = tasks.clone();
                        qi_runtime::spawn(async move { *count.lock().expect("no panic") += 1 })
                    })
                    .collect();
                for child in children {
                    child.await.expect("it ends");
                }
            });
            runtime.block_on(parent).expect("it ends");
            assert_eq!(*count.lock().expect("no panic"), 1_000);
            let stats = runtime.stats();
            let overflows: u64 = stats.workers.iter().map(|worker| worker.overflows).sum();
            assert!(overflows > 0, "stealing {stealing}: the queues hold only four each");
        }
    });
}
