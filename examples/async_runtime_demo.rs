//! Everything in the specification's section on usage, one after the other, saying what it does.
//!
//! `cargo run --release --example async_runtime_demo`
#![forbid(unsafe_code)]

use qi_runtime::time::sleep;
use qi_runtime::{
    AsyncRuntime, AsyncRuntimeConfig, JoinError, TaskPriority, TaskStatus, yield_now,
};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let config = AsyncRuntimeConfig {
        worker_threads: 4,
        queue_capacity: 1024,
        max_stack_size: 2 * 1024 * 1024,
        stack_pool_size: 128,
        poll_interval: Duration::from_millis(1),
        enable_work_stealing: true,
        debug: false,
    };
    let runtime = AsyncRuntime::new(config)?;
    println!("runtime: {} workers, {:?}", runtime.stats().worker_threads, runtime.state());

    basic(&runtime)?;
    priorities()?;
    cancellation(&runtime)?;
    failure(&runtime)?;
    statistics(&runtime)?;

    runtime.shutdown()?;
    println!("shutdown: {:?}", runtime.state());
    Ok(())
}

/// A task sleeps, and somebody waits for it.
fn basic(runtime: &AsyncRuntime) -> Result<(), JoinError> {
    let begun = Instant::now();
    let task = runtime.spawn(async {
        println!("basic: 异步任务执行中...");
        sleep(Duration::from_millis(100)).await;
        println!("basic: 任务完成！");
        6 * 7
    });
    let answer = runtime.block_on(task.join())?;
    println!("basic: the task returned {answer} after {} ms", begun.elapsed().as_millis());
    Ok(())
}

/// Four tasks, all waiting before the only worker looks: the most urgent one goes first.
fn priorities() -> Result<(), Box<dyn Error>> {
    let runtime = AsyncRuntime::builder().worker_threads(1).build()?;
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks = runtime.block_on(runtime.spawn({
        let (handle, order) = (runtime.handle().clone(), order.clone());
        async move {
            let lanes = [
                TaskPriority::Low,
                TaskPriority::Normal,
                TaskPriority::High,
                TaskPriority::Critical,
            ];
            lanes.map(|lane| {
                let order = order.clone();
                let run = async move { order.lock().unwrap_or_else(|e| e.into_inner()).push(lane) };
                handle.spawn_with_priority(run, lane)
            })
        }
    }))?;
    for task in tasks {
        runtime.block_on(task)?;
    }
    let order: Vec<_> =
        order.lock().unwrap_or_else(|e| e.into_inner()).iter().map(ToString::to_string).collect();
    println!("priorities: spawned low to critical, run {}", order.join(" → "));
    Ok(())
}

/// A task that would sleep for ten seconds is cancelled.
fn cancellation(runtime: &AsyncRuntime) -> Result<(), Box<dyn Error>> {
    let task = runtime.spawn(async {
        sleep(Duration::from_secs(10)).await;
    });
    task.cancel()?;
    let status = task.abort_handle();
    match runtime.block_on(task.join()) {
        Err(error) if error.is_cancelled() => {
            println!("cancellation: {error} ({}), status {}", error.message_zh(), status.status());
            Ok(())
        }
        other => Err(format!("the task was not cancelled: {other:?}").into()),
    }
}

/// A task panics: that ends the task, and nothing else.
fn failure(runtime: &AsyncRuntime) -> Result<(), Box<dyn Error>> {
    // The message on standard error would only confuse here.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let task = runtime.spawn(async {
        yield_now().await;
        panic!("out of tea");
    });
    let watch = task.abort_handle();
    let result: Result<(), JoinError> = runtime.block_on(task.join());
    std::panic::set_hook(hook);
    let error = result.err().ok_or("the task did not fail")?;
    assert_eq!(watch.status(), TaskStatus::Failed);
    println!("failure: {error}, and the runtime is {:?}", runtime.state());
    Ok(())
}

/// The four figures, and the list of live tasks.
fn statistics(runtime: &AsyncRuntime) -> Result<(), Box<dyn Error>> {
    let parked: Vec<_> = (0..3)
        .map(|n| {
            runtime
                .task()
                .name(format!("sleeper {n}"))
                .spawn(async { sleep(Duration::from_secs(60)).await })
        })
        .collect();
    while parked.iter().any(|task| task.status() != TaskStatus::Waiting) {
        std::thread::yield_now();
    }
    let stats = runtime.stats();
    println!("statistics: 活跃任务数: {}", stats.active_tasks);
    println!("statistics: 队列任务数: {}", stats.queued_tasks);
    println!("statistics: 已完成任务数: {}", stats.completed_tasks);
    println!("statistics: 工作线程数: {}", stats.worker_threads);
    for task in stats.tasks() {
        let name = task.name.unwrap_or_default();
        println!("statistics: task {} {name:?} is {}, {}", task.id, task.status, task.lane);
    }
    for task in &parked {
        task.cancel()?;
    }
    for task in parked {
        assert!(runtime.block_on(task).is_err_and(|error| error.is_cancelled()));
    }
    println!("statistics: {} cancelled in all", runtime.stats().cancelled_tasks);
    Ok(())
}
