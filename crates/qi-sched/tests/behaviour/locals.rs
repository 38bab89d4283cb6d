//! Task-locals: whose they are, who inherits them, when they go.
#![forbid(unsafe_code)]

use crate::support::{Event, on, on_one_and_four, until, watched};
use qi_sched::{InheritedKey, Scheduler, TaskLocalFuture, context, coop, task_local};
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

task_local! {
    static NUMBER: u32;
    static TEXT: String;
    /// Not `Sync`, which a plain task-local need not be.
    static COUNT: Cell<u32>;
    inherit static USER: &'static str;
    pub(crate) inherit static GROUP: Arc<AtomicUsize>
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_value_is_seen_inside_of_its_scope_only_and_the_innermost_wins() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async {
            assert!(NUMBER.try_get().is_err());
            NUMBER
                .scope(1, async {
                    assert_eq!(NUMBER.get(), 1);
                    coop::yield_now().await;
                    NUMBER.scope(2, async { assert_eq!(NUMBER.get(), 2) }).await;
                    assert_eq!(NUMBER.sync_scope(3, || NUMBER.get()), 3);
                    assert_eq!(NUMBER.get(), 1, "the inner ones are over");
                    TEXT.scope("both".into(), async {
                        assert_eq!((NUMBER.get(), TEXT.get().as_str()), (1, "both"));
                    })
                    .await;
                })
                .await;
            NUMBER.try_get().is_err()
        });
        assert!(scheduler.block_on(task).unwrap());
    });
}

#[test]
fn a_value_that_is_not_set_is_an_error_that_names_it() {
    let error = NUMBER.try_with(|number| *number).unwrap_err();
    assert_eq!(error.to_string(), "the task-local NUMBER is not set in this task");
    assert!(error.message_zh().contains("NUMBER"));
    assert!(USER.try_get().unwrap_err().to_string().contains("USER"));
    let refused = catch_unwind(|| NUMBER.get()).unwrap_err();
    assert_eq!(refused.downcast_ref::<String>().unwrap(), &error.to_string());
}

#[test]
fn interleaved_futures_of_one_task_have_their_own_values() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async {
            let reading = |own| {
                NUMBER.scope(own, async move {
                    for _ in 0..10 {
                        assert_eq!(NUMBER.get(), own);
                        coop::yield_now().await;
                    }
                })
            };
            let (mut first, mut second) = (pin!(reading(1)), pin!(reading(2)));
            let (mut first_done, mut second_done) = (false, false);
            poll_fn(|cx| {
                first_done = first_done || first.as_mut().poll(cx).is_ready();
                second_done = second_done || second.as_mut().poll(cx).is_ready();
                if first_done && second_done { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        scheduler.block_on(task).unwrap();
    });
}

#[test]
fn a_plain_value_is_not_inherited_and_an_inherited_one_is_by_grandchildren_too() {
    on_one_and_four(|scheduler| {
        let work = async {
            let child = qi_sched::spawn(async {
                let grandchild = qi_sched::spawn(async { (NUMBER.try_get().is_err(), USER.get()) });
                (NUMBER.try_get().is_err(), USER.get(), grandchild.await.unwrap())
            });
            child.await.unwrap()
        };
        let task = scheduler.spawn(NUMBER.scope(1, USER.scope("ada", work)));
        let seen = scheduler.block_on(task).unwrap();
        assert_eq!(seen, (true, "ada", (true, "ada")));
    });
}

#[test]
fn every_kind_of_task_inherits_from_whoever_spawns_it() {
    on_one_and_four(|scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn(USER.scope("ada", async move {
            let named = handle.task().name("named").spawn(async { USER.get() });
            let pinned = handle.spawn_pinned(|| async { USER.get() });
            let local = qi_sched::spawn_local(async { USER.get() }).unwrap();
            let call = handle.spawn_blocking(|| USER.get());
            let refusing = handle.task().inherit(false).spawn(async { USER.try_get().is_err() });
            for task in [named, pinned, local, call] {
                assert_eq!(task.await.unwrap(), "ada");
            }
            assert!(refusing.await.unwrap());
        }));
        scheduler.block_on(task).unwrap();
        // From a thread that works for no scheduler, too.
        let task = USER.sync_scope("outside", || scheduler.spawn(async { USER.get() }));
        assert_eq!(scheduler.block_on(task).unwrap(), "outside");
        let task = scheduler.spawn(async { USER.try_get().is_err() });
        assert!(scheduler.block_on(task).unwrap());
    });
}

