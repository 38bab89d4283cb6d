//! Events: set for all who come, until they are reset.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::Event;
use qi_test_kit::{WakeCount, assert_pending, assert_ready, poll_with};
use std::pin::pin;
use std::sync::Arc;

#[test]
fn an_event_that_is_set_lets_all_pass_until_it_is_reset() {
    let event = Event::new();
    assert!(!event.is_set() && !event.reset());
    assert!(event.set());
    assert!(!event.set(), "it is set already");
    assert_ready!(pin!(event.wait()));
    assert_ready!(pin!(event.wait()));
    assert!(event.is_set() && event.reset());
    assert_pending!(pin!(event.wait()));
}

#[test]
fn setting_wakes_all_who_wait_and_they_go_on_even_if_it_is_reset_meanwhile() {
    let (event, wakes) = (Event::new(), WakeCount::new());
    let mut waits = [Box::pin(event.wait()), Box::pin(event.wait())];
    for wait in &mut waits {
        assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    }
    assert!(event.set());
    assert!(event.reset());
    assert_eq!(wakes.count(), 2);
    let mut late = pin!(event.wait());
    assert_pending!(late.as_mut());
    for wait in &mut waits {
        assert_ready!(wait.as_mut());
    }
    assert_pending!(late.as_mut(), "it came after the reset");
}

#[test]
fn a_waiter_that_gave_up_is_not_woken() {
    let (event, wakes) = (Event::new(), WakeCount::new());
    let mut wait = Box::pin(event.wait());
    assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    drop(wait);
    assert!(event.set());
    assert_eq!((wakes.count(), wakes.held()), (0, 0));
}

#[test]
fn tasks_wait_for_an_event_set_by_another_thread() {
    on_one_and_two(|scheduler| {
        let event = Arc::new(Event::new());
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let event = event.clone();
                scheduler.spawn(async move { event.wait().await })
            })
            .collect();
        event.set();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
    });
}
