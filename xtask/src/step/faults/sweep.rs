//! The runs of a sweep, and how they are played: as many at once as there are processors.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::catalogue::fault::{FAULTS, Fault};
use crate::context::Context;
use crate::interrupt;
use crate::process::{Finished, Job, Running};

use super::STEP;
use super::counts::Counts;

/// A run that takes longer hangs. An unharmed one takes some 30 ms.
const HANG: Duration = Duration::from_secs(40);

/// How long the workload waits for a single thing, in milliseconds: for what must come, and for
/// what may not come at all.
const PATIENCE_MS: u64 = 10_000;
const LITTLE_PATIENCE_MS: u64 = 400;

/// How many calls fail in a row in a burst: more than the workload tries again.
pub(super) const BURST: u64 = 5;

/// Of calls that fail often, each so many-th one does.
const OFTEN: u64 = 3;

/// With one worker nobody takes over what another one leaves.
const WORKERS: &[u64] = &[2, 1];

/// Where bursts, and failures for ever, begin. Two that lie closer differ little.
const BEGINNINGS: &[u64] = &[1, 2, 3, 5, 8, 13, 21, 34, 55];

/// How often runs are looked after: small against a run.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How many calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Never,
    Once,
    Burst,
    Often,
    ForEver,
}

/// One run.
#[derive(Clone, Copy)]
pub(super) struct Case {
    /// `None`: nothing fails.
    pub(super) fault: Option<&'static Fault>,
    pub(super) error: &'static str,
    pub(super) mode: Mode,
    /// The first call that fails, counted from 1.
    pub(super) from: u64,
    pub(super) workers: u64,
}

impl Case {
    /// A run in which nothing fails.
    pub(super) const fn unharmed(workers: u64) -> Self {
        Self { fault: None, error: "", mode: Mode::Never, from: 1, workers }
    }

    /// Whether something may neither happen nor fail.
    pub(super) fn may_wait(&self) -> bool {
        self.fault.is_some_and(|fault| match self.mode {
            Mode::Never | Mode::Once => false,
            Mode::Burst | Mode::Often => fault.lone_may_wait && self.workers == 1,
            Mode::ForEver => fault.may_wait,
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Some(fault) => write!(f, "{} {} ", fault.call, self.error)?,
            None => f.write_str("nothing")?,
        }
        match self.mode {
            Mode::Never => {}
            Mode::Once => write!(f, "at call {}", self.from)?,
            Mode::Burst => write!(f, "at calls {} to {}", self.from, self.from + BURST - 1)?,
            Mode::Often => write!(f, "at each third call from {} on", self.from)?,
            Mode::ForEver => write!(f, "from call {} on", self.from)?,
        }
        write!(f, ", {} workers", self.workers)
    }
}

/// How many calls of each kind the workload makes, with so many workers.
pub(super) type Made = (u64, Counts);

/// All runs of a sweep.
pub(super) fn cases(made: &[Made], only: Option<&str>, subset: bool) -> Vec<Case> {
    made.iter().flat_map(|made| cases_with(made, only, subset)).collect()
}

/// The numbers of workers that a sweep tries.
pub(super) fn workers(subset: bool) -> impl Iterator<Item = u64> {
    of_sweep(WORKERS, subset)
}

fn cases_with((workers, made): &Made, only: Option<&str>, subset: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for fault in FAULTS.iter().filter(|fault| only.is_none_or(|only| only == fault.call)) {
        let last = made.of(fault.call).seen;
        let beginnings = || BEGINNINGS.iter().copied().filter(move |from| *from <= last);
        let mut add = |error, mode, from| {
            cases.push(Case { fault: Some(fault), error, mode, from, workers: *workers });
        };
        for error in of_sweep(fault.errors, subset) {
            (1..=last).for_each(|from| add(error, Mode::Once, from));
            beginnings().for_each(|from| add(error, Mode::Burst, from));
            (1..=OFTEN.min(last)).for_each(|from| add(error, Mode::Often, from));
        }
        for error in of_sweep(fault.for_ever, subset) {
            beginnings().for_each(|from| add(error, Mode::ForEver, from));
        }
    }
    cases
}

/// Of each list the subset has the first.
fn of_sweep<T: Copy>(all: &[T], subset: bool) -> impl Iterator<Item = T> {
    all.iter().copied().take(if subset { 1 } else { usize::MAX })
}

/// What runs the workload.
pub(super) struct Player<'a> {
    pub(super) context: &'a Context,
    pub(super) shim: PathBuf,
    pub(super) workload: PathBuf,
}