#[test]
fn the_value_of_the_moment_is_inherited_and_a_childs_own_scope_hides_it() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(USER.scope("outer", async {
            let before = qi_sched::spawn(async { USER.get() });
            let within = USER.sync_scope("inner", || qi_sched::spawn(async { USER.get() }));
            let hidden = qi_sched::spawn(USER.scope("own", async {
                (USER.get(), qi_sched::spawn(async { USER.get() }).await.unwrap())
            }));
            let after = qi_sched::spawn(async { USER.get() });
            assert_eq!(before.await.unwrap(), "outer");
            assert_eq!(within.await.unwrap(), "inner");
            assert_eq!(hidden.await.unwrap(), ("own", "own"));
            assert_eq!(after.await.unwrap(), "outer");
        }));
        scheduler.block_on(task).unwrap();
    });
}

#[test]
fn a_child_run_in_place_sees_what_it_inherited_and_nothing_of_its_parents_own() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let task = scheduler.spawn(async {
            let child = USER.sync_scope("child's", || {
                qi_sched::spawn(async {
                    assert!(NUMBER.try_get().is_err(), "the parent's");
                    let own = NUMBER.sync_scope(2, || NUMBER.get());
                    (own, USER.get())
                })
            });
            NUMBER
                .scope(
                    1,
                    USER.scope("parent's", async {
                        let seen = child.join().await.unwrap();
                        assert_eq!((NUMBER.get(), USER.get()), (1, "parent's"));
                        seen
                    }),
                )
                .await
        });
        assert_eq!(scheduler.block_on(task).unwrap(), (2, "child's"));
        let in_place: u64 = scheduler.stats().workers.iter().map(|w| w.run_in_place).sum();
        assert_eq!(in_place, 1, "the test is of nothing else");
    });
}

#[test]
fn a_root_future_inside_a_task_belongs_to_that_task() {
    on_one_and_four(|scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn(NUMBER.scope(
            1,
            USER.scope("ada", async move {
                handle.block_on(async {
                    let child = qi_sched::spawn(async { USER.get() }).await.unwrap();
                    (NUMBER.get(), USER.get(), child)
                })
            }),
        ));
        assert_eq!(scheduler.block_on(task).unwrap(), (1, "ada", "ada"));
    });
}

#[test]
fn a_pinned_task_on_top_of_a_blocked_one_sees_and_sets_its_own_while_the_other_is_looked_at() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn_with_priority(
            async move {
                let event = Event::default();
                let set = event.clone();
                // Pinned to this very thread, which is blocked while it runs.
                let pinned = qi_sched::spawn_local(async move {
                    let before = NUMBER.try_get().is_err() && USER.try_get().is_err();
                    let own = NUMBER.scope(7, async { NUMBER.get() }).await;
                    set.set();
                    (before, own)
                })
                .unwrap();
                let look = || {
                    NUMBER.with(|number| {
                        handle.block_on(event.wait());
                        *number
                    })
                };
                let own = NUMBER.sync_scope(1, || USER.sync_scope("ada", look));
                (own, pinned.await.unwrap())
            },
            qi_sched::TaskPriority::Normal,
        );
        assert_eq!(scheduler.block_on(task).unwrap(), (1, (true, 7)));
    });
}

