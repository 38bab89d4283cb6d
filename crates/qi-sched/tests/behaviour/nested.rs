//! Blocks nested deep: woven with pinned tasks and joins, and an ancestor joined from the top.
#![forbid(unsafe_code)]

use crate::support::{Event, on, on_one_and_four, until};
use qi_sched::{Handle, Scheduler, TaskHandle, TaskStatus};
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// A place for a task that is not spawned yet, and the event of its arrival.
#[derive(Clone, Default)]
struct Place(Arc<Mutex<Option<TaskHandle<u32>>>>, Event);

impl Place {
    fn put(&self, task: TaskHandle<u32>) {
        *self.0.lock().unwrap() = Some(task);
        self.1.set();
    }

    async fn take(self) -> TaskHandle<u32> {
        self.1.wait().await;
        self.0.lock().unwrap().take().expect("it is taken once")
    }
}

/// A task that blocks on the next level, of which every third is pinned. Beside it, pinned to the
/// thread that it blocks, another one that blocks there for a moment itself, and then joins its like
/// of the next level, on another thread.
fn woven(handle: &Handle, depth: u32, beside: &Place) -> u32 {
    let (below, their_side, own) = (handle.clone(), Place::default(), handle.clone());
    let joined = their_side.clone();
    let side = qi_sched::spawn_local(async move {
        let one = own.block_on(qi_sched::spawn(async { 1 }).join()).unwrap();
        if depth == 0 {
            return one;
        }
        joined.take().await.join().await.unwrap() + one
    });
    beside.put(side.unwrap());
    if depth == 0 {
        return 0;
    }
    let next = if depth % 3 == 0 {
        handle.spawn_pinned(move || async move {
            let kept = Rc::new(depth);
            woven(&below, depth - 1, &their_side) + *kept
        })
    } else {
        handle.spawn(async move { woven(&below, depth - 1, &their_side) + depth })
    };
    handle.block_on(next.join()).unwrap()
}

#[test]
fn blocks_nested_twenty_deep_may_be_woven_with_pinned_tasks_that_join_each_other() {
    let body = |scheduler: &Scheduler| {
        for depth in [1, 2, 3, 20] {
            let (handle, beside) = (scheduler.handle().clone(), Place::default());
            let sides = beside.clone();
            let task = scheduler.spawn(async move { woven(&handle, depth, &beside) });
            assert_eq!(scheduler.block_on(task).unwrap(), depth * (depth + 1) / 2);
            let sides = scheduler.block_on(async { sides.take().await.await });
            assert_eq!(sides.unwrap(), depth + 1);
        }
        assert_eq!(scheduler.stats().extra_workers_started, 0, "no need for a rescue");
    };
    for workers in [1, 4] {
        // A slow machine must not look like workers that are stuck.
        let patient = Duration::from_secs(3600);
        on(Scheduler::builder().worker_threads(workers).stall_threshold(patient), body);
    }
}

/// Pinned tasks on one thread, each inside the `block_on` of the one before; the last is `innermost`.
fn stacked<F: Future<Output = bool> + 'static>(
    handle: &Handle,
    depth: u32,
    innermost: impl FnOnce() -> F + 'static,
) -> bool {
    let own = handle.clone();
    let next = if depth == 0 {
        handle.task().name("descendant").spawn_local(innermost())
    } else {
        handle.task().spawn_local(async move { stacked(&own, depth - 1, innermost) })
    };
    handle.block_on(next.unwrap()).unwrap()
}

#[test]
fn joining_ones_ancestor_twenty_blocks_below_is_an_error_that_names_both() {
    on_one_and_four(|scheduler| {
        let (ready, handle) = (Event::default(), scheduler.handle().clone());
        let own = Arc::new(Mutex::new(None::<TaskHandle<bool>>));
        let (waited_for, slot) = (ready.clone(), own.clone());
        let told = Arc::new(OnceLock::new());
        let tell = told.clone();
        let ancestor = scheduler.handle().task().name("ancestor").spawn(async move {
            waited_for.wait().await;
            stacked(&handle, 20, move || async move {
                let ancestor = slot.lock().unwrap().take().unwrap();
                let error = ancestor.join().await.unwrap_err();
                tell.set(error.to_string()).unwrap();
                error.is_self_wait()
            })
        });
        let watch = ancestor.abort_handle();
        *own.lock().unwrap() = Some(ancestor);
        ready.set();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), TaskStatus::Completed);
        let text = told.get().expect("the error came before the end");
        assert!(text.contains("'ancestor'") && text.contains("'descendant'"), "{text}");
    });
}
