//! A run on stepped workers is a function of its seeds.
#![forbid(unsafe_code)]

use crate::world::{Deed, Line, run};
use qi_test_kit::watched_for;
use std::collections::HashSet;
use std::time::Duration;

const SEEDS: u64 = 1_000;

#[test]
fn a_thousand_seeds_give_the_same_trace_twice_and_others_for_other_seeds() {
    watched_for(Duration::from_secs(300), || {
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
    watched_for(Duration::from_secs(300), || {
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