/// Notes what it finds when it is dropped.
struct Looks(Arc<AtomicUsize>);

impl Drop for Looks {
    fn drop(&mut self) {
        let found = NUMBER.try_get().unwrap_or(0) as usize + USER.try_get().map_or(0, str::len);
        self.0.fetch_add(found, SeqCst);
    }
}

#[test]
fn a_future_finds_its_values_when_it_is_dropped_completed_or_cancelled_or_never_polled() {
    on_one_and_four(|scheduler| {
        for case in 0..3 {
            let seen = Arc::new(AtomicUsize::new(0));
            let looks = Looks(seen.clone());
            let future = NUMBER.scope(
                30,
                USER.scope("ada", async move {
                    let _looks = looks;
                    if case == 1 {
                        pending::<()>().await;
                    }
                }),
            );
            if case == 2 {
                drop(future);
            } else {
                let task = scheduler.spawn(future);
                if case == 1 {
                    until(|| task.status() == qi_sched::TaskStatus::Waiting);
                    task.cancel().unwrap();
                }
                assert_eq!(scheduler.block_on(task).is_ok(), case == 0);
            }
            assert_eq!(seen.load(SeqCst), 33, "case {case}");
        }
        // Inherited, by a task that is cancelled.
        let seen = Arc::new(AtomicUsize::new(0));
        let looks = Looks(seen.clone());
        let task = USER.sync_scope("ada", || {
            scheduler.spawn(async move {
                let _looks = looks;
                pending::<()>().await;
            })
        });
        until(|| task.status() == qi_sched::TaskStatus::Waiting);
        task.cancel().unwrap();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(seen.load(SeqCst), 3);
    });
}

#[test]
fn an_inherited_value_goes_with_the_last_task_and_not_with_the_last_waker() {
    on_one_and_four(|scheduler| {
        let value = Arc::new(AtomicUsize::new(0));
        let event = Event::default();
        let (waited, kept) = (event.clone(), value.clone());
        let (sender, receiver) = std::sync::mpsc::channel();
        let task = GROUP.sync_scope(kept, || {
            scheduler.spawn(async move {
                poll_fn(|cx| {
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::Ready(())
                })
                .await;
                GROUP.with(|group| group.fetch_add(1, SeqCst));
                waited.wait().await;
            })
        });
        let waker = receiver.recv().unwrap();
        until(|| value.load(SeqCst) == 1);
        assert_eq!(Arc::strong_count(&value), 2, "the task has its share");
        event.set();
        scheduler.block_on(task).unwrap();
        assert_eq!(Arc::strong_count(&value), 1, "a waker is left, the value is not");
        waker.wake();
    });
}

#[test]
fn a_task_refused_after_the_end_gives_up_what_it_inherited() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        scheduler.shutdown().unwrap();
        let value = Arc::new(AtomicUsize::new(0));
        let task = GROUP.sync_scope(value.clone(), || scheduler.spawn(async {}));
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_panic_leaves_no_value_behind() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(NUMBER.scope(
            1,
            USER.scope("ada", async {
                if NUMBER.get() == 1 {
                    panic!("inside of both");
                }
            }),
        ));
        assert!(scheduler.block_on(task).unwrap_err().is_panic());
        let next = scheduler.spawn(async { NUMBER.try_get().is_err() && USER.try_get().is_err() });
        assert!(scheduler.block_on(next).unwrap());
        let caught = catch_unwind(AssertUnwindSafe(|| NUMBER.sync_scope(1, || panic!("here"))));
        assert!(caught.is_err() && NUMBER.try_get().is_err());
    });
}

#[test]
fn a_value_that_was_taken_out_is_not_found_any_more() {
    let mut future = Box::pin(TEXT.scope("mine".into(), async { TEXT.try_get().is_err() }));
    assert_eq!(future.as_mut().take_value().as_deref(), Some("mine"));
    assert_eq!(future.as_mut().take_value(), None);
    assert_eq!(poll(future.as_mut()), Poll::Ready(true));
    let mut inherited: Pin<Box<TaskLocalFuture<_, _>>> = Box::pin(USER.scope("ada", async {}));
    assert_eq!(inherited.as_mut().take_value(), None, "it is shared");
}

