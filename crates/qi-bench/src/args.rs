//! The command line.

use std::path::PathBuf;

use crate::catalog;

/// How the instrument is called.
pub(crate) const USAGE: &str = "\
qi-bench [--quick] [--only WORKLOAD,..] [--runtimes NAME,..] [--workers N] [--reps N]
         [--json FILE] [--report [--docs FOLDER]] [--from FILE ..]
qi-bench --list
qi-bench --kernels [--runtimes NAME,..] [--only KERNEL,..] [--json FILE]
         [--check | --bless | --against FILE [--limit PERCENT]]

  --quick      a tenth of the work, three repetitions
  --only       these workloads (or families, or kernels)
  --runtimes   these of qi, future, tokio, smol, flume, may, go, rayon,
               chili, taskflow, c (Qi through the C ABI), floor
  --workers    worker threads (default 2)
  --reps       repetitions, instead of each workload's own number
  --json       write all samples there
  --report     write docs/benchmarks.md with its charts
  --docs       write the report into this folder instead of the repository's docs
  --from       read a file written by --json instead of measuring; given several times, a run taken
               in pieces: what a later file has replaces what an earlier one has
  --list       name the workloads and who runs them
  --kernels    count the instructions of short one-worker kernels under callgrind
  --check      compare them with the committed figures and fail beyond 5 %
  --bless      make them the committed figures
  --lanes      (cargo xtask bench --lanes, alone) against a build with one lane, within 2 %
  --against    compare them with a file written by --json and fail beyond --limit (default 2 %)

The status is 0, 1 for a failure, 2 for a wrong call, 77 for a check that could not be made.";

/// What to do with the kernels' counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Verdict {
    /// Only show them.
    #[default]
    Show,
    /// Compare them with the committed ones.
    Check,
    /// Commit them.
    Bless,
    /// Compare them with a file.
    Against(PathBuf),
}

/// What the user asked for.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) quick: bool,
    pub(crate) only: Vec<String>,
    pub(crate) runtimes: Vec<String>,
    pub(crate) workers: usize,
    pub(crate) repetitions: Option<usize>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) report: bool,
    pub(crate) from: Vec<PathBuf>,
    pub(crate) docs: Option<PathBuf>,
    pub(crate) list: bool,
    pub(crate) kernels: bool,
    pub(crate) verdict: Verdict,
    pub(crate) limit_percent: f64,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            quick: false,
            only: Vec::new(),
            runtimes: Vec::new(),
            workers: 2,
            repetitions: None,
            json: None,
            report: false,
            from: Vec::new(),
            docs: None,
            list: false,
            kernels: false,
            verdict: Verdict::Show,
            limit_percent: 2.0,
        }
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option}: `{text}` is not a number"))
}

impl Args {
    /// Reads the arguments, or says what is wrong with them.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        while let Some(option) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{option} needs a value"));
            match option.as_str() {
                "--quick" => args.quick = true,
                "--report" => args.report = true,
                "--list" => args.list = true,
                "--kernels" => args.kernels = true,
                "--check" => args.verdict = Verdict::Check,
                "--bless" => args.verdict = Verdict::Bless,
                "--only" => args.only.extend(names(&value()?)),
                "--runtimes" => args.runtimes.extend(names(&value()?)),
                "--workers" => args.workers = number(&option, &value()?)?,
                "--reps" => args.repetitions = Some(number(&option, &value()?)?),
                "--limit" => args.limit_percent = number(&option, &value()?)?,
                "--json" => args.json = Some(value()?.into()),
                "--docs" => args.docs = Some(value()?.into()),
                "--from" => args.from.push(value()?.into()),
                "--against" => args.verdict = Verdict::Against(value()?.into()),
                _ => return Err(format!("unknown option `{option}`")),
            }
        }
        args.verify()?;
        Ok(args)
    }

    fn verify(&self) -> Result<(), String> {
        if self.workers == 0 || self.repetitions == Some(0) {
            return Err("workers and repetitions are at least 1".into());
        }
        if self.verdict != Verdict::Show && !self.kernels {
            return Err("--check, --bless and --against go with --kernels".into());
        }
        for name in &self.runtimes {
            if !catalog::RUNTIMES.contains(&name.as_str()) {
                return Err(format!("unknown runtime `{name}`"));
            }
        }
        let known = |name: &str| {
            catalog::WORKLOADS.iter().any(|entry| entry.name == name || entry.family == name)
        };
        match self.only.iter().find(|name| !known(name)) {
            Some(name) if !self.kernels => Err(format!("unknown workload `{name}`")),
            _ => Ok(()),
        }
    }

    /// Whether a workload of that name and family was asked for.
    pub(crate) fn wants(&self, name: &str, family: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name || only == family)
    }

    /// Whether a runtime was asked for.
    pub(crate) fn wants_runtime(&self, name: &str) -> bool {
        self.runtimes.is_empty() || self.runtimes.iter().any(|only| only == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, Verdict};

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn lists_are_split_at_commas_and_families_are_accepted() {
        let args = parse("--only spawn,timer --runtimes qi,go --workers 4").expect("valid");
        assert!(args.wants("spawn", "spawn") && args.wants("late", "timer"));
        assert!(!args.wants("yield", "switch"));
        assert!(args.wants_runtime("go") && !args.wants_runtime("tokio"));
        assert_eq!(args.workers, 4);
    }

    #[test]
    fn what_does_not_exist_is_named_in_the_error() {
        assert!(parse("--only nonesuch").expect_err("unknown").contains("nonesuch"));
        assert!(parse("--runtimes nonesuch").expect_err("unknown").contains("nonesuch"));
        assert!(parse("--nonesuch").expect_err("unknown").contains("nonesuch"));
        assert!(parse("--workers two").expect_err("no number").contains("two"));
        assert!(parse("--json").expect_err("no value").contains("--json"));
    }

    #[test]
    fn a_check_needs_kernels() {
        assert!(parse("--check").is_err());
        assert_eq!(parse("--kernels --check").expect("valid").verdict, Verdict::Check);
    }
}
