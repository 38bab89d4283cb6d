//! What one process measured, what several of them make together, and the JSON of both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::machine::{ABSENT, LOAD_BEFORE};

/// The named figures of one process's measurement.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Figure by name; the unit is part of the name (`wall_ns`, `peak_mib`).
    pub(crate) figures: BTreeMap<String, f64>,
}

impl Sample {
    /// The same sample with one more figure.
    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), value);
        self
    }
}

/// Median and extremes of one figure over the repetitions.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Sums up the values, or `None` when there are none.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            (values[middle - 1] + values[middle]) / 2.0
        };
        Some(Self { median, min, max })
    }
}

/// Everything known about one (workload, runtime) pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) workload: String,
    pub(crate) runtime: String,
    /// Why there are no figures, or why there are fewer repetitions than asked for.
    pub(crate) note: Option<String>,
    pub(crate) summary: BTreeMap<String, Spread>,
    /// One entry per repetition, in order.
    pub(crate) samples: Vec<Sample>,
}

impl Record {
    /// A pair that nothing is known about yet.
    pub(crate) fn new(workload: &str, runtime: &str) -> Self {
        Self {
            workload: workload.to_owned(),
            runtime: runtime.to_owned(),
            note: None,
            summary: BTreeMap::new(),
            samples: Vec::new(),
        }
    }

    /// Works the summary out of the samples.
    pub(crate) fn sum_up(&mut self) {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for sample in &self.samples {
            for (name, value) in &sample.figures {
                values.entry(name.clone()).or_default().push(*value);
            }
        }
        self.summary = values
            .into_iter()
            .filter_map(|(name, values)| Some((name, Spread::of(values)?)))
            .collect();
    }

    /// The median of a figure, if it was measured.
    pub(crate) fn median(&self, figure: &str) -> Option<f64> {
        self.summary.get(figure).map(|spread| spread.median)
    }
}

/// A whole run of the instrument, as it is written to `--json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Version of this layout.
    pub(crate) schema: u32,
    /// What it was measured on and with, as shown in the report.
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) workers: usize,
    /// Whether the workloads were cut to a tenth.
    pub(crate) quick: bool,
    pub(crate) records: Vec<Record>,
}

impl Run {
    /// The record of a pair.
    pub(crate) fn record(&self, workload: &str, runtime: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.workload == workload && record.runtime == runtime)
    }

    /// How loaded the machine was is its state, and no part of what it is.
    fn is_of_machine(&self, other: &Self) -> bool {
        let lasting = |run: &Self| {
            let facts = run.machine.iter().filter(|(name, _)| *name != LOAD_BEFORE);
            facts.map(|(name, fact)| (name.clone(), fact.clone())).collect::<Vec<_>>()
        };
        lasting(self) == lasting(other)
    }

    /// A peer that was not there, or not asked for, has no version that could differ.
    fn is_of_versions(&self, other: &Self) -> bool {
        let differs = |(name, version): (&String, &String)| {
            other.versions.get(name).is_some_and(|its| its != version && its != ABSENT)
        };
        !self.versions.iter().filter(|(_, version)| *version != ABSENT).any(differs)
    }

    /// This run and a later piece of it: what the piece has replaces what was there.
    ///
    /// # Errors
    /// They were not taken of the same programs in the same way.
    pub(crate) fn joined(mut self, mut piece: Self) -> Result<Self, String> {
        let ways = [
            (self.schema == piece.schema, "layouts of the file"),
            (self.is_of_machine(&piece), "machines"),
            (self.is_of_versions(&piece), "versions"),
            ((self.workers, self.quick) == (piece.workers, piece.quick), "workers or lengths"),
        ];
        if let Some((_, what)) = ways.into_iter().find(|(same, _)| !same) {
            return Err(format!("the files are no pieces of one run: they have different {what}"));
        }
        piece.versions.retain(|_, version| version != ABSENT);
        self.versions.extend(std::mem::take(&mut piece.versions));
        self.records.retain(|old| piece.record(&old.workload, &old.runtime).is_none());
        self.records.extend(piece.records);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{ABSENT, Record, Run, Sample, Spread};
    use std::collections::BTreeMap;

    fn run_of(workloads: &[(&str, f64)], workers: usize) -> Run {
        let records = workloads.iter().map(|(workload, value)| {
            let mut record = Record::new(workload, "qi");
            record.samples.push(Sample::default().with("wall_ns", *value));
            record.sum_up();
            record
        });
        let (machine, versions) = (BTreeMap::new(), BTreeMap::new());
        let records = records.collect();
        Run { schema: 1, machine, versions, workers, quick: false, records }
    }

    #[test]
    fn a_later_piece_of_a_run_replaces_what_both_have_and_must_be_of_the_same_run() {
        let whole = run_of(&[("spawn", 1.0), ("yield", 2.0)], 2);
        let joined = whole.joined(run_of(&[("yield", 3.0), ("chain", 4.0)], 2)).expect("one run");
        let medians = ["spawn", "yield", "chain"]
            .map(|name| joined.record(name, "qi").and_then(|record| record.median("wall_ns")));
        assert_eq!(medians, [Some(1.0), Some(3.0), Some(4.0)]);
        assert_eq!(joined.records.len(), 3);
        let with_go = |version: &str| {
            let mut run = run_of(&[], 2);
            run.versions.insert("go".to_owned(), version.to_owned());
            run
        };
        let joined = joined.joined(with_go(ABSENT)).expect("nobody asked for Go");
        let joined = joined.joined(with_go("1")).expect("it was not there before");
        let joined = joined.joined(with_go(ABSENT)).expect("nobody asked for Go");
        assert_eq!(joined.versions["go"], "1");
        assert!(joined.clone().joined(with_go("2")).expect_err("another").contains("versions"));
        let refused = joined.joined(run_of(&[], 4)).expect_err("another number of workers");
        assert!(refused.contains("workers"), "{refused}");
    }

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 10.0]).expect("four values");
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 3.0, 10.0));
        assert!(Spread::of(Vec::new()).is_none());
    }

    #[test]
    fn a_record_sums_up_each_figure_by_itself() {
        let mut record = Record::new("spawn", "tokio");
        record.samples.push(Sample::default().with("wall_ns", 5.0).with("cpu_ns", 9.0));
        record.samples.push(Sample::default().with("wall_ns", 7.0));
        record.sum_up();
        assert_eq!(record.median("wall_ns"), Some(6.0));
        assert_eq!(record.median("cpu_ns"), Some(9.0));
        assert_eq!(record.median("p50_ns"), None);
    }
}
