//! Coroutines that are cancelled or dropped.
#![forbid(unsafe_code)]

use crate::support::{Door, Drops, coroutine, poll, small_pool};
use qi_coroutine::{
    Blocked, BlockedWhy, Cancelled, Embedder, Outcome, StackPool, StackPoolConfig, block_on,
    shield, try_wait, wait, yield_now,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Suspends at each of many places, with something to drop at each.
fn steps(drops: &Drops) {
    let _outer = drops.guard();
    for _ in 0..5 {
        let _inner = drops.guard();
        yield_now();
    }
}

#[test]
fn cancelled_at_each_suspension_it_drops_everything_once() {
    for polls in 0..6 {
        let pool = small_pool();
        let (drops, made) = (Drops::default(), Drops::default());
        let inside = drops.clone();
        let guard = made.guard();
        let mut task = coroutine(&pool, move || {
            let _guard = guard;
            steps(&inside);
        });
        for _ in 0..polls {
            assert!(poll(&mut task).is_pending() || polls == 6);
        }
        task.cancel();
        assert!(matches!(poll(&mut task), Poll::Ready(Err(Outcome::Cancelled))), "{polls}");
        assert_eq!(made.count(), 1);
        assert_eq!(drops.count(), if polls == 0 { 0 } else { polls + 1 });
        drop(task);
        assert_eq!(pool.stats().live_stacks, 0);
    }
}

#[test]
fn dropped_at_each_suspension_it_drops_everything_once() {
    for polls in 0..6 {
        let pool = small_pool();
        let (drops, made) = (Drops::default(), Drops::default());
        let inside = drops.clone();
        let guard = made.guard();
        let mut task = coroutine(&pool, move || {
            let _guard = guard;
            steps(&inside);
        });
        for _ in 0..polls {
            assert!(poll(&mut task).is_pending());
        }
        drop(task);
        assert_eq!(made.count(), 1);
        assert_eq!(drops.count(), if polls == 0 { 0 } else { polls + 1 });
        assert_eq!(pool.stats().live_stacks, 0);
    }
}

#[test]
fn a_poll_that_brings_the_result_wins_over_a_cancel() {
    let pool = small_pool();
    let mut task = coroutine(&pool, || {
        yield_now();
        wait(async { 1 }) + wait(async { 2 })
    });
    assert!(matches!(poll(&mut task), Poll::Pending));
    let door = Door::default();
    let inside = door.clone();
    let mut ready = coroutine(&pool, move || {
        let caught = catch_unwind(AssertUnwindSafe(yield_now));
        assert!(caught.is_err());
        // Ready at once: no suspension point.
        wait(inside);
        7
    });
    assert!(poll(&mut ready).is_pending());
    door.open();
    ready.cancel();
    assert!(matches!(poll(&mut ready), Poll::Ready(Ok(7))));
}

#[test]
fn try_wait_answers_and_the_future_is_gone() {
    let pool = small_pool();
    let door = Door::default();
    let inside = door.clone();
    let mut task = coroutine(&pool, move || {
        let first = try_wait(inside.clone());
        let second = try_wait(inside);
        (first, second, shield(|| try_wait(async { 1 })))
    });
    assert!(poll(&mut task).is_pending());
    task.cancel();
    let Poll::Ready(Ok(results)) = poll(&mut task) else { panic!("it was answered") };
    assert!(matches!(results, (Err(Cancelled { .. }), Err(Cancelled { .. }), Ok(1))));
    // Once when it was suspended, once for the second; none after the cancel of the first.
    assert_eq!(door.polls(), 2);
}

#[test]
fn a_shielded_wait_is_suspended_as_if_nobody_had_cancelled() {
    let pool = small_pool();
    let door = Door::default();
    let inside = door.clone();
    let passed = Rc::new(Cell::new(false));
    let seen = passed.clone();
    let mut task = coroutine(&pool, move || {
        shield(|| wait(inside));
        seen.set(true);
        yield_now();
        unreachable!("the cancel takes effect after the shield");
    });
    assert!(poll(&mut task).is_pending());
    task.cancel();
    assert!(poll(&mut task).is_pending());
    door.open();
    assert!(matches!(poll(&mut task), Poll::Ready(Err(Outcome::Cancelled))));
    assert!(passed.get());
}

/// Notes why coroutines blocked.
#[derive(Default)]
struct Notes(Mutex<Vec<BlockedWhy>>);

impl Embedder for Notes {
    fn block_on(&self, blocked: &Blocked<'_>, future: Pin<&mut dyn Future<Output = ()>>) {
        assert_eq!(blocked.label().name(), Some("test"));
        self.0.lock().unwrap().push(blocked.why());
        block_on(future);
    }
}

fn noting() -> (Arc<StackPool>, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let config = StackPoolConfig::default().max_stack_size(64 * 1024).stack_pool_size(0);
    (StackPool::new(config.embedder(notes.clone())).unwrap(), notes)
}

/// Ready at its second poll.
fn twice() -> impl Future<Output = ()> {
    let mut polls = 0;
    std::future::poll_fn(move |cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls > 1 { Poll::Ready(()) } else { Poll::Pending }
    })
}

#[test]
fn a_loop_that_catches_the_unwinding_is_unwound_three_times_and_then_blocks() {
    let (pool, notes) = noting();
    let mut task = coroutine(&pool, || {
        let mut caught = 0;
        while catch_unwind(|| wait(twice())).is_err() {
            caught += 1;
        }
        caught
    });
    assert!(poll(&mut task).is_pending());
    task.cancel();
    assert!(matches!(poll(&mut task), Poll::Ready(Ok(3))));
    assert_eq!(*notes.0.lock().unwrap(), [BlockedWhy::Stuck]);
}

#[test]
fn a_destructor_that_waits_while_unwinding_blocks_its_thread() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            wait(twice());
        }
    }
    let (pool, notes) = noting();
    let mut task = coroutine(&pool, || {
        let _waits = Waits;
        std::panic::resume_unwind(Box::new(1));
    });
    let result: Poll<Result<(), Outcome>> = poll(&mut task);
    assert!(matches!(result, Poll::Ready(Err(Outcome::Panicked(_)))));
    assert!(!std::thread::panicking());
    assert_eq!(*notes.0.lock().unwrap(), [BlockedWhy::Unwinding]);
}

#[test]
fn what_waits_in_a_coroutine_that_is_dropped_blocks_the_thread() {
    let (pool, notes) = noting();
    let finished = Rc::new(Cell::new(false));
    let seen = finished.clone();
    let mut task = coroutine(&pool, move || {
        let caught = catch_unwind(yield_now);
        shield(|| wait(twice()));
        seen.set(caught.is_err());
    });
    assert!(poll(&mut task).is_pending());
    drop(task);
    assert!(finished.get());
    assert_eq!(*notes.0.lock().unwrap(), [BlockedWhy::Dropped]);
    assert_eq!(pool.stats().live_stacks, 0);
}

#[test]
fn one_that_is_dropped_while_its_thread_panics_is_unwound_too() {
    let pool = small_pool();
    let drops = Drops::default();
    let inside = drops.clone();
    let mut task = coroutine(&pool, move || steps(&inside));
    assert!(poll(&mut task).is_pending());
    let result = catch_unwind(AssertUnwindSafe(move || {
        let _task = task;
        std::panic::resume_unwind(Box::new(1));
    }));
    assert!(result.is_err());
    assert_eq!(drops.count(), 2);
    assert_eq!(pool.stats().live_stacks, 0);
}
