//! Sets of tasks: order of ends, cancelling, limits, all ways of adding and taking.
#![forbid(unsafe_code)]

use crate::support::{Event, eventually, in_a_task, is_over, on_one_and_four, until, watched};
use futures_util::stream::Stream;
use qi_sched::{Scheduler, Stepper, TaskHandle, TaskPriority, coop, spawn};
use qi_scope::JoinSet;
use qi_test_kit::{DropAtEveryPoll, Ledger, Token, poll_once};
use std::cell::RefCell;
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

#[test]
fn results_come_in_the_order_in_which_the_tasks_end() {
    in_a_task(|| async {
        let events: Vec<Event> = (0..5).map(|_| Event::default()).collect();
        let mut set = JoinSet::new();
        for (number, event) in events.iter().enumerate() {
            let event = event.wait();
            set.spawn(async move {
                event.await;
                number
            });
        }
        for number in [3, 0, 4, 1, 2] {
            assert!(poll_once(pin!(set.join_next())).is_pending());
            events[number].set();
            assert_eq!(set.join_next().await.unwrap().unwrap(), number);
        }
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn adding_and_taking_alternate() {
    in_a_task(|| async {
        let mut set = JoinSet::new();
        assert_eq!(set.len(), 0);
        set.spawn(async {});
        set.spawn(async {});
        for _ in 0..16 {
            assert_eq!(set.len(), 2);
            set.join_next().await.unwrap().unwrap();
            assert_eq!(set.len(), 1);
            set.spawn(async {});
        }
        assert!(!set.is_empty());
        assert_eq!(set.join_all().await.len(), 2);
    });
}

#[test]
fn trying_gives_what_has_ended_and_does_not_wait() {
    in_a_task(|| async {
        let go = Event::default();
        let mut set = JoinSet::new();
        assert!(set.try_join_next().is_none(), "it is empty");
        let aborts: Vec<_> = (0..300).map(|number| set.spawn(async move { number })).collect();
        let waited = go.wait();
        set.spawn(async move {
            waited.await;
            1_000
        });
        eventually(|| aborts.iter().all(|abort| is_over(abort.status()))).await;
        // More than a budget, in one poll.
        let mut seen = HashSet::new();
        while let Some(result) = set.try_join_next() {
            seen.insert(result.unwrap());
        }
        assert_eq!(seen.len(), 300);
        assert_eq!(set.len(), 1);
        go.set();
        let (id, result) = set.join_next_with_id().await.unwrap();
        assert_eq!(result.unwrap(), 1_000);
        assert!(aborts.iter().all(|abort| abort.id() != id));
    });
}

#[test]
fn dropping_the_set_cancels_its_tasks() {
    on_one_and_four(|scheduler| {
        let ledger = Ledger::new();
        let begun = Arc::new(AtomicUsize::new(0));
        let mut set = JoinSet::new();
        for number in 0..10 {
            let (token, begun) = (ledger.token(number), begun.clone());
            let work = async move {
                begun.fetch_add(1, SeqCst);
                pending::<()>().await;
                drop(token);
            };
            set.spawn_on(work, scheduler.handle());
        }
        until(|| begun.load(SeqCst) == 10);
        drop(set);
        until(|| ledger.alive() == 0);
        until(|| scheduler.stats().cancelled_tasks == 10);
    });
}

#[test]
fn detached_tasks_go_on() {
    on_one_and_four(|scheduler| {
        let (go, ended) = (Event::default(), Arc::new(AtomicUsize::new(0)));
        let mut set = JoinSet::new();
        for _ in 0..5 {
            let (waited, ended) = (go.wait(), ended.clone());
            let work = async move {
                waited.await;
                ended.fetch_add(1, SeqCst);
            };
            set.spawn_on(work, scheduler.handle());
        }
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        go.set();
        until(|| ended.load(SeqCst) == 5);
    });
}

#[test]
fn aborted_tasks_are_joined_as_cancelled_and_the_others_as_they_are() {
    in_a_task(|| async {
        let go = Event::default();
        let mut set = JoinSet::new();
        let mut kept = HashSet::new();
        for number in 0..16 {
            let waited = go.wait();
            let abort = set.spawn(async move {
                waited.await;
                number
            });
            if number % 2 == 0 {
                kept.insert(abort.id());
            } else {
                abort.cancel().unwrap();
            }
        }
        go.set();
        let (mut finished, mut cancelled) = (0, 0);
        while let Some((id, result)) = set.join_next_with_id().await {
            match result {
                Ok(number) => {
                    assert!(number % 2 == 0 && kept.contains(&id));
                    finished += 1;
                }
                Err(error) => {
                    assert!(error.is_cancelled() && error.task_id() == id);
                    assert!(!kept.contains(&id));
                    cancelled += 1;
                }
            }
        }
        assert_eq!((finished, cancelled), (8, 8));
    });
}

#[test]
fn all_are_aborted_but_stay_until_they_are_taken() {
    in_a_task(|| async {
        let mut set = JoinSet::new();
        for _ in 0..10 {
            set.spawn(pending::<()>());
        }
        set.abort_all();
        assert_eq!(set.len(), 10);
        let results = set.join_all().await;
        assert_eq!(
            results.iter().filter(|r| r.as_ref().is_err_and(|e| e.is_cancelled())).count(),
            10
        );
    });
}

#[test]
fn shutting_down_waits_until_every_future_is_gone() {
    in_a_task(|| async {
        let ledger = Ledger::new();
        let mut set = JoinSet::new();
        for number in 0..10 {
            let token = ledger.token(number);
            set.spawn(async move {
                pending::<()>().await;
                drop(token);
            });
        }
        coop::yield_now().await;
        set.shutdown().await;
        ledger.assert_all_dropped();
        assert!(set.is_empty());
    });
}

#[test]
fn joining_all_gives_every_result_panics_too() {
    in_a_task(|| async {
        let mut set: JoinSet<u32> = (0..3).map(|number| async move { number }).collect();
        set.spawn(async { panic!("one of them") });
        let results = set.join_all().await;
        assert_eq!(results.iter().flatten().sum::<u32>(), 3);
        let failed: Vec<_> = results.iter().filter(|result| result.is_err()).collect();
        assert!(failed.len() == 1 && failed[0].as_ref().unwrap_err().is_panic());
    });
}

#[test]
fn trying_to_join_all_cancels_the_rest_at_the_first_panic() {
    in_a_task(|| async {
        let ledger = Ledger::new();
        let mut set = JoinSet::new();
        for number in 0..5 {
            let token = ledger.token(number);
            set.spawn(async move {
                pending::<()>().await;
                drop(token);
            });
        }
        set.spawn(async { panic!("one of them") });
        assert!(set.try_join_all().await.unwrap_err().is_panic());
        ledger.assert_all_dropped();
        let set: JoinSet<u32> = (0..10).map(|number| async move { number }).collect();
        assert_eq!(set.try_join_all().await.unwrap().into_iter().sum::<u32>(), 45);
    });
}

#[test]
fn tasks_of_every_kind_are_members() {
    in_a_task(|| async {
        let handle = qi_sched::Handle::current();
        let mut set = JoinSet::new();
        set.spawn_blocking(|| "call");
        set.spawn_local(async { "local" }).unwrap();
        set.insert(handle.spawn_pinned(|| async { "pinned" }));
        set.build_task().name("named").priority(TaskPriority::High).spawn(async { "urgent" });
        set.build_task().name("named").spawn_blocking(|| "named call");
        let mut all: Vec<_> = set.join_all().await.into_iter().map(Result::unwrap).collect();
        all.sort_unstable();
        assert_eq!(all, ["call", "local", "named call", "pinned", "urgent"]);
    });
}

#[test]
fn members_remember_name_and_place_of_spawning() {
    on_one_and_four(|scheduler| {
        let mut set = JoinSet::new();
        set.build_task().name("member").on(scheduler.handle()).spawn(pending::<()>());
        let task = scheduler.stats().tasks().into_iter().next().unwrap();
        assert_eq!(task.name.as_deref(), Some("member"));
        assert!(task.location.file().ends_with("join_set.rs"), "{}", task.location);
        let line = line!() + 1;
        set.spawn_on(pending(), scheduler.handle());
        assert!(scheduler.stats().tasks().iter().any(|task| task.location.line() == line));
    });
}

#[test]
fn a_set_is_a_stream() {
    in_a_task(|| async {
        let mut set: JoinSet<u32> = (0..4).map(|number| async move { number }).collect();
        set.extend((4..8).map(|number| async move { number }));
        assert_eq!(set.size_hint(), (8, Some(8)));
        let mut sum = 0;
        while let Some(number) = poll_fn(|cx| Pin::new(&mut set).poll_next(cx)).await {
            sum += number.unwrap();
        }
        assert_eq!(sum, 28);
    });
}

#[test]
fn tasks_of_a_scheduler_that_has_ended_are_joined_as_cancelled() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        let mut set = JoinSet::new();
        set.spawn_on(pending::<()>(), scheduler.handle());
        scheduler.shutdown().unwrap();
        set.spawn_on(pending::<()>(), scheduler.handle());
        for _ in 0..2 {
            let result = scheduler.block_on(set.join_next());
            assert!(result.unwrap().unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_task_that_takes_results_without_waiting_lets_others_run() {
    on_one_and_four(|scheduler| {
        let other = Arc::new(AtomicUsize::new(0));
        let counted = other.clone();
        let task = scheduler.spawn(async move {
            let mut set: JoinSet<()> = (0..1_000).map(|_| async {}).collect();
            set.join_next().await;
            // All have ended, or will while others run; a task that never waited would starve this one.
            let seen = spawn(async move { counted.fetch_add(1, SeqCst) });
            while set.join_next().await.is_some() {}
            drop(seen);
        });
        scheduler.block_on(task).unwrap();
        until(|| other.load(SeqCst) == 1);
    });
}

#[test]
fn each_end_costs_one_poll_however_many_members_there_are() {
    // The handles are not to be seen from outside, so what is counted is how often waiting for the
    // set is woken: once for each member that ends, and no more.
    let stepper = Scheduler::builder().worker_threads(1).build_stepper().unwrap();
    let mut set = JoinSet::new();
    let events: Vec<Event> = (0..500).map(|_| Event::default()).collect();
    for event in &events {
        set.spawn_on(event.wait(), stepper.handle());
    }
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let waiting: TaskHandle<()> = stepper.handle().spawn(async move {
        poll_fn(|cx| {
            counted.fetch_add(1, SeqCst);
            loop {
                match set.poll_join_next(cx) {
                    Poll::Ready(Some(result)) => result.unwrap(),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    });
    let settle = || while stepper.step(0) == qi_sched::StepOutcome::Worked {};
    settle();
    let before = polls.load(SeqCst);
    for event in &events {
        event.set();
        settle();
    }
    assert!(waiting.is_finished());
    assert_eq!(polls.load(SeqCst) - before, 500);
}

#[test]
fn a_limit_lets_so_many_run_and_the_others_without_being_polled() {
    on_one_and_four(|scheduler| {
        let (running, most, ended) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut set = JoinSet::with_limit(3);
        for _ in 0..50 {
            let (running, most, ended) = (running.clone(), most.clone(), ended.clone());
            let work = async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                for _ in 0..3 {
                    coop::yield_now().await;
                }
                running.fetch_sub(1, SeqCst);
                ended.fetch_add(1, SeqCst);
            };
            set.spawn_on(work, scheduler.handle());
        }
        until(|| ended.load(SeqCst) == 50);
        assert_eq!(most.load(SeqCst), 3);
        assert_eq!(scheduler.block_on(set.join_all()).len(), 50);
    });
}

#[test]
fn under_a_limit_cancelled_and_panicked_tasks_make_room() {
    in_a_task(|| async {
        let mut set = JoinSet::with_limit(1);
        let first = set.spawn(pending::<u32>());
        set.spawn(async { panic!("the second") });
        let third = set.spawn(pending());
        set.spawn(async { 4 });
        third.cancel().unwrap();
        first.cancel().unwrap();
        let mut results = set.join_all().await;
        results.retain(Result::is_ok);
        assert_eq!(results.len(), 1);
    });
}

#[test]
#[should_panic(expected = "nothing may run")]
fn a_limit_of_zero_is_refused() {
    let _ = JoinSet::<()>::with_limit(0);
}

/// A stepped scheduler with two tasks in a set, each of which suspends once.
struct World {
    stepper: Stepper,
    set: RefCell<JoinSet<Token>>,
    ledger: Ledger,
}

impl World {
    fn new() -> Self {
        let stepper = Scheduler::builder().worker_threads(1).build_stepper().unwrap();
        let ledger = Ledger::new();
        let mut set = JoinSet::new();
        for number in 0..2 {
            let token = ledger.token(number);
            let work = async move {
                coop::yield_now().await;
                token
            };
            set.spawn_on(work, stepper.handle());
        }
        Self { stepper, set: RefCell::new(set), ledger }
    }
}

#[test]
#[allow(clippy::await_holding_refcell_ref, reason = "nobody else borrows it meanwhile")]
fn joining_dropped_at_every_poll_loses_no_result() {
    let summary = DropAtEveryPoll::new(World::new)
        .may_keep_wakers() // The set keeps the last one until it is polled again.
        .steps(5, |world, _| {
            world.stepper.step(0);
        })
        .run(
            |world| Box::pin(async { world.set.borrow_mut().join_next().await }),
            |world, run| {
                let taken = run.output.map(|result| result.unwrap().unwrap());
                let mut rest = Vec::new();
                while let Some(result) = world.set.borrow_mut().try_join_next() {
                    rest.push(result.unwrap());
                }
                assert_eq!(rest.len() + usize::from(taken.is_some()), 2);
                assert_eq!(world.ledger.alive(), 2);
            },
        );
    assert!(summary.dropped > 10 && summary.completed > 1, "{summary:?}");
}

#[test]
#[allow(clippy::await_holding_refcell_ref, reason = "nobody else borrows it meanwhile")]
fn shutting_down_dropped_at_every_poll_leaves_nothing_running() {
    DropAtEveryPoll::new(World::new)
        .may_keep_wakers() // As above.
        .steps(5, |world, _| {
            world.stepper.step(0);
        })
        .run(
            |world| Box::pin(async { world.set.borrow_mut().shutdown().await }),
            |world, run| {
                if run.polls > 0 {
                    let set = world.set.borrow();
                    let stats = world.stepper.handle().stats();
                    assert_eq!(stats.active_tasks, 0);
                    assert!(!run.is_complete() || set.is_empty());
                }
            },
        );
}
