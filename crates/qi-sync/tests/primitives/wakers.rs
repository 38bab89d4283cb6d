//! Bad wakers: ones that panic harm no other, ones that come back into the primitive find no lock
//! held, neither when they are woken nor when they are dropped.
#![forbid(unsafe_code)]

use crate::support::watched;
use qi_sync::{Barrier, CancellationToken, Event, Notify, Semaphore, WaitGroup};
use qi_test_kit::{WakeCount, assert_pending, poll_with, waker_fn, waker_fn_with_drop};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

/// One primitive: a wait that is pending, what ends all waits, and another operation on it.
struct Case {
    name: &'static str,
    wait: Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>,
    end: Box<dyn Fn() + Send + Sync>,
    touch: Arc<dyn Fn() + Send + Sync>,
}

fn semaphore_released() -> Case {
    let semaphore = Arc::new(Semaphore::new(0));
    let (waited, ended, touched) = (semaphore.clone(), semaphore.clone(), semaphore);
    Case {
        name: "a semaphore gets permits",
        wait: Box::new(move || {
            let wait = waited.clone().acquire_owned();
            Box::pin(async move { wait.await.unwrap().forget() })
        }),
        end: Box::new(move || ended.add_permits(100)),
        touch: Arc::new(move || {
            assert_pending!(Box::pin(touched.acquire_many(usize::MAX)).as_mut());
        }),
    }
}

fn semaphore_closed() -> Case {
    let semaphore = Arc::new(Semaphore::new(0));
    let (waited, ended, touched) = (semaphore.clone(), semaphore.clone(), semaphore);
    Case {
        name: "a semaphore is closed",
        wait: Box::new(move || {
            let wait = waited.clone().acquire_owned();
            Box::pin(async move { assert!(wait.await.is_err()) })
        }),
        end: Box::new(move || ended.close()),
        touch: Arc::new(move || touched.close()),
    }
}

fn notify_all() -> Case {
    let notify = Arc::new(Notify::new());
    let (waited, ended, touched) = (notify.clone(), notify.clone(), notify);
    Case {
        name: "all are notified",
        wait: Box::new(move || Box::pin(waited.clone().notified_owned())),
        end: Box::new(move || ended.notify_waiters()),
        touch: Arc::new(move || touched.notify_waiters()),
    }
}

fn notify_one_by_one() -> Case {
    let notify = Arc::new(Notify::new());
    let (waited, ended, touched) = (notify.clone(), notify.clone(), notify);
    Case {
        name: "each is notified",
        wait: Box::new(move || Box::pin(waited.clone().notified_owned())),
        end: Box::new(move || (0..50).for_each(|_| ended.notify_one())),
        touch: Arc::new(move || assert_pending!(Box::pin(touched.notified()).as_mut())),
    }
}

fn barrier() -> Case {
    let barrier = Arc::new(Barrier::new(51));
    let (waited, ended, touched) = (barrier.clone(), barrier.clone(), barrier);
    Case {
        name: "a barrier opens",
        wait: Box::new(move || {
            let barrier = waited.clone();
            Box::pin(async move { assert!(!barrier.wait().await.is_leader()) })
        }),
        end: Box::new(move || assert!(ended.blocking_wait().is_leader())),
        touch: Arc::new(move || assert_pending!(Box::pin(touched.wait()).as_mut())),
    }
}

fn event() -> Case {
    let event = Arc::new(Event::new());
    let (waited, ended, touched) = (event.clone(), event.clone(), event);
    Case {
        name: "an event is set",
        wait: Box::new(move || {
            let event = waited.clone();
            Box::pin(async move { event.wait().await })
        }),
        end: Box::new(move || assert!(ended.set())),
        touch: Arc::new(move || {
            let _ = qi_test_kit::poll_once(Box::pin(touched.wait()).as_mut());
        }),
    }
}

fn wait_group() -> Case {
    let group = WaitGroup::new();
    group.add(1);
    let (waited, ended, touched) = (group.clone(), group.clone(), group);
    Case {
        name: "a group is done",
        wait: Box::new(move || {
            let group = waited.clone();
            Box::pin(async move { group.wait().await })
        }),
        end: Box::new(move || ended.done()),
        touch: Arc::new(move || {
            let _ = qi_test_kit::poll_once(Box::pin(touched.wait()).as_mut());
        }),
    }
}

fn token() -> Case {
    let token = CancellationToken::new();
    let child = token.child_token();
    let (ended, touched) = (token.clone(), token);
    Case {
        name: "a token's parent is cancelled",
        wait: Box::new(move || Box::pin(child.clone().cancelled_owned())),
        end: Box::new(move || ended.cancel()),
        touch: Arc::new(move || {
            touched.child_token().cancel();
            let _ = qi_test_kit::poll_once(Box::pin(touched.cancelled()).as_mut());
        }),
    }
}

const CASES: [fn() -> Case; 8] = [
    semaphore_released,
    semaphore_closed,
    notify_all,
    notify_one_by_one,
    barrier,
    event,
    wait_group,
    token,
];

/// Fifty waits, of which those with an odd number have the bad waker; all must end, and the good
/// ones must be woken.
fn survives(case: Case, bad: &Waker) {
    let wakes = WakeCount::new();
    let mut waits: Vec<_> = (0..50).map(|_| (case.wait)()).collect();
    for (number, wait) in waits.iter_mut().enumerate() {
        let good = wakes.waker();
        let waker = if number % 2 == 0 { &good } else { bad };
        assert_pending!(poll poll_with(wait.as_mut(), waker), "{}", case.name);
    }
    (case.end)();
    assert_eq!(wakes.count(), 25, "{}", case.name);
    for wait in &mut waits {
        assert!(qi_test_kit::poll_once(wait.as_mut()).is_ready(), "{}", case.name);
    }
}

#[test]
fn a_waker_that_panics_keeps_no_other_from_being_woken() {
    for case in CASES {
        survives(case(), &waker_fn(|| std::panic::resume_unwind(Box::new("of a test"))));
    }
}

#[test]
fn a_waker_that_comes_back_into_the_primitive_finds_no_lock_held() {
    watched(|| {
        for case in CASES {
            let case = case();
            let (woken, dropped) = (case.touch.clone(), case.touch.clone());
            let bad = waker_fn_with_drop(move || woken(), move || dropped());
            survives(case, &bad);
        }
    });
}

#[test]
fn a_waker_that_is_replaced_or_given_up_is_dropped_without_a_lock() {
    watched(|| {
        for case in CASES {
            let case = case();
            let touch = |case: &Case| {
                let touch = case.touch.clone();
                waker_fn_with_drop(|| {}, move || touch())
            };
            let mut wait = (case.wait)();
            assert_pending!(poll poll_with(wait.as_mut(), &touch(&case)), "{}", case.name);
            // What the old waker does when it is dropped may end the wait.
            let _ = poll_with(wait.as_mut(), &touch(&case));
            drop(wait);
        }
    });
}
