//! What a coroutine does as long as nobody cancels it.
#![forbid(unsafe_code)]

use crate::support::{Door, Drops, coroutine, poll, small_pool};
use qi_coroutine::{
    Label, Outcome, block_on, current, in_coroutine, stack_remaining, wait, yield_now,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

#[test]
fn it_runs_when_it_is_polled_and_not_before() {
    let pool = small_pool();
    let drops = Drops::default();
    let guard = drops.guard();
    let mut lazy = coroutine(&pool, move || {
        let _guard = guard;
        5
    });
    assert!(!lazy.is_started());
    assert_eq!(drops.count(), 0);
    assert!(matches!(poll(&mut lazy), Poll::Ready(Ok(5))));
    assert!(lazy.is_ended());
    assert_eq!(drops.count(), 1);
}

#[test]
fn it_is_suspended_wherever_it_waits_however_deep() {
    fn deep(level: usize, doors: &[Door]) -> usize {
        match doors.get(level) {
            Some(door) => {
                wait(door.clone());
                deep(level + 1, doors) + level
            }
            None => 100,
        }
    }
    let pool = small_pool();
    let doors: Vec<Door> = (0..10).map(|_| Door::default()).collect();
    let inside = doors.clone();
    let mut walk = coroutine(&pool, move || deep(0, &inside));
    for door in &doors {
        assert!(poll(&mut walk).is_pending());
        assert!(poll(&mut walk).is_pending());
        door.open();
    }
    assert!(matches!(poll(&mut walk), Poll::Ready(Ok(145))));
    assert!(doors.iter().all(|door| door.polls() == 3));
}

#[test]
fn a_panic_ends_the_coroutine_alone() {
    let pool = small_pool();
    let drops = Drops::default();
    let guard = drops.guard();
    let result: Result<(), _> = block_on(coroutine(&pool, move || {
        let _guard = guard;
        yield_now();
        std::panic::resume_unwind(Box::new("broken"));
    }));
    let Err(Outcome::Panicked(payload)) = result else { panic!("it did not panic") };
    assert_eq!(payload.downcast_ref(), Some(&"broken"));
    assert_eq!(drops.count(), 1);
    assert_eq!(pool.stats().live_stacks, 0);
}

#[test]
fn a_panic_that_is_caught_inside_stays_inside() {
    let pool = small_pool();
    let result = block_on(coroutine(&pool, || {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            yield_now();
            std::panic::resume_unwind(Box::new(3));
        }));
        yield_now();
        caught.is_err()
    }));
    assert!(matches!(result, Ok(true)));
}

#[test]
fn one_waits_for_another_and_each_knows_itself() {
    let pool = small_pool();
    let inner_pool = pool.clone();
    let outer = coroutine(&pool, move || {
        let stack = inner_pool.take(None).unwrap();
        let inner = qi_coroutine::Coroutine::new(stack, Label::new("inner"), || {
            let before = current().unwrap().label().id();
            yield_now();
            (before, current().unwrap())
        });
        let own = current().unwrap();
        let (before, inner) = wait(inner).unwrap();
        assert_eq!(before, inner.label().id());
        assert_eq!(current().unwrap().label().id(), own.label().id());
        (own.label().name().map(str::to_owned), inner.label().name().map(str::to_owned))
    });
    let names = block_on(outer).unwrap();
    assert_eq!(names, (Some("test".to_owned()), Some("inner".to_owned())));
    assert!(!in_coroutine());
    assert!(current().is_none());
}

#[test]
fn a_wait_inside_of_a_poll_keeps_the_waker_of_the_poll_around_it() {
    let pool = small_pool();
    let (first, second) = (Door::default(), Door::default());
    let inside = (first.clone(), second.clone());
    let nested = coroutine(&pool, move || {
        let (first, mut second) = inside;
        wait(std::future::poll_fn(move |cx| {
            // The poll around it has a waker already, and uses it after the coroutine was suspended
            // and resumed with another one.
            let waker = cx.waker();
            wait(first.clone());
            assert!(waker.will_wake(cx.waker()));
            std::pin::Pin::new(&mut second).poll(cx)
        }));
        9
    });
    let mut nested = Box::pin(nested);
    assert!(poll(&mut nested).is_pending());
    first.open();
    let opener = async {
        // Polled by another executor, hence with another waker.
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                second.open();
            } else {
                cx.waker().wake_by_ref();
            }
            nested.as_mut().poll(cx)
        })
        .await
    };
    assert!(matches!(block_on(opener), Ok(9)));
}

#[test]
fn stack_remaining_shrinks_with_depth_and_is_none_outside() {
    fn deep(levels: usize) -> usize {
        let here = stack_remaining().unwrap();
        let below = if levels == 0 { here } else { deep(levels - 1) };
        assert!(below <= here);
        std::hint::black_box(below)
    }
    assert_eq!(stack_remaining(), None);
    let pool = small_pool();
    let (top, low) = block_on(coroutine(&pool, || (stack_remaining().unwrap(), deep(50)))).unwrap();
    assert!(low < top && top <= crate::support::SMALL, "{low} {top}");
}

#[test]
fn outside_of_a_coroutine_a_wait_blocks_the_thread() {
    assert_eq!(wait(async { 3 }), 3);
    assert_eq!(qi_coroutine::try_wait(async { 4 }), Ok(4));
    yield_now();
    qi_coroutine::suspend();
}

#[test]
fn a_stack_that_was_taken_back_serves_again() {
    let pool = small_pool();
    let mut cache = qi_coroutine::StackCache::new(pool.clone());
    let mut sum = 0;
    for n in 0..1000 {
        let stack = cache.take(None).unwrap();
        let mut one = qi_coroutine::Coroutine::new(stack, Label::unnamed(), move || n);
        let Poll::Ready(Ok(value)) = poll(&mut one) else { panic!("it waits for nothing") };
        sum += value;
        cache.give(one.take_stack().unwrap());
    }
    assert_eq!(sum, 499_500);
    let stats = pool.stats();
    assert_eq!((stats.live_stacks, stats.hot_stacks), (0, stats.owned_stacks));
    assert!(stats.acquired_total < 40, "{stats:?}");
}

#[test]
fn pools_caches_and_stacks_go_to_other_threads_and_coroutines_by_promise() {
    fn goes<T: Send>() {}
    fn is_shared<T: Sync>() {}
    goes::<qi_coroutine::Stack>();
    goes::<qi_coroutine::StackCache>();
    goes::<std::sync::Arc<qi_coroutine::StackPool>>();
    goes::<qi_coroutine::Portable<u8>>();
    goes::<qi_coroutine::StackError>();
    is_shared::<qi_coroutine::StackPool>();
}
