//! `select!` and `race!`: what is taken, what is dropped, fairness, conditions, patterns.
#![forbid(unsafe_code)]

use crate::support::{Event, in_a_task, on_one_and_four};
use qi_sched::coop;
use qi_scope::{race, select};
use qi_test_kit::{DropAtEveryPoll, Ledger, poll_once};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

#[test]
fn the_branch_that_is_ready_is_taken_and_the_others_are_dropped_before_its_body() {
    in_a_task(|| async {
        let ledger = Ledger::new();
        let (first, second) = (ledger.token(1), ledger.token(2));
        let got = select! {
            () = async { let _held = first; pending::<()>().await } => unreachable!(),
            number = async move { second.number() } => {
                ledger.assert_all_dropped();
                number
            }
        };
        assert_eq!(got, 2);
    });
}

#[test]
fn bodies_use_the_code_around_them() {
    async fn first_of(values: [Option<u32>; 2]) -> Result<u32, &'static str> {
        let mut rounds = 0;
        loop {
            rounds += 1;
            select! {
                value = ready(values[0]), if rounds == 1 => {
                    let Some(value) = value else { continue };
                    return Ok(value);
                }
                value = ready(values[1]), if rounds > 1 => break Ok(value.ok_or("none")? + rounds),
            }
        }
    }
    in_a_task(|| async {
        assert_eq!(first_of([Some(5), None]).await, Ok(5));
        assert_eq!(first_of([None, Some(5)]).await, Ok(7));
        assert_eq!(first_of([None, None]).await, Err("none"));
        // A body may await, and give a value.
        let text = select! {
            () = ready(()) => { coop::yield_now().await; "awaited" }
        };
        assert_eq!(text, "awaited");
    });
}

#[test]
fn patterns_of_every_shape_move_what_they_bind() {
    in_a_task(|| async {
        let owned = select! { text = ready(String::from("a")) => text };
        let mut changed = select! { mut text = ready(owned) => { text.push('b'); text } };
        changed = select! {
            Some(mut text) = ready(Some(changed)) => { text.push('c'); text }
            else => unreachable!(),
        };
        let (left, right) = select! {
            (left, Ok::<_, ()>(right)) = ready((changed, Ok(1))) => (left, right),
            else => unreachable!(),
        };
        assert_eq!((left.as_str(), right), ("abc", 1));
        let whole = select! {
            whole @ Err(_) = ready(Err::<(), _>(String::from("kept"))) => whole,
            else => unreachable!(),
        };
        assert_eq!(whole.unwrap_err(), "kept");
        let either = select! { 1 | 2 = ready(2) => "small", else => "large" };
        assert_eq!(either, "small");
        let borrowed = String::from("borrowed");
        let length = select! { text = ready(&borrowed) => text.len() };
        assert_eq!(length, borrowed.len());
    });
}

#[test]
fn an_output_that_does_not_match_disables_its_branch_and_the_others_go_on() {
    in_a_task(|| async {
        let event = Event::default();
        let wait = event.wait();
        let task = qi_sched::spawn(async move { event.set() });
        let got = select! {
            biased;
            Some(number) = ready(None::<u32>) => number,
            () = wait => 7,
        };
        assert_eq!(got, 7);
        task.await.unwrap();
        let got = select! {
            Some(number) = ready(None::<u32>) => number,
            Ok(number) = ready(Err::<u32, _>(())) => number,
            else => 9,
        };
        assert_eq!(got, 9);
    });
}

#[test]
#[should_panic(expected = "all branches of a select! are disabled")]
fn without_else_no_branch_left_is_a_panic() {
    let mut future = pin!(async {
        select! { () = ready(()), if false => {} }
    });
    let _ = poll_once(future.as_mut());
}

#[test]
fn a_disabled_branch_is_made_and_not_polled() {
    in_a_task(|| async {
        let (made, polled) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let make = || {
            made.fetch_add(1, SeqCst);
            async { polled.fetch_add(1, SeqCst) }
        };
        let got = select! { _ = make(), if false => 1, () = ready(()) => 2, };
        assert_eq!((got, made.load(SeqCst), polled.load(SeqCst)), (2, 1, 0));
    });
}

