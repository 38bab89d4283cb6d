//! Scopes whose children borrow, on a small loop that runs coroutines in turns.
#![forbid(unsafe_code)]

use crate::support::{Drops, SMALL, coroutine, poll};
use qi_coroutine::scope::{Child, Scope, Spawn, scope};
use qi_coroutine::{
    Blocked, Coroutine, Embedder, Label, Outcome, StackPool, StackPoolConfig, block_on, wait,
    yield_now,
};
use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

thread_local! {
    static TASKS: RefCell<VecDeque<(u64, Coroutine<()>)>> = RefCell::default();
    static CANCELLED: RefCell<HashSet<u64>> = RefCell::default();
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Runs children on this thread, whenever `turn` is called.
#[derive(Clone)]
struct Here(Arc<StackPool>);

impl Spawn for Here {
    type Task = u64;

    fn spawn(&self, child: Child) -> Option<u64> {
        let id = NEXT.replace(NEXT.get() + 1);
        let stack = self.0.take(None).ok()?;
        let task = Coroutine::new(stack, Label::numbered(id), || child.run());
        TASKS.with_borrow_mut(|tasks| tasks.push_back((id, task)));
        Some(id)
    }

    fn cancel(&self, task: &u64) {
        CANCELLED.with_borrow_mut(|cancelled| cancelled.insert(*task));
    }
}

/// Polls every child once.
fn turn() {
    let count = TASKS.with_borrow(VecDeque::len);
    for _ in 0..count {
        let Some((id, mut task)) = TASKS.with_borrow_mut(VecDeque::pop_front) else { return };
        if CANCELLED.with_borrow(|cancelled| cancelled.contains(&id)) {
            task.cancel();
        }
        if poll(&mut task).is_pending() {
            TASKS.with_borrow_mut(|tasks| tasks.push_back((id, task)));
        }
    }
}

/// Goes on with the children while somebody blocks the thread.
struct Turning;

impl Embedder for Turning {
    fn block_on(&self, _blocked: &Blocked<'_>, mut future: Pin<&mut dyn Future<Output = ()>>) {
        block_on(std::future::poll_fn(|cx| {
            turn();
            cx.waker().wake_by_ref();
            future.as_mut().poll(cx)
        }));
    }
}

fn here() -> Here {
    let config = StackPoolConfig::default().max_stack_size(SMALL).stack_pool_size(4);
    Here(StackPool::new(config.embedder(Arc::new(Turning))).unwrap())
}

fn run<T: 'static>(here: &Here, f: impl FnOnce() -> T + 'static) -> Result<T, Outcome> {
    let mut root = coroutine(&here.0, f);
    loop {
        if let Poll::Ready(result) = poll(&mut root) {
            assert_eq!(TASKS.with_borrow(VecDeque::len), 0, "a scope left children behind");
            return result;
        }
        turn();
    }
}

#[test]
fn children_borrow_what_the_frame_has_and_change_it() {
    let here = here();
    let spawner = here.clone();
    let sum = run(&here, move || {
        let mut parts = vec![1, 2, 3, 4];
        let factor = 10;
        let count = scope(&spawner, |scope| {
            for part in &mut parts {
                scope.spawn(|| {
                    yield_now();
                    *part *= factor;
                });
            }
            scope.spawn(|| factor + 1).join().unwrap()
        });
        parts.iter().sum::<i32>() + count
    });
    assert_eq!(sum.unwrap(), 111);
}

#[test]
fn children_start_siblings_and_hand_on_results_that_borrow() {
    let here = here();
    let spawner = here.clone();
    let text = run(&here, move || {
        let words = ["a".to_owned(), "bb".to_owned()];
        let seen = AtomicUsize::new(0);
        let longest = scope(&spawner, |scope| {
            let inner = |scope: &Scope<'_, '_, _>| {
                assert!(!scope.is_cancelled());
                seen.fetch_add(1, Ordering::Relaxed);
            };
            scope.spawn(move || {
                scope.spawn(move || inner(scope));
                yield_now();
                inner(scope);
            });
            let handles: Vec<_> = words.iter().map(|word| scope.spawn(move || word)).collect();
            handles.into_iter().map(|handle| handle.join().unwrap()).max_by_key(|word| word.len())
        });
        assert_eq!(seen.load(Ordering::Relaxed), 2);
        longest.unwrap().clone()
    });
    assert_eq!(text.unwrap(), "bb");
}

#[test]
fn a_panic_of_the_body_goes_on_after_the_children_have_ended() {
    let here = here();
    let spawner = here.clone();
    let drops = Arc::new(AtomicUsize::new(0));
    let count = drops.clone();
    let result = run(&here, move || {
        let borrowed = AtomicUsize::new(0);
        scope::<_, ()>(&spawner, |scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _guard = Counts(&borrowed, &count);
                    loop {
                        yield_now();
                    }
                });
            }
            yield_now();
            resume_unwind(Box::new("body"));
        });
    });
    let Err(Outcome::Panicked(payload)) = result else { panic!("the panic was lost") };
    assert_eq!(payload.downcast_ref(), Some(&"body"));
    assert_eq!(drops.load(Ordering::Relaxed), 3);
}