impl Player<'_> {
    /// Plays all cases, in their order but for those that run at the same time; no further ones as
    /// soon as `judge` says so by `false`.
    pub(super) fn play(
        &self,
        cases: &[Case],
        mut judge: impl FnMut(&Case, Finished, Counts) -> bool,
    ) -> anyhow::Result<()> {
        let lanes = std::thread::available_parallelism().map_or(1, usize::from);
        let mut free: Vec<usize> = (0..lanes).collect();
        let mut playing: Vec<(usize, &Case, Running)> = Vec::new();
        let mut waiting = cases.iter();
        let mut goes_on = true;
        loop {
            while goes_on && !interrupt::requested() {
                let Some(lane) = free.pop() else { break };
                let Some(case) = waiting.next() else { break };
                // Left by the run before it: a shim that is not loaded must not look like one.
                let _ = std::fs::remove_file(self.report_of(lane));
                playing.push((lane, case, self.job(lane, case).start()?));
            }
            if playing.is_empty() {
                return Ok(());
            }
            let mut index = 0;
            while index < playing.len() {
                if playing[index].2.has_ended()? {
                    let (lane, case, running) = playing.swap_remove(index);
                    let counts = Counts::read(&self.report_of(lane))?;
                    goes_on &= judge(case, running.finish()?, counts);
                    free.push(lane);
                } else {
                    index += 1;
                }
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    pub(super) fn report_of(&self, lane: usize) -> PathBuf {
        self.context.target.join("xtask").join(format!("faults-{lane}.counts"))
    }

    fn job(&self, lane: usize, case: &Case) -> Job {
        let patience = if case.may_wait() { LITTLE_PATIENCE_MS } else { PATIENCE_MS };
        let job = self.context.job(&format!("{STEP}-{lane}"), &self.workload);
        let job = job
            .args(&[patience, case.workers].map(|number| number.to_string()))
            .within(HANG)
            .env("RUST_BACKTRACE", "0");
        let job = job.env("LD_PRELOAD", &self.shim).env("QI_FAULT_REPORT", self.report_of(lane));
        let Some(fault) = case.fault else { return job };
        let times = match case.mode {
            Mode::Never | Mode::Once => 1,
            Mode::Burst => BURST,
            Mode::Often | Mode::ForEver => 0,
        };
        let every = if case.mode == Mode::Often { OFTEN } else { 1 };
        job.env("QI_FAULT_CALL", fault.call)
            .env("QI_FAULT_ERRNO", case.error)
            .env("QI_FAULT_FROM", case.from.to_string())
            .env("QI_FAULT_TIMES", times.to_string())
            .env("QI_FAULT_EVERY", every.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::faults::counts::tests_support::counts;

    #[test]
    fn every_call_fails_once_with_every_error() {
        let made = [(2, counts(&[("socket", 4)]))];
        let cases = cases(&made, Some("socket"), false);
        let fault = FAULTS.iter().find(|fault| fault.call == "socket").unwrap();
        let once = cases.iter().filter(|case| case.mode == Mode::Once).count();
        assert_eq!(once, 4 * fault.errors.len());
        let bursts = cases.iter().filter(|case| case.mode == Mode::Burst).count();
        assert_eq!(bursts, 3 * fault.errors.len(), "from calls 1, 2 and 3");
        let often = cases.iter().filter(|case| case.mode == Mode::Often).count();
        assert_eq!(often, 3 * fault.errors.len());
    }

    #[test]
    fn the_subset_has_every_call_and_one_error_of_each() {
        let all: Vec<_> = FAULTS.iter().map(|fault| (fault.call, 2)).collect();
        let cases = cases(&[(2, counts(&all))], None, true);
        for fault in FAULTS {
            let of_call = cases.iter().filter(|case| case.fault.unwrap().call == fault.call);
            assert_eq!(of_call.clone().count(), 2 + 2 + 2 + 2);
            assert!(
                of_call.clone().all(|case| {
                    case.error == fault.errors[0] || case.error == fault.for_ever[0]
                })
            );
        }
    }

    #[test]
    fn case_says_what_fails() {
        let fault = FAULTS.iter().find(|fault| fault.call == "accept4");
        let case = Case { fault, error: "EMFILE", mode: Mode::Burst, from: 3, workers: 1 };
        assert_eq!(case.to_string(), "accept4 EMFILE at calls 3 to 7, 1 workers");
        assert!(!case.may_wait() && Case { mode: Mode::ForEver, ..case }.may_wait());
    }
}
