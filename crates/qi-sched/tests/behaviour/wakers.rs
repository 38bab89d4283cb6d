//! Wakers: none is lost, late ones do nothing, and they may outlive everything.
#![forbid(unsafe_code)]

use crate::support::{Event, on_one_and_four, until, watched};
use qi_sched::{Scheduler, coop};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};

#[test]
fn wake_after_completion_is_a_no_op() {
    on_one_and_four(|scheduler| {
        let (event, polls) = (Event::default(), Arc::new(AtomicUsize::new(0)));
        let (waited_for, counted) = (event.clone(), polls.clone());
        let task = scheduler.spawn(async move {
            let mut first = true;
            poll_fn(|cx| {
                counted.fetch_add(1, SeqCst);
                let mut wait = std::pin::pin!(waited_for.wait());
                let _ = wait.as_mut().poll(cx);
                if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        });
        until(|| event.waiting() == 1);
        let wakers = event.take_wakers();
        wakers[0].wake_by_ref();
        scheduler.block_on(task).unwrap();
        for _ in 0..10 {
            wakers[0].wake_by_ref();
        }
        wakers.into_iter().for_each(Waker::wake);
        event.take_wakers().into_iter().for_each(Waker::wake);
        assert_eq!(polls.load(SeqCst), 2);
    });
}

#[test]
fn a_waker_may_outlive_the_scheduler() {
    watched(|| {
        let held = Arc::new(());
        let waker = {
            let held = held.clone();
            let builder = Scheduler::builder().worker_threads(2);
            let around = move |life: &mut dyn FnMut()| {
                let _held = &held;
                life();
            };
            let scheduler = builder.around_thread(around).build().unwrap();
            let event = Event::default();
            let waited_for = event.clone();
            drop(scheduler.spawn(async move { waited_for.wait().await }));
            until(|| event.waiting() == 1);
            let waker = event.take_wakers().remove(0);
            scheduler.shutdown().unwrap();
            waker
        };
        waker.wake_by_ref();
        let another = waker.clone();
        waker.wake();
        assert!(another.will_wake(&another.clone()));
        drop(another);
        until(|| Arc::strong_count(&held) == 1);
    });
}

#[test]
fn a_task_that_wakes_itself_during_its_poll_is_polled_again() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async {
            let mut polls = 0;
            poll_fn(move |cx| {
                polls += 1;
                if polls == 100 {
                    return Poll::Ready(polls);
                }
                if polls % 2 == 0 {
                    cx.waker().wake_by_ref();
                } else {
                    let owned = cx.waker().clone();
                    owned.wake();
                }
                Poll::Pending
            })
            .await
        });
        assert_eq!(scheduler.block_on(task).unwrap(), 100);
    });
}

#[test]
fn wakes_from_foreign_threads_are_not_lost() {
    on_one_and_four(|scheduler| {
        let events: Vec<Event> = (0..500).map(|_| Event::default()).collect();
        let tasks: Vec<_> = events
            .iter()
            .map(|event| {
                let event = event.clone();
                scheduler.spawn(async move { event.wait().await })
            })
            .collect();
        std::thread::scope(|threads| {
            for half in events.chunks(250) {
                threads.spawn(|| half.iter().for_each(Event::set));
            }
        });
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
    });
}

#[test]
fn many_wakes_of_a_queued_task_make_one_poll() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let (polls, waited_for) = (Arc::new(AtomicUsize::new(0)), event.clone());
        let counted = polls.clone();
        let task = scheduler.spawn(async move {
            let mut wait = std::pin::pin!(waited_for.wait());
            poll_fn(|cx| {
                counted.fetch_add(1, SeqCst);
                wait.as_mut().poll(cx)
            })
            .await;
        });
        until(|| event.waiting() == 1);
        let waker = event.take_wakers().remove(0);
        let before = polls.load(SeqCst);
        for _ in 0..1000 {
            waker.wake_by_ref();
        }
        event.set();
        waker.wake();
        scheduler.block_on(task).unwrap();
        assert!(polls.load(SeqCst) > before);
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn a_yield_inside_a_select_of_ready_things_leaves_no_mark() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async {
            let mut yielded = std::pin::pin!(coop::yield_now());
            poll_fn(|cx| {
                let _ = yielded.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
        });
        scheduler.block_on(task).unwrap();
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}
