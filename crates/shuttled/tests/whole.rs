//! Small programs on the whole scheduler, in orders of its threads' steps that shuttle draws: nobody waits
//! for ever, every task ends once, and the scheduler ends.
#![forbid(unsafe_code)]

use qi_shuttled::{Scheduler, TaskPriority, coop};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler as Order};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::{Config, Runner};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// Orders that each program runs in, of each kind; `QI_SHUTTLE_ORDERS` says another number.
const ORDERS: usize = 150;
/// Changes of priority in one run, for the orders that prefer one thread for long.
const DEPTH: usize = 3;
const STACK: usize = 1 << 20;

fn orders() -> usize {
    let given = std::env::var("QI_SHUTTLE_ORDERS").ok().and_then(|count| count.parse().ok());
    given.unwrap_or(ORDERS)
}

fn explore(name: &str, program: fn()) {
    let seed = std::env::var("QI_SHUTTLE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(0x5149);
    let count = orders();
    println!("{name}: QI_SHUTTLE_SEED={seed}, {count} orders of each kind");
    run(RandomScheduler::new_from_seed(seed, count), program);
    run(PctScheduler::new_from_seed(seed, DEPTH, count), program);
}

fn run(order: impl Order + 'static, program: fn()) {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.silence_warnings = true;
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(order, config).run(program);
}

/// A scheduler that does the same again in the same order of steps.
fn scheduler(workers: usize) -> Scheduler {
    let builder = Scheduler::builder().worker_threads(workers).seed(7);
    builder.thread_stack_size(STACK).build().expect("shuttle refuses no thread")
}

/// Something that one task sets and another waits for.
#[derive(Default)]
struct Flag {
    inner: Mutex<(bool, Option<Waker>)>,
}

impl Flag {
    fn set(&self) {
        let waker = {
            let mut inner = self.inner.lock().unwrap();
            inner.0 = true;
            inner.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut inner = self.inner.lock().unwrap();
            if inner.0 {
                return Poll::Ready(());
            }
            let before = inner.1.replace(waker);
            drop(inner);
            drop(before);
            Poll::Pending
        })
        .await;
    }
}

fn tasks_wake_each_other() {
    let scheduler = scheduler(2);
    let flags: [Arc<Flag>; 2] = Default::default();
    let (first, second) = (flags[0].clone(), flags[1].clone());
    let one = scheduler.spawn(async move {
        first.wait().await;
        second.set();
        1
    });
    let (first, second) = (flags[0].clone(), flags[1].clone());
    let two = scheduler.spawn(async move {
        first.set();
        second.wait().await;
        2
    });
    let sum = scheduler.block_on(async { one.await.unwrap() + two.await.unwrap() });
    assert_eq!(sum, 3);
}

fn children_are_spawned_and_joined() {
    let scheduler = scheduler(2);
    let sum = scheduler.block_on(async {
        let parent = qi_shuttled::spawn(async {
            let quick = qi_shuttled::spawn(async { 1 });
            let slow = qi_shuttled::spawn(async {
                coop::yield_now().await;
                2
            });
            quick.join().await.unwrap() + slow.await.unwrap()
        });
        parent.join().await.unwrap()
    });
    assert_eq!(sum, 3);
}

fn work_comes_from_outside_to_workers_that_fall_asleep() {
    let scheduler = Arc::new(scheduler(2));
    let done = Arc::new(AtomicUsize::new(0));
    let threads = [TaskPriority::Normal, TaskPriority::High].map(|lane| {
        let (scheduler, done) = (scheduler.clone(), done.clone());
        shuttle::thread::spawn(move || {
            let task = scheduler.spawn_with_priority(
                async move {
                    done.fetch_add(1, SeqCst);
                },
                lane,
            );
            scheduler.block_on(task).unwrap();
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(done.load(SeqCst), 2);
}

fn a_task_is_cancelled_while_it_is_woken() {
    let scheduler = scheduler(2);
    let flag = Arc::new(Flag::default());
    let waits = flag.clone();
    let task = scheduler.spawn(async move { waits.wait().await });
    let watch = task.abort_handle();
    let other = scheduler.spawn(async move { flag.set() });
    // It may have ended before.
    let _ = watch.cancel();
    let ended = scheduler.block_on(task);
    assert!(ended.is_ok() || ended.unwrap_err().is_cancelled());
    scheduler.block_on(other).unwrap();
}

fn the_scheduler_ends_while_tasks_wait() {
    let scheduler = scheduler(2);
    let flag = Arc::new(Flag::default());
    let waits = flag.clone();
    let task = scheduler.spawn(async move { waits.wait().await });
    drop(scheduler);
    assert!(task.is_finished(), "a task outlives its scheduler");
    assert_eq!(Arc::strong_count(&flag), 1, "a future outlives its scheduler");
}

#[test]
fn tasks_that_wake_each_other_end_in_every_order() {
    explore("tasks_wake_each_other", tasks_wake_each_other);
}

#[test]
fn children_end_before_who_joins_them_in_every_order() {
    explore("children_are_spawned_and_joined", children_are_spawned_and_joined);
}

#[test]
fn work_from_outside_reaches_a_worker_in_every_order() {
    explore("work_from_outside", work_comes_from_outside_to_workers_that_fall_asleep);
}

#[test]
fn a_cancelled_task_ends_in_every_order() {
    explore("a_task_is_cancelled", a_task_is_cancelled_while_it_is_woken);
}

#[test]
fn a_scheduler_ends_in_every_order() {
    explore("the_scheduler_ends", the_scheduler_ends_while_tasks_wait);
}
