//! Instruction counts as a file that names its toolchain, and the comparison of two such files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::machine::RUSTC;

/// Instructions per operation, by kernel.
pub(super) type Counts = BTreeMap<String, f64>;

/// Counts of some runtimes, and what they were counted with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figures {
    /// Compiler, architecture and counter.
    pub(super) toolchain: String,
    pub(super) runtimes: BTreeMap<String, Counts>,
}

/// Where the committed counts lie.
pub(super) fn committed_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels.json")
}

impl Figures {
    /// No counts yet, by this program's toolchain.
    pub(super) fn new(valgrind: &str) -> Self {
        let toolchain = format!("{RUSTC}, {}, {valgrind}", std::env::consts::ARCH);
        Self { toolchain, runtimes: BTreeMap::new() }
    }

    /// Reads a file of counts.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        serde_json::from_str(&super::read(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes the counts, rounded to a tenth of an instruction.
    pub(super) fn write(&self, path: &Path) -> Result<(), String> {
        let mut rounded = self.clone();
        for count in rounded.runtimes.values_mut().flat_map(BTreeMap::values_mut) {
            *count = (*count * 10.0).round() / 10.0;
        }
        let text = serde_json::to_string_pretty(&rounded).map_err(|error| error.to_string())?;
        fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Counts of two toolchains say nothing about each other.
    pub(super) fn same_toolchain(&self, now: &Self) -> Result<(), String> {
        if self.toolchain == now.toolchain {
            return Ok(());
        }
        Err(format!(
            "the figures are of `{}`, this is `{}`; take them anew with --bless",
            self.toolchain, now.toolchain
        ))
    }

    /// Shows both side by side; an error names what grew by more than so many percent.
    pub(super) fn compare(&self, now: &Self, limit_percent: f64) -> Result<(), String> {
        let mut grown = Vec::new();
        let mut compared = 0;
        for (runtime, counts) in &now.runtimes {
            let Some(before) = self.runtimes.get(runtime) else {
                return Err(format!("there are no earlier figures of {runtime}"));
            };
            for (kernel, &count) in counts {
                let Some(&earlier) = before.get(kernel) else {
                    return Err(format!("there is no earlier figure of {runtime} {kernel}"));
                };
                compared += 1;
                let percent = (count / earlier - 1.0) * 100.0;
                println!("{runtime:6} {kernel:14} {earlier:10.1} → {count:10.1} {percent:+6.1} %");
                if percent > limit_percent {
                    grown.push(format!("{runtime} {kernel} grew by {percent:.1} %"));
                }
            }
        }
        match (compared, grown.is_empty()) {
            (0, _) => Err("nothing was compared".to_owned()),
            (_, true) => Ok(()),
            (_, false) => Err(format!("beyond {limit_percent} %: {}", grown.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Figures};

    fn figures(toolchain: &str, counts: &[(&str, f64)]) -> Figures {
        let counts: Counts =
            counts.iter().map(|(kernel, count)| ((*kernel).to_owned(), *count)).collect();
        Figures {
            toolchain: toolchain.to_owned(),
            runtimes: [("qi".to_owned(), counts)].into_iter().collect(),
        }
    }

    #[test]
    fn growth_beyond_the_limit_is_named() {
        let before = figures("a", &[("yield", 100.0), ("spawn", 400.0)]);
        let now = figures("a", &[("yield", 104.0), ("spawn", 430.0)]);
        let complaint = before.compare(&now, 5.0).expect_err("spawn grew by 7.5 %");
        assert!(complaint.contains("spawn") && !complaint.contains("yield"));
        assert!(before.compare(&now, 8.0).is_ok());
    }

    #[test]
    fn a_comparison_that_compares_nothing_is_an_error() {
        let before = figures("a", &[("yield", 100.0)]);
        assert!(before.compare(&figures("a", &[]), 5.0).is_err());
        assert!(before.compare(&figures("a", &[("spawn", 1.0)]), 5.0).is_err());
    }

    #[test]
    fn figures_of_another_toolchain_are_not_compared() {
        assert!(figures("a", &[]).same_toolchain(&figures("b", &[])).is_err());
        assert!(figures("a", &[]).same_toolchain(&figures("a", &[])).is_ok());
    }
}