/// Touches what it borrowed when it is dropped.
struct Counts<'a>(&'a AtomicUsize, &'a AtomicUsize);

impl Drop for Counts<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_panic_of_a_child_that_nobody_joined_is_the_scopes() {
    let here = here();
    let spawner = here.clone();
    let result = run(&here, move || {
        let other = scope(&spawner, |scope| {
            let joined = scope.spawn(|| -> u8 { resume_unwind(Box::new(1)) });
            matches!(joined.join(), Err(Outcome::Panicked(_)))
        });
        assert!(other, "one that was joined is the joiner's");
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope(&spawner, |scope| {
                let dropped_late = scope.spawn(|| resume_unwind(Box::new(2)));
                scope.spawn(yield_now).join().unwrap();
                drop::<qi_coroutine::scope::ScopedHandle<'_, ()>>(dropped_late);
            });
        }));
        caught.unwrap_err().downcast_ref::<i32>().copied()
    });
    assert_eq!(result.unwrap(), Some(2));
}

#[test]
fn a_cancelled_parent_cancels_its_children_and_waits_for_them() {
    let here = here();
    for polls in 1..4 {
        let spawner = here.clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let count = drops.clone();
        let mut parent = coroutine(&here.0, move || {
            let borrowed = AtomicUsize::new(0);
            scope(&spawner, |scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        let _guard = Counts(&borrowed, &count);
                        loop {
                            yield_now();
                        }
                    });
                }
                // In the first poll inside of the body, later in the closing wait.
                yield_now();
            });
        });
        for _ in 0..polls {
            assert!(poll(&mut parent).is_pending());
            turn();
        }
        parent.cancel();
        // It unwinds to the scope, cancels, and waits: shielded.
        assert!(poll(&mut parent).is_pending());
        turn();
        assert_eq!(drops.load(Ordering::Relaxed), 3);
        let result = poll(&mut parent);
        if polls == 1 {
            assert!(matches!(result, Poll::Ready(Err(Outcome::Cancelled))), "{result:?}");
        } else {
            // The body had ended: what is cancelled is the wait after the scope, of which there
            // is none.
            assert!(matches!(result, Poll::Ready(Ok(()))), "{result:?}");
        }
        drop(parent);
        assert_eq!(here.0.stats().live_stacks, 0);
    }
}

#[test]
fn a_parent_that_is_dropped_takes_its_children_along() {
    let here = here();
    let spawner = here.clone();
    let (drops, inside) = (Arc::new(AtomicUsize::new(0)), Drops::default());
    let (count, guard) = (drops.clone(), inside.guard());
    let mut parent = coroutine(&here.0, move || {
        let _guard = guard;
        let borrowed = AtomicUsize::new(0);
        scope(&spawner, |scope| {
            scope.spawn(|| {
                let _guard = Counts(&borrowed, &count);
                loop {
                    yield_now();
                }
            });
            wait(std::future::pending::<()>());
        });
    });
    assert!(poll(&mut parent).is_pending());
    turn();
    drop(parent);
    assert_eq!((drops.load(Ordering::Relaxed), inside.count()), (1, 1));
    assert_eq!(TASKS.with_borrow(VecDeque::len), 0);
    assert_eq!(here.0.stats().live_stacks, 0);
}

#[test]
fn a_scope_opened_while_a_frame_unwinds_waits_in_place() {
    struct Opens(Here);
    impl Drop for Opens {
        fn drop(&mut self) {
            let done = AtomicUsize::new(0);
            scope(&self.0, |scope| {
                scope.spawn(|| {
                    yield_now();
                    done.fetch_add(1, Ordering::Relaxed);
                });
            });
            assert_eq!(done.load(Ordering::Relaxed), 1);
        }
    }
    let here = here();
    let spawner = here.clone();
    let result: Result<(), _> = run(&here, move || {
        let _opens = Opens(spawner);
        resume_unwind(Box::new(4));
    });
    assert!(matches!(result, Err(Outcome::Panicked(payload)) if payload.is::<i32>()));
}

#[test]
fn a_child_that_cannot_be_started_ends_as_cancelled() {
    struct Full;
    impl Spawn for Full {
        type Task = ();
        fn spawn(&self, child: Child) -> Option<()> {
            drop(child);
            None
        }
        fn cancel(&self, _task: &()) {}
    }
    let result = scope(Full, |scope| scope.spawn(|| 1).join());
    assert!(matches!(result, Err(Outcome::Cancelled)));
}
