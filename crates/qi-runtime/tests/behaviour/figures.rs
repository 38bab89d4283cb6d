//! Statistics: figures that add up, and the list of live tasks.

use crate::support::{Event, until, watched};
use qi_runtime::time::{Duration, sleep};
use qi_runtime::{AsyncRuntime, RuntimeStats, TaskPriority, TaskStatus, yield_now};

fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("in range")
}

#[track_caller]
fn adds_up(stats: &RuntimeStats) {
    let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
    assert_eq!(stats.spawned_tasks, stats.active_tasks + ended, "{stats:?}");
}

#[test]
fn figures_add_up_when_nothing_runs() {
    watched(|| {
        let runtime = runtime(2);
        let gate = Event::new();
        let mut ended = Vec::new();
        for n in 0..60 {
            let gate = gate.clone();
            match n % 4 {
                0 => ended.push(runtime.spawn(async {})),
                1 => ended.push(runtime.spawn(async { std::panic::resume_unwind(Box::new(())) })),
                2 => ended.push(runtime.spawn_blocking(|| ())),
                _ => ended.push(runtime.spawn(gate)),
            }
        }
        until(|| gate.waiting() == 15);
        until(|| ended.iter().filter(|task| task.is_finished()).count() == 45);
        until(|| runtime.stats().queued_tasks == 0);
        let stats = runtime.stats();
        assert_eq!((stats.active_tasks, stats.completed_tasks, stats.failed_tasks), (15, 30, 15));
        adds_up(&stats);
        for task in &ended {
            let _ = task.cancel();
        }
        until(|| ended.iter().all(|task| task.is_finished()));
        let stats = runtime.stats();
        assert_eq!((stats.active_tasks, stats.cancelled_tasks), (0, 15));
        adds_up(&stats);
        let polls: u64 = stats.workers.iter().flat_map(|worker| worker.polls).sum();
        assert!(polls >= 60, "each task on a worker was polled or dropped: {polls}");
    });
}

#[test]
fn what_is_runnable_is_counted_whatever_its_urgency_was_raised_by() {
    watched(|| {
        // No extra worker: what waits behind the busy one stays there to be counted.
        let runtime = AsyncRuntime::builder()
            .worker_threads(1)
            .stall_threshold(Duration::from_secs(3600))
            .build()
            .expect("in range");
        let gates: Vec<_> = (0..10).map(|_| Event::new()).collect();
        let lows: Vec<_> = gates
            .iter()
            .map(|gate| runtime.spawn_with_priority(gate.clone(), TaskPriority::Low))
            .collect();
        until(|| gates.iter().all(|gate| gate.waiting() == 1));
        // Each is made runnable by the urgency that its waiter lends it.
        let highs: Vec<_> = lows
            .into_iter()
            .map(|low| runtime.spawn_with_priority(low, TaskPriority::High))
            .collect();
        until(|| highs.iter().all(|high| high.status() == TaskStatus::Waiting));
        let (begun, stop) = (Event::new(), Event::new());
        let busy = {
            let (begun, stop) = (begun.clone(), stop.clone());
            runtime.spawn_with_priority(
                async move {
                    begun.set();
                    stop.spin();
                },
                TaskPriority::Low,
            )
        };
        // Low: whatever the raising made runnable has run before it.
        begun.spin();
        let pinned: Vec<_> = (0..20).map(|_| runtime.spawn_pinned(|| async {})).collect();
        let queued = runtime.stats().queued_tasks;
        stop.set();
        gates.iter().for_each(Event::set);
        runtime.block_on(async {
            busy.await.expect("it ends");
            for task in pinned {
                task.await.expect("it ends");
            }
            for high in highs {
                high.await.expect("it ends").expect("it ends");
            }
        });
        assert_eq!(queued, 20);
        let stats = runtime.stats();
        assert_eq!(stats.queued_tasks, 0);
        adds_up(&stats);
    });
}

#[test]
fn the_list_of_tasks_says_who_they_are_and_what_they_do_without_polling_any() {
    watched(|| {
        let runtime = runtime(1);
        let gate = Event::new();
        let here = std::panic::Location::caller().file();
        let waiting =
            runtime.task().name("waiting").priority(TaskPriority::Low).spawn(gate.clone());
        let pinned = {
            let gate = gate.clone();
            runtime.task().name("pinned").spawn_pinned(move || gate)
        };
        until(|| gate.waiting() == 2);
        let (begun, stop) = (Event::new(), Event::new());
        let call = {
            let (begun, stop) = (begun.clone(), stop.clone());
            runtime.task().name("call").spawn_blocking(move || {
                begun.set();
                stop.spin();
            })
        };
        begun.spin();
        let list = || {
            let mut tasks = runtime.stats().tasks();
            tasks.sort_by(|left, right| left.name.cmp(&right.name));
            tasks
        };
        let tasks = list();
        let names: Vec<_> = tasks.iter().map(|task| task.name.as_deref()).collect();
        assert_eq!(names, [Some("call"), Some("pinned"), Some("waiting")]);
        let states: Vec<_> = tasks.iter().map(|task| task.status).collect();
        assert_eq!(states, [TaskStatus::Running, TaskStatus::Waiting, TaskStatus::Waiting]);
        assert!(tasks[0].blocking && tasks[1].pinned && !tasks[2].pinned);
        assert_eq!((tasks[2].priority, tasks[2].lane), (TaskPriority::Low, TaskPriority::Low));
        assert_eq!((tasks[1].id, tasks[2].id), (pinned.id(), waiting.id()));
        assert!(tasks.iter().all(|task| task.location.file() == here));
        assert_eq!(tasks[2].polls, 1);
        assert_eq!(list()[2].polls, 1, "a look polls nobody");
        stop.set();
        gate.set();
        runtime.block_on(async {
            call.await.expect("it ends");
            waiting.await.expect("it ends");
            pinned.await.expect("it ends");
        });
        assert!(list().is_empty());
    });
}

#[test]
fn timers_and_blocking_threads_are_counted() {
    watched(|| {
        let runtime = runtime(2);
        let tasks: Vec<_> = (0..10)
            .map(|_| runtime.spawn(async { sleep(Duration::from_secs(3600)).await }))
            .collect();
        until(|| runtime.stats().timers() == 10);
        tasks.iter().for_each(|task| task.cancel().expect("it waits"));
        until(|| runtime.stats().timers() == 0);
        runtime.block_on(runtime.spawn_blocking(|| ())).expect("it ends");
        until(|| runtime.stats().idle_blocking_threads == 1);
        assert_eq!(runtime.stats().blocking_threads, 1);
    });
}

#[test]
fn polls_are_counted_in_the_lane_that_they_were_taken_from() {
    watched(|| {
        let runtime = runtime(1);
        for (priority, yields) in
            [(TaskPriority::Low, 3), (TaskPriority::High, 5), (TaskPriority::Critical, 7)]
        {
            let task = runtime.spawn_with_priority(
                async move {
                    for _ in 0..yields {
                        yield_now().await;
                    }
                },
                priority,
            );
            runtime.block_on(task).expect("it ends");
        }
        let stats = runtime.stats();
        let polls = |lane: TaskPriority| -> u64 {
            stats.workers.iter().map(|worker| worker.polls[lane.index()]).sum()
        };
        let counted = TaskPriority::DESCENDING.map(polls);
        assert_eq!(counted, [8, 6, 0, 4]);
    });
}
