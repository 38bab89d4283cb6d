//! Panics of user code end the task, and nothing else.
#![forbid(unsafe_code)]

use crate::support::{Bomb, Drops, Event, on, on_one_and_four, until, watched};
use qi_sched::{JoinError, PanicPolicy, SchedState, Scheduler, TaskStatus};
use std::future::{Future, poll_fn};
use std::pin::pin;

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

fn assert_panicked<T>(result: Result<T, JoinError>, text: &str) {
    let Err(error) = result else { panic!("the task did not panic") };
    assert!(error.is_panic());
    assert!(error.to_string().contains(text), "{error}");
    assert!(error.message_zh().contains(text));
    let payload = error.into_panic();
    let constant = payload.downcast_ref::<&str>().copied();
    assert_eq!(constant.or(payload.downcast_ref::<String>().map(String::as_str)), Some(text));
}

fn still_works(scheduler: &Scheduler) {
    let workers = scheduler.stats().worker_threads;
    let tasks: Vec<_> = (0..8 * workers).map(|n| scheduler.spawn(async move { n })).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(scheduler.block_on(task).unwrap(), n);
    }
}

#[test]
fn a_panic_in_poll_ends_the_task_as_failed() {
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let probe = drops.probe();
        let task = scheduler.spawn(async move {
            let _probe = probe;
            panic!("in poll");
        });
        let watch = task.abort_handle();
        assert_panicked::<()>(scheduler.block_on(task), "in poll");
        assert_eq!((watch.status(), drops.count()), (TaskStatus::Failed, 1));
        still_works(scheduler);
    });
}

#[test]
fn a_panic_in_the_drop_of_a_finished_future_fails_the_task() {
    on_one_and_four(|scheduler| {
        struct Ready(#[expect(dead_code, reason = "for its drop")] Bomb);
        impl Future for Ready {
            type Output = u8;
            fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
                Poll::Ready(1)
            }
        }
        let task = scheduler.spawn(Ready(Bomb("in drop after ready")));
        assert_panicked(scheduler.block_on(task), "in drop after ready");
        still_works(scheduler);
    });
}

#[test]
fn a_panic_in_the_drop_of_a_cancelled_future_fails_the_task() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move {
            let _bomb = Bomb("in drop");
            waited_for.wait().await;
        });
        until(|| event.waiting() == 1);
        task.cancel().unwrap();
        let watch = task.abort_handle();
        assert_panicked(scheduler.block_on(task), "in drop");
        assert_eq!(watch.status(), TaskStatus::Failed);
        still_works(scheduler);
    });
}

#[test]
fn a_panic_in_poll_and_another_in_drop_leave_the_first() {
    struct Twice;
    impl Future for Twice {
        type Output = ();
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("first");
        }
    }
    impl Drop for Twice {
        fn drop(&mut self) {
            panic!("second");
        }
    }
    on_one_and_four(|scheduler| {
        assert_panicked(scheduler.block_on(scheduler.spawn(Twice)), "first");
        still_works(scheduler);
    });
}

#[test]
fn a_panic_in_the_drop_of_an_unwanted_output_is_contained() {
    on_one_and_four(|scheduler| {
        // By the completer: the handle is gone.
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move {
            waited_for.wait().await;
            Bomb("output of a detached task")
        });
        let watch = task.abort_handle();
        until(|| event.waiting() == 1);
        drop(task);
        event.set();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), TaskStatus::Completed);
        // By the handle: the task has ended before.
        let task = scheduler.spawn(async { Bomb("output dropped by the handle") });
        until(|| task.is_finished());
        drop(task);
        still_works(scheduler);
    });
}

