//! `join!` and `try_join!`.
#![forbid(unsafe_code)]

use crate::support::{Event, in_a_task};
use qi_sched::coop;
use qi_scope::{join, try_join};
use qi_test_kit::{DropAtEveryPoll, Ledger};
use std::future::{pending, ready};
use std::sync::Mutex;

#[test]
fn all_outputs_come_in_the_order_of_the_futures() {
    in_a_task(|| async {
        assert_eq!(
            join!(async { 1 }, ready("two"), async { coop::yield_now().await }),
            (1, "two", ())
        );
        assert_eq!(join!(ready(1)), (1,));
        assert_eq!(join!(biased; ready(1), ready(2),), (1, 2));
    });
}

#[test]
fn futures_go_on_side_by_side_and_wait_for_each_other() {
    in_a_task(|| async {
        let (first, second) = (Event::default(), Event::default());
        join!(
            async {
                first.wait().await;
                second.set();
            },
            async {
                first.set();
                second.wait().await;
            },
        );
    });
}

#[test]
fn each_poll_begins_with_another_one_unless_biased() {
    in_a_task(|| async {
        let order = Mutex::new(Vec::new());
        let note = async |number| {
            for _ in 0..3 {
                order.lock().unwrap().push(number);
                coop::yield_now().await;
            }
        };
        join!(note(0), note(1), note(2));
        assert_eq!(order.lock().unwrap().split_off(0), [0, 1, 2, 1, 2, 0, 2, 0, 1]);
        join!(biased; note(0), note(1));
        assert_eq!(*order.lock().unwrap(), [0, 1, 0, 1, 0, 1]);
    });
}

#[test]
fn the_first_error_drops_the_others() {
    in_a_task(|| async {
        let ledger = Ledger::new();
        let token = ledger.token(0);
        let slow = async move {
            pending::<()>().await;
            drop(token);
            Ok(())
        };
        let result: Result<((), ()), &str> = try_join!(slow, async {
            coop::yield_now().await;
            Err("failed")
        });
        assert_eq!(result, Err("failed"));
        ledger.assert_all_dropped();
        assert_eq!(try_join!(ready(Ok::<_, ()>(1)), ready(Ok("two"))), Ok((1, "two")));
        assert_eq!(try_join!(biased; ready(Err::<(), _>(1)), ready(Err::<(), _>(2))), Err(1));
    });
}

#[test]
fn dropped_at_every_poll_outputs_are_dropped_too() {
    let summary = DropAtEveryPoll::new(|| (Ledger::new(), [Event::default(), Event::default()]))
        .may_keep_wakers() // The events of these tests forget no waiter.
        .steps(2, |(_, events), step| events[step].set())
        .run(
            |(ledger, events)| {
                Box::pin(async move {
                    let part = async |number: usize| {
                        events[number].wait().await;
                        ledger.token(number)
                    };
                    let (first, second) = join!(part(0), part(1));
                    (first.number(), second.number())
                })
            },
            |(ledger, _), run| {
                ledger.assert_all_dropped();
                assert!(run.output.is_none_or(|numbers| numbers == (0, 1)));
            },
        );
    assert!(summary.completed > 1, "{summary:?}");
}
