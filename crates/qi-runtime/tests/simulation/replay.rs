//! The same seed gives the same run.
#![forbid(unsafe_code)]

use crate::workload;
use qi_runtime::AsyncRuntime;
use qi_runtime::simulation::{each_seed, note, random_below};
use qi_runtime::time::{Duration, Instant, sleep};
use std::collections::HashSet;

#[test]
fn a_seed_gives_the_same_trace_twice_and_others_give_others() {
    let mut different = HashSet::new();
    each_seed(8, |seed| {
        let (first, second) = (workload::run(seed).unwrap(), workload::run(seed).unwrap());
        assert_eq!(first.trace.to_string(), second.trace.to_string());
        assert_eq!(first.trace.hash(), second.trace.hash());
        different.insert(first.trace.hash());
    });
    assert!(different.len() == 8 || std::env::var_os("QI_SIMULATION_SEED").is_some());
}

#[test]
fn hours_of_sleeps_take_no_time_and_are_never_short() {
    each_seed(10, |seed| {
        let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
        simulation.run(async {
            let begun = Instant::now();
            let tasks: Vec<_> = (0..50_u64)
                .map(|number| {
                    qi_runtime::spawn(async move {
                        let (begun, wish) = (Instant::now(), Duration::from_secs(number * 60));
                        sleep(wish).await;
                        assert!(begun.elapsed() >= wish);
                        begun.elapsed() - wish
                    })
                })
                .collect();
            for task in tasks {
                let late = task.join().await.unwrap();
                assert!(late < Duration::from_secs(1), "nothing else was there to do: {late:?}");
            }
            assert!(begun.elapsed() >= Duration::from_secs(49 * 60));
        });
        assert!(simulation.elapsed() >= Duration::from_secs(49 * 60));
        simulation.finish().unwrap();
    });
}

#[test]
fn chances_and_notes_are_the_programs_own() {
    let run = |seed| {
        let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
        let drawn = simulation.run(async {
            let drawn: Vec<u64> = (0..10).filter_map(|_| random_below(1000)).collect();
            note(format!("{drawn:?}"));
            drawn
        });
        assert!(simulation.trace().to_string().contains(&format!("note: {drawn:?}")));
        (drawn, simulation.finish().unwrap().trace.hash())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
    assert_eq!(random_below(5), None, "no simulation");
    note("nobody reads this");
}

#[test]
fn branches_of_select_are_chosen_by_the_seed_outside_of_tasks_too() {
    let run = |seed| {
        let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
        simulation.run(async {
            let mut taken = Vec::new();
            for _ in 0..20 {
                qi_runtime::select! {
                    () = async {} => taken.push(1),
                    () = async {} => taken.push(2),
                    () = async {} => taken.push(3),
                }
            }
            taken
        })
    };
    assert_eq!(run(3), run(3));
}

#[test]
fn two_simulations_live_side_by_side() {
    let make = |seed| AsyncRuntime::builder().simulated(seed).build().unwrap();
    let (one, other) = (make(1), make(2));
    let left = one.handle().spawn(async { 1 });
    let right = other.handle().spawn(async { 2 });
    assert_eq!(other.run(right.join()).unwrap(), 2);
    assert_eq!(one.run(left.join()).unwrap(), 1);
    one.finish().unwrap();
    other.finish().unwrap();
}
