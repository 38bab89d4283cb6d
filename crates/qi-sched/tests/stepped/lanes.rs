//! Order and share: which lane a worker picks from.
#![forbid(unsafe_code)]

use qi_sched::{
    Handle, ManualClock, Scheduler, Shares, StepOutcome, Stepper, TaskHandle, TaskPriority,
    context, coop,
};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

const LANES: [TaskPriority; 4] = TaskPriority::DESCENDING;

/// The polls in their order: on which worker, in which lane.
#[derive(Clone, Default)]
struct Picks(Arc<Mutex<Vec<(usize, TaskPriority)>>>);

impl Picks {
    fn note(&self, lane: TaskPriority) {
        let seat = context::seat().expect("polled on a worker");
        self.0.lock().unwrap().push((seat, lane));
    }

    fn take(&self) -> Vec<(usize, TaskPriority)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn stepper(workers: usize, shares: Shares) -> Stepper {
    Scheduler::builder()
        .worker_threads(workers)
        .shares(shares)
        .clock(Arc::new(ManualClock::new()))
        .build_stepper()
        .unwrap()
}

/// Tasks of one lane that are runnable for ever.
fn backlog(handle: &Handle, picks: &Picks, lane: TaskPriority, tasks: usize) {
    for _ in 0..tasks {
        let picks = picks.clone();
        drop(handle.spawn_with_priority(
            async move {
                loop {
                    picks.note(lane);
                    coop::yield_now().await;
                }
            },
            lane,
        ));
    }
}

fn count(window: &[TaskPriority], lane: TaskPriority) -> i64 {
    i64::try_from(window.iter().filter(|picked| **picked == lane).count()).unwrap()
}

/// With all lanes backlogged, each worker's picks: every 64 of them give each lower lane its share
/// within one, and the top lane the rest.
fn assert_shares(workers: usize, shares: Shares) {
    let stepper = stepper(workers, shares);
    let picks = Picks::default();
    for lane in LANES {
        backlog(stepper.handle(), &picks, lane, 40);
    }
    for _ in 0..64 * 50 {
        for worker in 0..workers {
            assert_eq!(stepper.step(worker), StepOutcome::Worked);
        }
    }
    let picks = picks.take();
    let every = |lane| match lane {
        TaskPriority::Low => Some(shares.low()),
        TaskPriority::Normal => Some(shares.normal()),
        TaskPriority::High => Some(shares.high()),
        TaskPriority::Critical => None,
    };
    for worker in 0..workers {
        let own: Vec<_> =
            picks.iter().filter(|(seat, _)| *seat == worker).map(|(_, lane)| *lane).collect();
        assert!(own.len() >= 64 * 50, "every step was a pick");
        for window in own.chunks_exact(64) {
            let mut rest = 64;
            for lane in LANES {
                let Some(every) = every(lane) else { continue };
                let (got, owed) = (count(window, lane), 64 / i64::from(every));
                assert!((got - owed).abs() <= 1, "worker {worker}, {lane}: {got} of {owed}");
                rest -= got;
            }
            assert_eq!(count(window, TaskPriority::Critical), rest);
        }
    }
    stepper.shutdown();
}

#[test]
fn with_all_lanes_backlogged_every_worker_keeps_the_shares() {
    for workers in [1, 2, 4] {
        assert_shares(workers, Shares::default());
    }
}

#[test]
fn shares_that_were_configured_are_kept_as_well() {
    assert_shares(2, Shares::new(4, 8, 16).unwrap());
    assert_shares(1, Shares::new(16, 32, 32).unwrap());
}

#[test]
fn with_two_lanes_backlogged_the_lower_one_gets_its_share() {
    for (high, low, every) in [
        (TaskPriority::Normal, TaskPriority::Low, 64),
        (TaskPriority::High, TaskPriority::Low, 64),
        (TaskPriority::High, TaskPriority::Normal, 16),
        (TaskPriority::Critical, TaskPriority::High, 8),
    ] {
        let stepper = stepper(1, Shares::default());
        let picks = Picks::default();
        backlog(stepper.handle(), &picks, high, 10);
        backlog(stepper.handle(), &picks, low, 10);
        for _ in 0..64 * 20 {
            assert_eq!(stepper.step(0), StepOutcome::Worked);
        }
        let picked: Vec<_> = picks.take().into_iter().map(|(_, lane)| lane).collect();
        for window in picked.chunks_exact(64) {
            let (got, owed) = (count(window, low), 64 / every);
            assert!((got - owed).abs() <= 1, "{low} under {high}: {got} of {owed}");
        }
    }
}

/// A task that waits for its waker, notes its pick, and waits again.
fn sleeper(handle: &Handle, picks: &Picks, lane: TaskPriority) -> (TaskHandle<()>, Wakes) {
    let (wakes, picks) = (Wakes::default(), picks.clone());
    let slot = wakes.clone();
    let task = handle.spawn_with_priority(
        async move {
            loop {
                let mut woken = false;
                poll_fn(|cx| {
                    if std::mem::replace(&mut woken, true) {
                        return Poll::Ready(());
                    }
                    *slot.0.lock().unwrap() = Some(cx.waker().clone());
                    Poll::Pending
                })
                .await;
                picks.note(lane);
            }
        },
        lane,
    );
    (task, wakes)
}

#[derive(Clone, Default)]
struct Wakes(Arc<Mutex<Option<Waker>>>);

impl Wakes {
    fn wake(&self) {
        self.0.lock().unwrap().take().expect("the sleeper waits").wake();
    }
}

#[test]
fn a_task_woken_in_an_idle_lane_above_is_picked_next_but_for_picks_owed() {
    for (urgent, below) in [
        (TaskPriority::Critical, &LANES[1..]),
        (TaskPriority::High, &LANES[2..]),
        (TaskPriority::Normal, &LANES[3..]),
    ] {
        let stepper = stepper(1, Shares::default());
        let picks = Picks::default();
        let (task, wakes) = sleeper(stepper.handle(), &picks, urgent);
        assert_eq!(stepper.step(0), StepOutcome::Worked);
        for lane in below {
            backlog(stepper.handle(), &picks, *lane, 10);
        }
        let mut late = 0;
        for round in 0..2_000 {
            for _ in 0..round % 7 {
                stepper.step(0);
            }
            picks.take();
            wakes.wake();
            let before = (0..)
                .take_while(|_| {
                    stepper.step(0);
                    picks.0.lock().unwrap().iter().all(|(_, lane)| *lane != urgent)
                })
                .count();
            assert!(before <= below.len(), "{urgent}: {before} picks went first");
            late += before;
        }
        // High is owed one pick in 8, Normal one in 16, Low one in 64: so many at most go first.
        assert!(late <= 2_000 / 4, "{urgent}: {late} picks went first in 2000 rounds");
        drop(task);
    }
}

#[test]
fn an_urgent_task_queued_on_one_worker_is_taken_by_another_before_its_own() {
    for (urgent, own) in [
        (TaskPriority::Critical, TaskPriority::High),
        (TaskPriority::High, TaskPriority::Normal),
        (TaskPriority::High, TaskPriority::Low),
        (TaskPriority::Normal, TaskPriority::Low),
    ] {
        let stepper = stepper(2, Shares::default());
        let picks = Picks::default();
        // Worker 1 has its own backlog.
        backlog(stepper.handle(), &picks, own, 5);
        while picks.0.lock().unwrap().len() < 10 {
            stepper.step(1);
        }
        // Worker 0 spawns an urgent task, and does not come to it.
        let noted = picks.clone();
        let spawner = stepper.handle().spawn_with_priority(
            async move {
                let handle = Handle::current();
                drop(handle.spawn_with_priority(async move { noted.note(urgent) }, urgent));
            },
            TaskPriority::Critical,
        );
        assert_eq!(stepper.step(0), StepOutcome::Worked);
        assert!(spawner.is_finished());
        picks.take();
        stepper.step(1);
        stepper.step(1);
        let picked = picks.take();
        // One of the two picks may be owed to the lower lane.
        assert!(picked.contains(&(1, urgent)), "{urgent} before {own}: {picked:?}");
    }
}

#[test]
fn a_lane_that_was_idle_has_saved_nothing_up() {
    let stepper = stepper(1, Shares::default());
    let picks = Picks::default();
    backlog(stepper.handle(), &picks, TaskPriority::High, 5);
    backlog(stepper.handle(), &picks, TaskPriority::Normal, 5);
    for _ in 0..10_000 {
        stepper.step(0);
    }
    picks.take();
    backlog(stepper.handle(), &picks, TaskPriority::Low, 5);
    for _ in 0..640 {
        stepper.step(0);
    }
    let picked: Vec<_> = picks.take().into_iter().map(|(_, lane)| lane).collect();
    let low = count(&picked, TaskPriority::Low);
    assert!((9..=11).contains(&low), "{low} of 10");
}

#[test]
fn tasks_of_one_lane_take_turns() {
    let stepper = stepper(1, Shares::default());
    let turns: Arc<Mutex<Vec<usize>>> = Arc::default();
    for n in 0..5 {
        let turns = turns.clone();
        drop(stepper.handle().spawn(async move {
            loop {
                turns.lock().unwrap().push(n);
                coop::yield_now().await;
            }
        }));
    }
    // The last of them may come out of the global queue only at its turn, the 64th pick.
    for _ in 0..128 {
        stepper.step(0);
    }
    turns.lock().unwrap().clear();
    for _ in 0..500 {
        stepper.step(0);
    }
    let turns = turns.lock().unwrap().clone();
    for n in 0..5 {
        let had = turns.iter().filter(|turn| **turn == n).count();
        assert!((95..=105).contains(&had), "task {n} had {had} turns of 100");
    }
}

#[test]
fn the_oldest_child_is_not_starved_by_newer_ones() {
    let stepper = stepper(1, Shares::default());
    let done = Arc::new(Mutex::new(false));
    let flag = done.clone();
    let task = stepper.handle().spawn(async move {
        drop(qi_sched::spawn(async move { *flag.lock().unwrap() = true }));
        loop {
            // Newer children than the first, each of which spawns one more.
            for _ in 0..2 {
                drop(qi_sched::spawn(async { drop(qi_sched::spawn(async {})) }));
            }
            coop::yield_now().await;
        }
    });
    for _ in 0..20_000 {
        if *done.lock().unwrap() {
            return drop(task);
        }
        stepper.step(0);
    }
    panic!("the oldest child never had its turn");
}
