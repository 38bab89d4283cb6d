//! Coroutines that borrow from the stack of the one that waits for them.

use super::on_one_and_four;
use super::support::{Event, until};
use qi_runtime::TaskStatus;
use qi_runtime::coroutine::{self, SpawnCoroutine, Wait, sleep, wait, yield_now};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

#[test]
fn children_borrow_and_are_waited_for() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| {
            let mut numbers = [0_usize; 32];
            coroutine::scope(|scope| {
                for (index, number) in numbers.iter_mut().enumerate() {
                    drop(scope.spawn_coroutine(move || {
                        yield_now();
                        sleep(Duration::from_micros(10));
                        *number = index;
                    }));
                }
            });
            numbers.iter().sum::<usize>()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 496);
    });
}

#[test]
fn scopes_nest_and_children_give_results() {
    fn tree(depth: u32) -> u32 {
        if depth == 0 {
            yield_now();
            return 1;
        }
        coroutine::scope(|scope| {
            let left = scope.spawn_coroutine(move || tree(depth - 1));
            let right = scope.spawn_coroutine(move || tree(depth - 1));
            left.join().unwrap() + right.join().unwrap()
        })
    }
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| tree(6));
        assert_eq!(runtime.block_on(task).unwrap(), 64);
    });
}

#[test]
fn cancelling_the_parent_cancels_the_children_and_waits_for_them() {
    on_one_and_four(|runtime| {
        let (ended, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for body_waits in [true, false] {
            let (count, begin) = (ended.clone(), begun.clone());
            begun.store(0, SeqCst);
            ended.store(0, SeqCst);
            let task = runtime.spawn_coroutine(move || {
                let borrowed = Borrowed(count.clone());
                coroutine::scope(|scope| {
                    for _ in 0..8 {
                        drop(scope.spawn_coroutine(|| {
                            let _looked_at = Looks(&borrowed);
                            begin.fetch_add(1, SeqCst);
                            pending::<()>().wait();
                        }));
                    }
                    if body_waits {
                        pending::<()>().wait();
                    }
                });
                yield_now();
            });
            until(|| begun.load(SeqCst) == 8 && task.status() == TaskStatus::Waiting);
            task.cancel().unwrap();
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
            assert_eq!(ended.load(SeqCst), 8, "all of them, before the frame was left");
        }
    });
}

struct Borrowed(Arc<AtomicUsize>);

impl Drop for Borrowed {
    fn drop(&mut self) {
        assert_eq!(self.0.load(SeqCst), 8, "the frame was left under its children");
    }
}

struct Looks<'a>(&'a Borrowed);

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_child_that_panics_ends_the_scope_with_its_panic_after_the_others() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| {
            let done = AtomicUsize::new(0);
            let result = catch_unwind(AssertUnwindSafe(|| {
                coroutine::scope(|scope| {
                    drop(scope.spawn_coroutine(|| std::panic::resume_unwind(Box::new("child"))));
                    drop(scope.spawn_coroutine(|| {
                        sleep(Duration::from_millis(1));
                        done.fetch_add(1, SeqCst);
                    }));
                });
            }));
            let payload = result.unwrap_err();
            (done.into_inner(), *payload.downcast_ref::<&str>().unwrap())
        });
        assert_eq!(runtime.block_on(task).unwrap(), (1, "child"));
    });
}

#[test]
fn a_cancelled_child_says_so_and_the_scope_goes_on() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| {
            coroutine::scope(|scope| {
                let (event, begun) = (Event::new(), Event::new());
                let seen = begun.clone();
                let child = scope.spawn_coroutine(move || {
                    seen.set();
                    wait(event);
                });
                begun.wait();
                child.cancel();
                matches!(child.join(), Err(qi_runtime::task::ChildError::Cancelled))
            })
        });
        assert!(runtime.block_on(task).unwrap());
    });
}

#[test]
fn a_scope_in_a_destructor_waits_while_the_frame_unwinds() {
    struct Scoped(Arc<AtomicUsize>);
    impl Drop for Scoped {
        fn drop(&mut self) {
            let done = AtomicUsize::new(0);
            coroutine::scope(|scope| {
                for _ in 0..4 {
                    drop(scope.spawn_coroutine(|| {
                        yield_now();
                        done.fetch_add(1, SeqCst);
                    }));
                }
            });
            self.0.store(done.into_inner(), SeqCst);
        }
    }
    on_one_and_four(|runtime| {
        let done = Arc::new(AtomicUsize::new(0));
        let scoped = Scoped(done.clone());
        let task = runtime.spawn_coroutine(move || {
            let _scoped = scoped;
            pending::<()>().wait();
        });
        until(|| task.status() == TaskStatus::Waiting);
        task.cancel().unwrap();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(done.load(SeqCst), 4);
    });
}
