//! Programs that do not come to their end.
#![forbid(unsafe_code)]

use qi_runtime::AsyncRuntime;
use qi_runtime::simulation::{Simulation, SimulationError};
use qi_runtime::sync::Mutex;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

fn simulation(seed: u64) -> Simulation {
    AsyncRuntime::builder().worker_threads(2).simulated(seed).build().unwrap()
}

#[test]
fn a_deadlock_ends_the_run_and_names_those_who_wait() {
    let simulation = simulation(1);
    let result = simulation.try_run(async {
        let (one, other) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let take = |name: &'static str, first: Arc<Mutex<()>>, second: Arc<Mutex<()>>| {
            qi_runtime::Handle::current().task().name(name).spawn(async move {
                let _first = first.lock().await;
                qi_runtime::time::sleep(qi_runtime::time::Duration::from_millis(1)).await;
                let _second = second.lock().await;
            })
        };
        let left = take("left", one.clone(), other.clone());
        let right = take("right", other, one);
        let _ = left.join().await;
        let _ = right.join().await;
    });
    let Err(SimulationError::Deadlock { seed: 1, blocks: 1, tasks, .. }) = &result else {
        panic!("not a deadlock: {result:?}");
    };
    assert_eq!(tasks.len(), 2);
    assert!(tasks[0].contains("'left'") && tasks[1].contains("'right'"), "{tasks:?}");
    assert!(tasks[0].contains("stuck.rs"), "the place of spawning: {tasks:?}");
    let error = result.unwrap_err();
    assert!(
        error.to_string().starts_with("seed 1: everybody waits for ever (tasks: 2, blocks: 1)"),
        "{error}"
    );
    assert!(error.message_zh().contains("种子 1"), "{}", error.message_zh());
    simulation.finish().unwrap();
}

#[test]
fn a_program_that_goes_round_in_circles_is_ended() {
    let builder = AsyncRuntime::builder().worker_threads(2).simulated(5).max_steps(1_000);
    let simulation = builder.build().unwrap();
    let result = simulation.try_run(async {
        while !std::hint::black_box(false) {
            qi_runtime::yield_now().await;
            let _ = qi_runtime::spawn(async {}).join().await;
        }
    });
    assert!(matches!(result, Err(SimulationError::TooManySteps { seed: 5, steps: 1_000 })));
}

#[test]
fn a_waker_that_is_forgotten_is_a_deadlock_of_the_program_and_not_of_the_runtime() {
    let simulation = simulation(2);
    let result = simulation.try_run(async { qi_runtime::spawn(pending::<()>()).join().await });
    assert!(matches!(result, Err(SimulationError::Deadlock { .. })), "{result:?}");
    simulation.finish().unwrap();
}

#[test]
fn a_root_future_is_polled_only_when_it_is_woken() {
    let simulation = simulation(3);
    let polls = AtomicUsize::new(0);
    simulation.run(async {
        let task = qi_runtime::spawn(async {
            for _ in 0..100 {
                qi_runtime::yield_now().await;
            }
        });
        let mut join = std::pin::pin!(task.join());
        poll_fn(|cx| {
            polls.fetch_add(1, SeqCst);
            std::future::Future::poll(join.as_mut(), cx)
        })
        .await
        .unwrap();
        let mut first = true;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    });
    assert_eq!(polls.load(SeqCst), 2);
    simulation.finish().unwrap();
}

#[test]
fn a_panic_of_the_root_future_is_the_callers_and_the_simulation_still_ends() {
    let simulation = simulation(4);
    let run = std::panic::AssertUnwindSafe(|| {
        simulation.run(async {
            drop(qi_runtime::spawn(pending::<()>()));
            std::panic::resume_unwind(Box::new("planned"));
        })
    });
    let payload = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"planned"));
    assert_eq!(simulation.finish().unwrap().stats.cancelled_tasks, 1);
}
