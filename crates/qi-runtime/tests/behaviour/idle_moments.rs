//! No idle moment of a paused runtime is missed, and none is taken for idle in which wakes are on
//! their way.

use crate::support::{Event, until, watched};
use qi_runtime::time::{Duration, Instant, TestClock, sleep};
use qi_runtime::{AsyncRuntime, TaskStatus};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};

const HOUR: Duration = Duration::from_secs(3600);

fn runtime(clock: &TestClock, workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).test_clock(clock).build().expect("in range")
}

/// Runs a test with a clock, on one worker and on four.
fn on_a(clock: fn() -> TestClock, test: fn(AsyncRuntime, TestClock)) {
    for workers in [1, 4] {
        watched(move || {
            let clock = clock();
            test(runtime(&clock, workers), clock);
        });
    }
}

/// A task that sleeps for an hour, and is in it.
fn sleeper(runtime: &AsyncRuntime) -> qi_runtime::TaskHandle<()> {
    let task = runtime.spawn(async { sleep(HOUR).await });
    until(|| task.status() == TaskStatus::Waiting);
    task
}

/// Waits for a task in a `block_on` on another thread while `code` runs here, afterwards.
fn while_it_waits(
    runtime: AsyncRuntime,
    task: qi_runtime::TaskHandle<()>,
    code: impl FnOnce(&AsyncRuntime),
) {
    let runtime = Arc::new(runtime);
    let (polled, waits) = channel();
    let waiter = {
        let runtime = runtime.clone();
        std::thread::spawn(move || {
            let mut task = pin!(task);
            runtime.block_on(std::future::poll_fn(|cx| {
                let ended = task.as_mut().poll(cx);
                let _ = polled.send(());
                ended.map(|ended| ended.expect("it ends"))
            }));
        })
    };
    waits.recv().expect("it is polled");
    code(&runtime);
    waiter.join().expect("it ends");
}

/// Long enough for others to fall asleep, mostly. If not, the test finds less, and fails no more.
fn give_the_others_time() {
    let real = std::time::Instant::now();
    until(|| real.elapsed() >= Duration::from_millis(5));
}

#[test]
fn a_clock_that_is_paused_from_outside_while_all_sleep_jumps() {
    on_a(TestClock::new, |runtime, clock| {
        let task = sleeper(&runtime);
        while_it_waits(runtime, task, |_| {
            give_the_others_time();
            clock.pause();
        });
    });
}

#[test]
fn a_clock_that_may_jump_again_does_so_while_all_sleep() {
    on_a(TestClock::paused, |runtime, clock| {
        clock.set_auto_advance(false);
        let task = sleeper(&runtime);
        while_it_waits(runtime, task, |_| {
            give_the_others_time();
            clock.set_auto_advance(true);
        });
    });
}

#[test]
fn the_last_runtime_left_on_a_clock_has_it_jump_again() {
    on_a(TestClock::paused, |first, clock| {
        let second = runtime(&clock, 1);
        let task = sleeper(&first);
        while_it_waits(first, task, |_| {
            give_the_others_time();
            // Shut down, and not dropped.
            second.shutdown().expect("nothing is stuck");
        });
        drop(second);
    });
}

#[test]
fn a_block_on_inside_of_another_sleeps_in_no_time() {
    on_a(TestClock::paused, |runtime, clock| {
        let begun = clock.now();
        runtime.block_on(async { runtime.block_on(async { sleep(HOUR).await }) });
        assert_eq!(clock.now() - begun, HOUR);
    });
}

#[test]
fn a_block_on_inside_of_a_blocking_call_sleeps_in_no_time() {
    on_a(TestClock::paused, |runtime, clock| {
        let begun = clock.now();
        let handle = runtime.handle().clone();
        let call = runtime.spawn_blocking(move || handle.block_on(async { sleep(HOUR).await }));
        runtime.block_on(call).expect("it ends");
        assert_eq!(clock.now() - begun, HOUR);
    });
}