#[test]
fn conditions_are_looked_at_before_futures_borrow() {
    in_a_task(|| async {
        let mut numbers = vec![1];
        let got = select! {
            last = async { numbers.pop() } => last,
            () = pending(), if !numbers.is_empty() => None,
        };
        assert_eq!(got, Some(1));
    });
}

#[test]
fn every_ready_branch_is_taken_now_and_then_and_the_first_always_if_biased() {
    on_one_and_four(|scheduler| {
        let count = || async {
            let mut taken = [0; 3];
            for _ in 0..600 {
                select! {
                    () = ready(()) => taken[0] += 1,
                    () = ready(()) => taken[1] += 1,
                    () = ready(()) => taken[2] += 1,
                }
            }
            taken
        };
        for taken in
            [scheduler.block_on(scheduler.spawn(count())).unwrap(), scheduler.block_on(count())]
        {
            assert!(taken.iter().all(|taken| *taken > 0), "{taken:?}");
        }
        let biased = scheduler.block_on(async {
            select! { biased; number = ready(1) => number, number = ready(2) => number }
        });
        assert_eq!(biased, 1);
    });
}

#[test]
fn a_future_given_by_reference_goes_on_in_the_next_round() {
    in_a_task(|| async {
        let mut polls = 0;
        let mut slow = pin!(poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 5 { Poll::Ready(polls) } else { Poll::Pending }
        }));
        let mut rounds = 0;
        let polled = loop {
            select! {
                polls = &mut slow => break polls,
                () = coop::yield_now() => rounds += 1,
            }
        };
        assert!(polled == 5 && rounds >= 1, "{rounds} rounds");
    });
}

#[test]
fn many_branches_and_nested_ones() {
    in_a_task(|| async {
        let got = select! {
            () = pending() => 0, () = pending() => 1, () = pending() => 2, () = pending() => 3,
            () = pending() => 4, () = pending() => 5, () = pending() => 6, () = pending() => 7,
            () = pending() => 8, () = pending() => 9, () = pending() => 10, () = pending() => 11,
            number = async { select! { () = ready(()) => 12, () = pending() => 13 } } => number,
            () = pending() => 14, () = pending() => 15, () = pending() => 16,
        };
        assert_eq!(got, 12);
    });
}

#[test]
fn a_branch_that_spends_the_budget_does_not_keep_the_others_away() {
    on_one_and_four(|scheduler| {
        let (stop, stopped) = (Event::default(), Event::default());
        let (seen, tell) = (stop.wait(), stopped.clone());
        let task = scheduler.spawn(async move {
            let busy = async {
                loop {
                    coop::yield_now().await;
                }
            };
            select! { () = busy => {}, () = seen => tell.set() }
        });
        stop.set();
        scheduler.block_on(task).unwrap();
        assert!(stopped.is_set());
    });
}

#[test]
fn a_select_is_as_send_as_its_futures() {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    in_a_task(|| async {
        is_send(async {
            select! { _ = ready(5) => coop::yield_now().await, () = pending() => {} }
        })
        .await;
    });
}

#[test]
fn the_first_wins_the_race() {
    in_a_task(|| async {
        assert_eq!(race!(pending(), ready(5)), 5);
        assert_eq!(race!(biased; ready(1), ready(2), ready(3)), 1);
        assert_eq!(race!(async { "alone" }), "alone");
    });
}

#[test]
fn dropped_at_every_poll_it_keeps_nothing() {
    let summary = DropAtEveryPoll::new(|| (Ledger::new(), [Event::default(), Event::default()]))
        .may_keep_wakers() // The events of these tests forget no waiter.
        .steps(2, |(_, events), step| events[step].set())
        .run(
            |(ledger, events)| {
                Box::pin(async move {
                    let (first, second) = (ledger.token(0), ledger.token(1));
                    select! {
                        () = events[0].wait() => first.number(),
                        () = events[1].wait() => second.number(),
                    }
                })
            },
            |(ledger, _), run| {
                ledger.assert_all_dropped();
                assert!(run.output.is_none_or(|number| number < 2));
            },
        );
    assert!(summary.dropped > 3, "{summary:?}");
}

