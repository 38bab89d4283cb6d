//! A run on stepped workers is a function of its seeds.
#![forbid(unsafe_code)]

use crate::world::{Deed, Line, run};
use std::collections::HashSet;
use std::sync::mpsc::channel;
use std::time::Duration;

const SEEDS: u64 = 1_000;

/// Fails instead of hanging.
fn watched(body: impl FnOnce() + Send + 'static) {
    let (done, end) = channel();
    let body = std::thread::spawn(move || {
        body();
        done.send(()).expect("the watchdog waits");
    });
    match end.recv_timeout(Duration::from_secs(300)) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the test hangs"),
        Ok(()) | Err(_) => body.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)),
    }
}

#[test]
fn a_thousand_seeds_give_the_same_trace_twice_and_others_for_other_seeds() {
    watched(|| {
        let mut different = HashSet::new();
        for seed in 0..SEEDS {
            let (first, second) = (run(seed), run(seed));
            if let Some(at) = first.iter().zip(&second).position(|(one, two)| one != two) {
                panic!("seed {seed}, line {at}: {:?}, then {:?}", first[at], second[at]);
            }
            assert_eq!(first.len(), second.len(), "seed {seed}");
            different.insert(format!("{first:?}"));
        }
        assert!(different.len() > 900, "only {} different traces", different.len());
    });
}

#[test]
fn the_workload_does_everything_it_is_meant_to() {
    watched(|| {
        let lines: Vec<Line> = (0..200).flat_map(run).collect();
        let deeds = |wanted: fn(&Deed) -> bool| {
            lines
                .iter()
                .filter(|line| matches!(line, Line::Did(_, _, deed) if wanted(deed)))
                .count()
        };
        assert!(deeds(|deed| matches!(deed, Deed::Joined(Some(_)))) > 100);
        assert!(deeds(|deed| matches!(deed, Deed::Joined(None))) > 0, "a task joined itself");
        assert!(deeds(|deed| matches!(deed, Deed::Cancelled(true))) > 100);
        assert!(deeds(|deed| matches!(deed, Deed::Cancelled(false))) > 10);
        assert!(deeds(|deed| matches!(deed, Deed::Waited(_))) > 100);
        assert!(deeds(|deed| matches!(deed, Deed::Panics)) > 10);
        assert!(deeds(|deed| matches!(deed, Deed::Prioritised(_))) > 100);
    });
}
