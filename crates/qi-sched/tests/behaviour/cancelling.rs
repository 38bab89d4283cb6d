//! Cancelling: when it takes effect, what it answers, and that futures are dropped once.
#![forbid(unsafe_code)]

use crate::support::{Drops, Event, Gate, on_one_and_four, until};
use qi_sched::{CancelError, TaskStatus, coop};

#[test]
fn a_task_cancelled_before_its_start_is_never_polled() {
    on_one_and_four(|scheduler| {
        let (hold, drops) = (Gate::default(), Drops::default());
        let blockers: Vec<_> = (0..scheduler.stats().worker_threads)
            .map(|_| {
                let (begun, held) = (Gate::default(), hold.clone());
                let entered = begun.clone();
                let task = scheduler.spawn(async move {
                    entered.open();
                    held.wait();
                });
                begun.wait();
                task
            })
            .collect();
        let probe = drops.probe();
        let task = scheduler.spawn(async move {
            let _probe = probe;
            unreachable!("cancelled before its start");
        });
        task.cancel().unwrap();
        hold.open();
        let watch = task.abort_handle();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(watch.status(), TaskStatus::Cancelled);
        assert_eq!(drops.count(), 1);
        for blocker in blockers {
            scheduler.block_on(blocker).unwrap();
        }
    });
}

#[test]
fn a_waiting_task_is_cancelled_on_a_worker_before_join_returns() {
    on_one_and_four(|scheduler| {
        let (event, drops) = (Event::default(), Drops::default());
        let (waited_for, probe) = (event.clone(), drops.probe());
        let task = scheduler.spawn(async move {
            let _probe = probe;
            waited_for.wait().await;
        });
        until(|| task.status() == TaskStatus::Waiting);
        task.cancel().unwrap();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
        assert!(drops.places()[0].1.is_some(), "dropped on a worker");
    });
}

#[test]
fn a_running_task_is_cancelled_at_its_next_suspension() {
    on_one_and_four(|scheduler| {
        let (begun, go_on, drops) = (Gate::default(), Gate::default(), Drops::default());
        let (entered, released, probe) = (begun.clone(), go_on.clone(), drops.probe());
        let task = scheduler.spawn(async move {
            let _probe = probe;
            entered.open();
            released.wait();
            coop::yield_now().await;
            unreachable!("cancelled at the yield");
        });
        begun.wait();
        task.cancel().unwrap();
        assert_eq!(task.status(), TaskStatus::Running);
        assert_eq!(drops.count(), 0);
        go_on.open();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_poll_that_returns_the_result_wins_over_cancelling() {
    on_one_and_four(|scheduler| {
        let (begun, go_on) = (Gate::default(), Gate::default());
        let (entered, released) = (begun.clone(), go_on.clone());
        let task = scheduler.spawn(async move {
            entered.open();
            released.wait();
            9
        });
        begun.wait();
        task.cancel().unwrap();
        task.cancel().unwrap();
        go_on.open();
        let watch = task.abort_handle();
        assert_eq!(scheduler.block_on(task).unwrap(), 9);
        assert_eq!(watch.status(), TaskStatus::Completed);
        assert_eq!(watch.cancel(), Err(CancelError::Ended));
    });
}

#[test]
fn a_second_request_is_as_good_as_the_first() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move { waited_for.wait().await });
        until(|| event.waiting() == 1);
        let abort = task.abort_handle();
        // The second may come when the task has ended already; then it says so.
        task.cancel().unwrap();
        assert!(matches!(abort.cancel(), Ok(()) | Err(CancelError::Ended)));
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(abort.cancel(), Err(CancelError::Ended));
    });
}

#[test]
fn a_task_that_cancels_itself_ends_at_its_next_suspension() {
    on_one_and_four(|scheduler| {
        let handover = Event::default();
        let (own, ready) = (std::sync::Arc::new(std::sync::OnceLock::new()), handover.clone());
        let slot = own.clone();
        let task = scheduler.spawn(async move {
            ready.wait().await;
            let abort: &qi_sched::AbortHandle = slot.get().unwrap();
            abort.cancel().unwrap();
            coop::yield_now().await;
            unreachable!("cancelled");
        });
        own.set(task.abort_handle()).unwrap();
        handover.set();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_future_that_cancels_its_own_task_while_it_is_dropped_does_no_harm() {
    struct CancelOnDrop(std::sync::Arc<std::sync::OnceLock<qi_sched::AbortHandle>>);
    impl Drop for CancelOnDrop {
        fn drop(&mut self) {
            // Being dropped, the task has not ended yet, so the request is taken.
            assert_eq!(self.0.get().unwrap().cancel(), Ok(()));
        }
    }
    on_one_and_four(|scheduler| {
        let (event, own) = (Event::default(), std::sync::Arc::new(std::sync::OnceLock::new()));
        let (waited_for, guard) = (event.clone(), CancelOnDrop(own.clone()));
        let task = scheduler.spawn(async move {
            let _guard = guard;
            waited_for.wait().await;
        });
        own.set(task.abort_handle()).unwrap();
        until(|| event.waiting() == 1);
        task.cancel().unwrap();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn cancelling_a_parent_detaches_its_children_only() {
    on_one_and_four(|scheduler| {
        let (event, drops) = (Event::default(), Drops::default());
        let (waited_for, probe) = (event.clone(), drops.probe());
        let parent = scheduler.spawn(async move {
            let child = qi_sched::spawn(async move {
                waited_for.wait().await;
                drop(probe);
            });
            child.await.unwrap();
        });
        until(|| event.waiting() == 1);
        parent.cancel().unwrap();
        assert!(scheduler.block_on(parent).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 0);
        event.set();
        until(|| drops.count() == 1);
    });
}
