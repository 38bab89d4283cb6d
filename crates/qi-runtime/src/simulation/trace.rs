//! What happened in a simulation, in order: lines to read, and a number to compare.
#![forbid(unsafe_code)]

use qi_sched::{StepOutcome, Tally};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// What happened, one after the other.
///
/// The [`hash`](Self::hash) covers everything since the beginning: two runs with the same hash went the
/// same way. The lines are kept from the end back, as many as the builder's
/// [`trace_lines`](super::SimulationBuilder::trace_lines) says. Printed with `{}` it has a line per event.
#[derive(Clone, Debug)]
pub struct Trace {
    seed: u64,
    hash: u64,
    events: u64,
    keep: usize,
    lines: VecDeque<Line>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    at: Duration,
    what: Event,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A worker did one thing; how much more it has done since.
    Stepped { worker: usize, outcome: StepOutcome, did: Tally },
    /// A worker that slept goes on.
    Woke { worker: usize },
    /// A blocking call was run.
    Called,
    /// Nothing could go on: the clock moved to the next moment at which something happens.
    Jumped,
    /// The shutdown began.
    Closed,
    /// The network did something.
    Network(String),
    /// The program said something.
    Note(String),
}

impl Trace {
    pub(super) fn new(seed: u64, keep: usize) -> Self {
        let mut trace =
            Self { seed, hash: 0xCBF2_9CE4_8422_2325, events: 0, keep, lines: VecDeque::new() };
        trace.mix(seed);
        trace
    }

    /// The seed of the simulation.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number that stands for all that has happened.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn push(&mut self, at: Duration, what: Event) {
        self.events += 1;
        self.mix(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX));
        self.mix_event(&what);
        if self.keep == 0 {
            return;
        }
        if self.lines.len() == self.keep {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { at, what });
    }

    fn mix_event(&mut self, what: &Event) {
        match what {
            Event::Stepped { worker, outcome, did } => {
                self.mix(1 + (*outcome as u64) * 8 + ((*worker as u64) << 8));
                self.mix(did.polls + (did.steals << 24) + (did.in_place << 40));
            }
            Event::Woke { worker } => self.mix(2 + ((*worker as u64) << 8)),
            Event::Called => self.mix(3),
            Event::Jumped => self.mix(4),
            Event::Closed => self.mix(5),
            Event::Network(text) => self.mix_text(6, text),
            Event::Note(text) => self.mix_text(7, text),
        }
    }

    fn mix_text(&mut self, kind: u64, text: &str) {
        self.mix(kind + ((text.len() as u64) << 8));
        for part in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.mix(u64::from_le_bytes(word));
        }
    }

    /// Fowler, Noll and Vo's way of mixing (FNV-1a), a word at a time, with a rotation so that high bits
    /// come down.
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(29);
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = self.events - self.lines.len() as u64;
        if left_out > 0 {
            writeln!(f, "({left_out} events before)")?;
        }
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        write!(f, "seed {}: {} events, hash {:016x}", self.seed, self.events, self.hash)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.3} µs  ", self.at.as_nanos() as f64 / 1_000.0)?;
        match &self.what {
            Event::Stepped { worker, outcome, did } => {
                let outcome = match outcome {
                    StepOutcome::Worked => "steps",
                    StepOutcome::WouldPark => "goes to sleep",
                    StepOutcome::Left => "leaves",
                };
                write!(f, "worker {worker} {outcome}")?;
                for (count, what) in
                    [(did.polls, "polls"), (did.steals, "steals"), (did.in_place, "in place")]
                {
                    if count > 0 {
                        write!(f, ", {what} {count}")?;
                    }
                }
                Ok(())
            }
            Event::Woke { worker } => write!(f, "worker {worker} wakes up"),
            Event::Called => f.write_str("a blocking call ran"),
            Event::Jumped => f.write_str("nothing can go on: time passes"),
            Event::Closed => f.write_str("the shutdown begins"),
            Event::Network(text) => write!(f, "network: {text}"),
            Event::Note(text) => write!(f, "note: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_its_order_and_the_seed_change_the_hash() {
        let of = |seed, events: &[Event]| {
            let mut trace = Trace::new(seed, 0);
            events.iter().for_each(|event| trace.push(Duration::ZERO, event.clone()));
            trace.hash()
        };
        let (note, called) = (Event::Note("a".into()), Event::Called);
        let all = [
            of(1, &[]),
            of(2, &[]),
            of(1, std::slice::from_ref(&note)),
            of(1, &[Event::Note("b".into())]),
            of(1, &[note.clone(), called.clone()]),
            of(1, &[called, note]),
        ];
        let different: std::collections::HashSet<u64> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn the_last_lines_are_kept_and_the_rest_is_counted() {
        let mut trace = Trace::new(1, 2);
        for number in 0..5 {
            trace.push(Duration::from_micros(number), Event::Note(number.to_string()));
        }
        let text = trace.to_string();
        assert!(text.starts_with("(3 events before)\n"), "{text}");
        assert!(text.contains("3.000 µs  note: 3\n"), "{text}");
        assert!(!text.contains("note: 2"), "{text}");
        assert!(text.contains("5 events, hash "), "{text}");
    }
}
