//! Priorities: urgent waiters first, and holders as urgent as those who wait for them.
#![forbid(unsafe_code)]

use crate::support::watched;
use qi_sched::{AbortHandle, Scheduler, TaskHandle, TaskPriority, TaskStatus};
use qi_sync::{Mutex, Notify, RwLock};
use qi_test_kit::until;
use std::sync::Arc;
use std::time::Duration;

/// Runs `body` on one worker, to which no other comes however long the test takes.
fn on_one(body: impl FnOnce(&Scheduler) + Send + 'static) {
    watched(move || {
        let builder = Scheduler::builder().worker_threads(1);
        let scheduler = builder.stall_threshold(Duration::from_secs(3600)).build().unwrap();
        body(&scheduler);
        scheduler.shutdown().unwrap();
    });
}

fn lane(scheduler: &Scheduler, task: &AbortHandle) -> Option<TaskPriority> {
    let tasks = scheduler.stats().tasks();
    tasks.iter().find(|info| info.id == task.id()).map(|info| info.lane)
}

/// Spawns a task and lets it run until it waits.
fn waiting<F>(scheduler: &Scheduler, priority: TaskPriority, future: F) -> TaskHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let task = scheduler.spawn_with_priority(future, priority);
    until(|| task.status() == TaskStatus::Waiting);
    task
}

#[test]
fn the_most_urgent_waiter_of_a_mutex_is_first() {
    on_one(|scheduler| {
        let mutex = Arc::new(Mutex::new(Vec::new()));
        let held = scheduler.block_on(mutex.clone().lock_owned());
        let order = [TaskPriority::Normal, TaskPriority::Low, TaskPriority::Critical];
        let tasks = order.map(|priority| {
            let mutex = mutex.clone();
            waiting(scheduler, priority, async move { mutex.lock().await.push(priority) })
        });
        drop(held);
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        let expected = [TaskPriority::Critical, TaskPriority::Normal, TaskPriority::Low];
        assert_eq!(*mutex.try_lock().unwrap(), expected);
    });
}

#[test]
fn the_holder_of_a_mutex_is_as_urgent_as_its_waiter() {
    on_one(|scheduler| {
        let (mutex, release) = (Arc::new(Mutex::new(0)), Arc::new(Notify::new()));
        let (wanted, released) = (mutex.clone(), release.clone());
        let low = waiting(scheduler, TaskPriority::Low, async move {
            let mut guard = wanted.lock().await;
            released.notified().await;
            *guard += 1;
        });
        let watch = low.abort_handle();
        let wanted = mutex.clone();
        let high = waiting(scheduler, TaskPriority::High, async move { *wanted.lock().await });
        until(|| lane(scheduler, &watch) == Some(TaskPriority::High));
        release.notify_one();
        assert_eq!(scheduler.block_on(high).unwrap(), 1);
        scheduler.block_on(low).unwrap();
    });
}

#[test]
fn a_writer_is_as_urgent_as_a_waiting_reader_and_a_reader_is_not_lent_anything() {
    on_one(|scheduler| {
        let (lock, release) = (Arc::new(RwLock::new(0)), Arc::new(Notify::new()));
        let (wanted, released) = (lock.clone(), release.clone());
        let writer = waiting(scheduler, TaskPriority::Low, async move {
            let mut guard = wanted.write().await;
            released.notified().await;
            *guard += 1;
        });
        let watch = writer.abort_handle();
        let wanted = lock.clone();
        let reader = waiting(scheduler, TaskPriority::High, async move { *wanted.read().await });
        until(|| lane(scheduler, &watch) == Some(TaskPriority::High));
        release.notify_one();
        assert_eq!(scheduler.block_on(reader).unwrap(), 1);
        scheduler.block_on(writer).unwrap();

        let (wanted, released) = (lock.clone(), release.clone());
        let reader = waiting(scheduler, TaskPriority::Low, async move {
            let _guard = wanted.read().await;
            released.notified().await;
        });
        let watch = reader.abort_handle();
        let wanted = lock.clone();
        let writer =
            waiting(scheduler, TaskPriority::High, async move { *wanted.write().await += 1 });
        assert_eq!(lane(scheduler, &watch), Some(TaskPriority::Low));
        release.notify_one();
        scheduler.block_on(writer).unwrap();
        scheduler.block_on(reader).unwrap();
        assert_eq!(*lock.try_read().unwrap(), 2);
    });
}

#[test]
fn a_writer_that_waits_is_raised_in_the_queue_and_passes_it_on() {
    on_one(|scheduler| {
        let (lock, release) = (Arc::new(RwLock::new(())), Arc::new(Notify::new()));
        let (wanted, released) = (lock.clone(), release.clone());
        let holder = waiting(scheduler, TaskPriority::Low, async move {
            let _guard = wanted.write().await;
            released.notified().await;
        });
        let watch = holder.abort_handle();
        let wanted = lock.clone();
        let waiter = waiting(scheduler, TaskPriority::Low, async move {
            let _guard = wanted.write().await;
        });
        waiter.set_priority(TaskPriority::High);
        until(|| lane(scheduler, &watch) == Some(TaskPriority::High));
        release.notify_one();
        scheduler.block_on(waiter).unwrap();
        scheduler.block_on(holder).unwrap();
    });
}
