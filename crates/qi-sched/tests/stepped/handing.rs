//! Tasks that are run right after the one that woke them: a privilege with an end, and for one at a
//! time.
#![forbid(unsafe_code)]

use qi_sched::{ManualClock, Scheduler, Stepper, coop};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

fn stepper() -> Stepper {
    Scheduler::builder()
        .worker_threads(1)
        .clock(Arc::new(ManualClock::new()))
        .build_stepper()
        .unwrap()
}

/// A place for a waker.
type Place = Arc<Mutex<Option<Waker>>>;

/// Waits in a place until it is woken, for ever, and each time wakes who waits in the other.
async fn play(mine: Place, other: Place, strokes: Arc<AtomicUsize>) {
    loop {
        let mut woken = false;
        poll_fn(|cx| {
            if woken {
                return Poll::Ready(());
            }
            woken = true;
            *mine.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        strokes.fetch_add(1, SeqCst);
        let partner = other.lock().unwrap().take();
        if let Some(partner) = partner {
            partner.wake();
        }
    }
}

#[test]
fn two_tasks_that_wake_each_other_do_not_keep_a_third_from_its_turns() {
    let stepper = stepper();
    let (left, right) = (Place::default(), Place::default());
    let strokes = Arc::<AtomicUsize>::default();
    drop(stepper.handle().spawn(play(left.clone(), right.clone(), strokes.clone())));
    drop(stepper.handle().spawn(play(right, left.clone(), strokes.clone())));
    let turns = Arc::<AtomicUsize>::default();
    let third = turns.clone();
    drop(stepper.handle().spawn(async move {
        loop {
            third.fetch_add(1, SeqCst);
            coop::yield_now().await;
        }
    }));
    for _ in 0..200 {
        stepper.step(0);
    }
    let waker = left.lock().unwrap().take();
    waker.expect("the player waits").wake();
    strokes.store(0, SeqCst);
    turns.store(0, SeqCst);
    for _ in 0..900 {
        stepper.step(0);
    }
    let (strokes, turns) = (strokes.load(SeqCst), turns.load(SeqCst));
    assert!(turns >= 90, "{turns} turns beside {strokes} strokes");
    assert!(strokes >= 500, "who was woken last runs first most of the time: {strokes} strokes");
}

#[test]
fn tasks_woken_together_run_in_the_order_in_which_they_were_woken() {
    let stepper = stepper();
    let waiting = Arc::new(Mutex::new(Vec::new()));
    let order = Arc::new(Mutex::new(Vec::new()));
    let go = Arc::<AtomicBool>::default();
    for n in 0..5 {
        let (waiting, order, go) = (waiting.clone(), order.clone(), go.clone());
        drop(stepper.handle().spawn(async move {
            poll_fn(|cx| {
                if go.load(SeqCst) {
                    return Poll::Ready(());
                }
                waiting.lock().unwrap().push((n, cx.waker().clone()));
                Poll::Pending
            })
            .await;
            order.lock().unwrap().push(n);
        }));
    }
    for _ in 0..200 {
        stepper.step(0);
    }
    drop(stepper.handle().spawn(async move {
        go.store(true, SeqCst);
        let mut wakers = std::mem::take(&mut *waiting.lock().unwrap());
        wakers.sort_by_key(|(n, _)| *n);
        wakers.into_iter().for_each(|(_, waker)| waker.wake());
    }));
    for _ in 0..200 {
        stepper.step(0);
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}