#[test]
fn a_block_on_inside_of_a_task_of_another_runtime_sleeps_in_no_time() {
    on_a(TestClock::paused, |runtime, clock| {
        let begun = clock.now();
        let handle = runtime.handle().clone();
        let other = AsyncRuntime::builder().worker_threads(1).build().expect("in range");
        let task = other.spawn(async move {
            handle.block_on(async {
                sleep(HOUR).await;
                handle.block_on(async { sleep(HOUR).await });
            });
        });
        other.block_on(task).expect("it ends");
        assert_eq!(clock.now() - begun, HOUR * 2);
    });
}

#[test]
fn a_timer_that_wakes_nobody_does_not_hold_time_up() {
    on_a(TestClock::paused, |runtime, clock| {
        let begun = clock.now();
        runtime.block_on(async {
            let mut ignored = pin!(sleep(HOUR));
            let polled = ignored.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(polled, Poll::Pending);
            // So that this thread is the last one to fall asleep, mostly.
            give_the_others_time();
            sleep(HOUR * 2).await;
        });
        assert_eq!(clock.now() - begun, HOUR * 2);
    });
}

#[test]
fn a_graceful_shutdown_waits_for_sleeps_in_no_time() {
    on_a(TestClock::paused, |runtime, _clock| {
        let task = sleeper(&runtime);
        let report = runtime.shutdown_graceful(Duration::MAX);
        assert_eq!((report.completed, report.cancelled), (1, 0));
        drop(task);
    });
}

/// A waker that takes its time, as a thread does that the system has set aside.
struct Slow {
    clock: TestClock,
    due: Instant,
    woken: Event,
    too_late: AtomicBool,
}

impl Wake for Slow {
    fn wake(self: Arc<Self>) {
        let real = std::time::Instant::now();
        until(|| real.elapsed() >= Duration::from_millis(20));
        self.too_late.store(self.clock.now() != self.due, SeqCst);
        self.woken.set();
    }
}

#[test]
fn the_clock_does_not_jump_while_a_move_by_hand_wakes_those_whose_time_has_come() {
    on_a(TestClock::paused, |runtime, clock| {
        clock.set_auto_advance(false);
        let slow = Arc::new(Slow {
            clock: clock.clone(),
            due: clock.now() + HOUR,
            woken: Event::new(),
            too_late: AtomicBool::new(false),
        });
        let (waker, woken) = (Waker::from(slow.clone()), slow.woken.clone());
        let task = runtime.spawn(async move {
            let mut hour = pin!(sleep(HOUR));
            assert!(hour.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            let mut second = pin!(sleep(HOUR * 2));
            // Its timer is set.
            let polled = std::future::poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            woken.await;
        });
        until(|| task.status() == TaskStatus::Waiting);
        while_it_waits(runtime, task, |runtime| {
            let mover = clock.clone();
            let moving = std::thread::spawn(move || mover.advance(HOUR));
            until(|| clock.now() == slow.due || slow.woken.is_set());
            clock.set_auto_advance(true);
            // Its end makes a worker look.
            drop(runtime.spawn(async {}));
            moving.join().expect("it ends");
        });
        assert!(!slow.too_late.load(SeqCst));
    });
}

#[test]
fn a_clock_that_runs_again_has_not_jumped() {
    on_a(TestClock::paused, |runtime, clock| {
        let begun = clock.now();
        let jumps = runtime.spawn(async {
            for _ in 0..2_000 {
                sleep(HOUR).await;
            }
        });
        while_it_waits(runtime, jumps, |_| {
            while clock.now() - begun < HOUR * 2_000 {
                clock.resume();
                // All of what is measured lies inside of what it is compared with.
                let (real, before) = (std::time::Instant::now(), clock.now());
                let moved = clock.now() - before;
                let most = real.elapsed();
                clock.pause();
                assert!(moved <= most, "it jumped by {moved:?} while it ran");
            }
        });
    });
}