/// Not a future, but made into one.
struct Made;

impl std::future::IntoFuture for Made {
    type Output = u32;
    type IntoFuture = std::future::Ready<u32>;

    fn into_future(self) -> Self::IntoFuture {
        ready(5)
    }
}

#[test]
fn what_becomes_a_future_is_taken_and_temporaries_live_long_enough() {
    in_a_task(|| async {
        assert_eq!(select! { number = Made => number }, 5);
        assert_eq!(qi_scope::join!(Made, Made), (5, 5));
        select! { () = &mut ready(()) => {} }
        let () = qi_scope::join!(&mut ready(())).0;
    });
}

#[test]
fn names_of_the_user_are_not_hidden_by_names_of_the_macro() {
    in_a_task(|| async {
        const BRANCHES: u32 = 2;
        const FUTURES: u32 = 3;
        let (first, branches, output, futures) = (10, 20, 30, 40);
        let sum = select! {
            number = ready(BRANCHES + FUTURES + first + branches + futures + output) => number,
        };
        assert_eq!(sum, 105);
        let joined = qi_scope::join!(ready(FUTURES + futures), ready(first));
        assert_eq!(joined, (43, 10));
    });
}

#[test]
fn only_an_else_is_just_run() {
    in_a_task(|| async {
        assert_eq!(select! { else => 1 }, 1);
        assert_eq!(select! { biased; else => 2, }, 2);
    });
}

#[test]
fn bodies_borrow_what_the_futures_had_borrowed() {
    in_a_task(|| async {
        let mut value = 5;
        let change = async |value: &mut i32| *value += 1;
        select! {
            biased;
            () = change(&mut value), if false => {}
            () = ready(()) => value += 10,
            else => value += 100,
        }
        assert_eq!(value, 15);
        select! {
            Some(ref mut text) = ready(Some(String::from("a"))) => text.push('b'),
            else => unreachable!(),
        }
    });
}

#[test]
fn a_future_that_never_ends_by_its_type_is_a_branch_like_any_other() {
    async fn never() -> ! {
        pending().await
    }
    in_a_task(|| async {
        assert_eq!(select! { _ = never() => 0, one = ready(1) => one }, 1);
    });
}

#[test]
fn a_branch_that_panics_leaves_through_the_task() {
    let caught = std::panic::catch_unwind(|| {
        let mut future = pin!(async {
            select! { () = async { panic!("a branch") } => {}, () = pending() => {} }
        });
        poll_once(future.as_mut()).is_ready()
    });
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"a branch"));
}

/// How often each of two branches that are always ready was taken, by each of two `select!`s in a loop.
async fn two_in_a_loop(rounds: usize) -> [[usize; 2]; 2] {
    let mut taken = [[0; 2]; 2];
    for _ in 0..rounds {
        for counts in &mut taken {
            select! {
                () = ready(()) => counts[0] += 1,
                () = ready(()) => counts[1] += 1,
            }
        }
    }
    taken
}

#[test]
fn two_selects_in_a_loop_starve_nobody_in_a_task_a_root_future_or_elsewhere() {
    let fair = |taken: [[usize; 2]; 2]| {
        assert!(taken.as_flattened().iter().all(|count| *count >= 100), "{taken:?}");
    };
    on_one_and_four(move |scheduler| {
        fair(scheduler.block_on(two_in_a_loop(1000)));
        fair(scheduler.block_on(scheduler.spawn(two_in_a_loop(1000))).unwrap());
    });
    let alone = poll_once(pin!(two_in_a_loop(1000)));
    let Poll::Ready(taken) = alone else { panic!("nothing in it waits") };
    fair(taken);
}
