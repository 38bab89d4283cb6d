//! The bodies as ordinary tests: over the committed corpora, over random inputs, and over none.
#![forbid(unsafe_code)]

use qi_fuzz::{BODIES, Body};
use qi_test_kit::{Seeded, watched};
use std::path::Path;

/// Random inputs for each body; `QI_FUZZ_INPUTS` says another number.
const INPUTS: u64 = 400;
const LONGEST: u64 = 220;

fn random_inputs(name: &str, body: Body) {
    let count = std::env::var("QI_FUZZ_INPUTS").ok().and_then(|count| count.parse().ok());
    let mut dice = Seeded::new(name);
    for _ in 0..count.unwrap_or(INPUTS) {
        let length = dice.below(LONGEST);
        let input: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        told_of(name, &input, body);
    }
}

/// Says which input it was if the body panics.
fn told_of(name: &str, input: &[u8], body: Body) {
    struct Says<'a>(&'a str, &'a [u8]);
    impl Drop for Says<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{} panicked with {:?}", self.0, self.1);
            }
        }
    }
    let _says = Says(name, input);
    body(input);
}

fn body_of(name: &str) -> Body {
    let found = BODIES.iter().find(|(other, _)| *other == name);
    found.map(|(_, body)| *body).expect("a body of this name")
}

#[test]
fn every_committed_input_runs_without_a_finding() {
    watched(|| {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for (name, body) in BODIES {
            let mut count = 0;
            for entry in std::fs::read_dir(corpus.join(name)).expect("a corpus for each body") {
                let path = entry.expect("an entry").path();
                let input = std::fs::read(&path).expect("an input");
                told_of(&path.to_string_lossy(), &input, *body);
                count += 1;
            }
            assert!(count > 0, "the corpus of {name} is empty");
        }
    });
}

#[test]
fn an_empty_input_is_a_plan_too() {
    watched(|| BODIES.iter().for_each(|(_, body)| body(&[])));
}

#[test]
fn random_calls_of_channels_do_what_the_models_do() {
    watched(|| random_inputs("channel", body_of("channel")));
}

#[test]
fn random_calls_of_coroutines_do_what_they_were_told() {
    watched(|| random_inputs("coroutine", body_of("coroutine")));
}

#[test]
fn random_calls_of_handles_do_what_the_list_does() {
    watched(|| random_inputs("handle", body_of("handle")));
}

#[test]
fn random_calls_of_tasks_lose_none() {
    watched(|| random_inputs("task", body_of("task")));
}

#[test]
fn random_calls_of_timers_do_what_the_list_does() {
    watched(|| random_inputs("timer", body_of("timer")));
}