#[test]
fn a_panic_in_the_joiners_waker_does_not_harm_the_worker() {
    struct Explosive;
    impl Wake for Explosive {
        fn wake(self: Arc<Self>) {
            panic!("in the waker");
        }
    }
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let mut task = scheduler.spawn(async move { waited_for.wait().await });
        let waker = Waker::from(Arc::new(Explosive));
        assert!(pin!(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
        until(|| event.waiting() == 1);
        event.set();
        until(|| task.is_finished());
        assert_eq!(task.status(), TaskStatus::Completed);
        scheduler.block_on(task).unwrap();
        still_works(scheduler);
    });
}

#[test]
fn a_panic_in_a_pinned_closure_and_in_a_blocking_call_fails_the_task() {
    on_one_and_four(|scheduler| {
        let pinned = scheduler.handle().spawn_pinned(|| {
            if true {
                panic!("in the closure");
            }
            async {}
        });
        assert_panicked(scheduler.block_on(pinned), "in the closure");
        let call = scheduler.handle().spawn_blocking(|| -> u8 { panic!("in the call") });
        assert_panicked(scheduler.block_on(call), "in the call");
        still_works(scheduler);
    });
}

#[test]
fn a_panic_of_a_child_run_in_place_stays_in_the_child() {
    on_one_and_four(|scheduler| {
        let parent = scheduler.spawn(async {
            let child = qi_sched::spawn(async { panic!("child") });
            assert_panicked::<()>(child.join().await, "child");
            "parent"
        });
        assert_eq!(scheduler.block_on(parent).unwrap(), "parent");
    });
}

#[test]
fn a_payload_that_is_no_text_is_handed_on() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async { std::panic::panic_any(17_u64) });
        let error: JoinError = scheduler.block_on(task).unwrap_err();
        assert!(!error.to_string().is_empty());
        assert_eq!(*error.try_into_panic().unwrap().downcast::<u64>().unwrap(), 17);
    });
}

#[test]
fn a_panic_out_of_block_on_inside_a_task_leaves_the_thread_in_order() {
    on_one_and_four(|scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn(async move {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                handle.block_on(async { panic!("in the root future") })
            }));
            assert!(caught.is_err());
            // The budget is this task's again: the loop below must suspend.
            let mut suspended = false;
            poll_fn(|cx| {
                if suspended {
                    return Poll::Ready(());
                }
                for _ in 0..100_000 {
                    match qi_sched::coop::poll_proceed(cx) {
                        Poll::Ready(progress) => progress.made_progress(),
                        Poll::Pending => {
                            suspended = true;
                            return Poll::Pending;
                        }
                    }
                }
                Poll::Ready(())
            })
            .await;
            suspended
        });
        assert!(scheduler.block_on(task).unwrap(), "the budget was not given back");
        still_works(scheduler);
    });
}

#[test]
fn the_policy_shutdown_ends_the_scheduler_after_a_panic() {
    let builder = Scheduler::builder().worker_threads(2).panic_policy(PanicPolicy::Shutdown);
    on(builder, |scheduler| {
        let event = Event::default();
        let waiting = scheduler.spawn(async move { event.wait().await });
        let task = scheduler.spawn(async { panic!("the policy is to shut down") });
        assert!(scheduler.block_on(task).unwrap_err().is_panic());
        assert!(scheduler.block_on(waiting).unwrap_err().is_cancelled());
        until(|| scheduler.handle().state() == SchedState::Stopped);
    });
}

#[test]
fn the_policy_abort_ends_the_process() {
    const CHILD: &str = "QI_TEST_ABORTS";
    if std::env::var_os(CHILD).is_some() {
        let builder = Scheduler::builder().worker_threads(1).panic_policy(PanicPolicy::Abort);
        let scheduler = builder.build().unwrap();
        let _ = scheduler.block_on(scheduler.spawn(async { panic!("the policy is to abort") }));
        // The joiner may learn of the end a moment before the process does.
        loop {
            std::thread::park();
        }
    }
    watched(|| {
        let output = qi_test_kit::own_program()
            .args(["--exact", "panicking::the_policy_abort_ends_the_process", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("panic policy is to abort"), "{text}");
    });
}
