//! What the shim saw: its report, one record of 64 bytes per call.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// Bytes of a record, and of the name at its beginning; two counts follow.
const RECORD: usize = 64;
const NAME: usize = 48;

/// Calls of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) seen: u64,
    pub(super) failed: u64,
}

/// Calls by their name.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<String, Count>);

impl Counts {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("the shim was not loaded: {}", path.display()))?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        ensure!(!bytes.is_empty() && bytes.len() % RECORD == 0, "the shim's report is torn");
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes);
        let mut counts = BTreeMap::new();
        for record in bytes.chunks_exact(RECORD) {
            let name = record[..NAME].split(|byte| *byte == 0).next().unwrap_or_default();
            let count = Count {
                seen: number(&record[NAME..NAME + 8])?,
                failed: number(&record[NAME + 8..])?,
            };
            counts.insert(String::from_utf8(name.to_owned())?, count);
        }
        Ok(Self(counts))
    }

    pub(super) fn of(&self, call: &str) -> Count {
        self.0.get(call).copied().unwrap_or_default()
    }

    /// Keeps the higher of each two counts.
    pub(super) fn raise(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            let kept = self.0.entry(name.clone()).or_default();
            kept.seen = kept.seen.max(count.seen);
        }
    }
}

/// Counts for the tests of other files.
#[cfg(test)]
pub(super) mod tests_support {
    use super::*;

    /// So many calls of each, none of which failed.
    pub(in crate::step::faults) fn counts(seen: &[(&str, u64)]) -> Counts {
        let count = |seen: &u64| Count { seen: *seen, failed: 0 };
        Counts(seen.iter().map(|(name, seen)| ((*name).to_owned(), count(seen))).collect())
    }

    /// One call, which failed.
    pub(in crate::step::faults) fn failing(call: &str) -> Counts {
        Counts(BTreeMap::from([(call.to_owned(), Count { seen: 1, failed: 1 })]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, seen: u64, failed: u64) -> Vec<u8> {
        let mut record = name.as_bytes().to_vec();
        record.resize(NAME, 0);
        record.extend(seen.to_ne_bytes());
        record.extend(failed.to_ne_bytes());
        record
    }

    #[test]
    fn records_are_read_by_name_and_the_higher_count_is_kept() {
        let one = [record("socket", 7, 1), record("mmap", 3, 0)].concat();
        let mut counts = Counts::parse(&one).unwrap();
        assert_eq!(counts.of("socket"), Count { seen: 7, failed: 1 });
        assert_eq!(counts.of("eventfd"), Count::default());
        counts.raise(&Counts::parse(&record("mmap", 9, 0)).unwrap());
        assert_eq!((counts.of("socket").seen, counts.of("mmap").seen), (7, 9));
    }

    #[test]
    fn torn_report_is_an_error() {
        assert!(Counts::parse(&record("socket", 7, 1)[1..]).is_err());
        assert!(Counts::parse(&[]).is_err());
    }
}