#[test]
fn a_value_is_kept_between_polls_and_taken_back_at_the_end() {
    let mut future = Box::pin(COUNT.scope(Cell::new(0), async {
        for _ in 0..3 {
            COUNT.with(|count| count.set(count.get() + 1));
            coop::yield_now().await;
        }
        COUNT.with(Cell::get)
    }));
    while poll(future.as_mut()).is_pending() {}
    assert_eq!(future.as_mut().take_value().map(|count| count.get()), Some(3));
}

#[test]
fn a_future_with_a_value_goes_on_in_another_task() {
    on_one_and_four(|scheduler| {
        let future = USER.scope("ada", async {
            let first = qi_sched::spawn(async { USER.get() });
            coop::yield_now().await;
            (first.await.unwrap(), qi_sched::spawn(async { USER.get() }).await.unwrap())
        });
        let first = scheduler.spawn(async move {
            let mut future = Box::pin(future);
            poll_fn(|cx| {
                assert!(future.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            Some(future)
        });
        let future = scheduler.block_on(first).unwrap().unwrap();
        let second = GROUP.sync_scope(Arc::default(), || {
            scheduler.spawn(async { (future.await, GROUP.try_with(|_| ()).is_ok()) })
        });
        assert_eq!(scheduler.block_on(second).unwrap(), (("ada", "ada"), true));
    });
}

#[test]
fn futures_that_are_forgotten_break_nothing() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async {
            let mut forgotten = Box::pin(NUMBER.scope(1, USER.scope("ada", pending::<()>())));
            poll_fn(|cx| {
                assert!(forgotten.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            std::mem::forget(forgotten);
            NUMBER.try_get().is_err() && USER.try_get().is_err()
        });
        assert!(scheduler.block_on(task).unwrap());
    });
}

#[test]
fn a_hundred_thousand_generations_share_one_value() {
    fn generation(left: u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let key: &InheritedKey<_> = &USER;
            assert_eq!(key.get(), "ada");
            if left > 0 {
                // Set anew each time: what it hides is not kept.
                key.sync_scope("ada", || qi_sched::spawn(generation(left - 1)));
            } else {
                GROUP.with(|group| group.store(1, SeqCst));
            }
        })
    }
    on_one_and_four(|scheduler| {
        let done = Arc::new(AtomicUsize::new(0));
        let first = USER.scope("ada", generation(100_000));
        scheduler.spawn(GROUP.scope(done.clone(), first));
        until(|| done.load(SeqCst) == 1);
    });
}

/// Says in drop what it finds.
struct Finds(Arc<std::sync::Mutex<Option<Found>>>);

/// The number and the user that code finds, and whether it runs as a task.
type Found = (Option<u32>, Option<&'static str>, bool);

impl Drop for Finds {
    fn drop(&mut self) {
        let found = (NUMBER.try_get().ok(), USER.try_get().ok(), context::task_id().is_some());
        *self.0.lock().unwrap() = Some(found);
    }
}

#[test]
fn a_future_that_is_refused_is_dropped_with_its_own_values_and_not_the_spawners() {
    on_one_and_four(|scheduler| {
        scheduler.shutdown().unwrap();
        let found = Arc::default();
        let finds = Finds(Arc::clone(&found));
        let refused = USER.sync_scope("ada", || {
            NUMBER.sync_scope(1, || scheduler.spawn(async move { drop(finds) }))
        });
        assert!(scheduler.block_on(refused).unwrap_err().is_cancelled());
        assert_eq!(*found.lock().unwrap(), Some((None, Some("ada"), true)));
    });
}
