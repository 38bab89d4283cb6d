//! What came of one run: its verdict line and how it ended, against what its case allows.

use regex_lite::Regex;

use crate::process::{End, Finished};

use super::counts::Counts;
use super::sweep::{BURST, Case, Mode};

/// More warnings than this in one run flood a log: they come with each call, not with the trouble.
const MOST_WARNINGS: u64 = 40;

/// What is tried again in silence: nobody is told of it.
const INTERRUPTION: &str = "EINTR";

/// One run, judged.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Calls that failed.
    pub(super) injected: u64,
    /// Errors that the runtime returned.
    pub(super) errors: u64,
    /// The standard library aborted the process.
    pub(super) aborted: bool,
    pub(super) severity: Severity,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Fine,
    Wrong(Kind, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hang,
    Leak,
    Other,
}

/// The last line of the workload.
#[derive(Debug, Default)]
struct Verdict {
    errors: u64,
    gave_up: u64,
    overdue: u64,
    warnings: u64,
    leaks: u64,
    wrong: u64,
}

/// Judges one run.
pub(super) fn judge(case: &Case, finished: &Finished, counts: &Counts) -> Outcome {
    let injected = case.fault.map_or(0, |fault| counts.of(fault.call).failed);
    let aborts = case.fault.and_then(|fault| fault.aborts);
    let aborted = injected > 0 && aborts.is_some_and(|text| finished.output.contains(text));
    let verdict = verdict(&finished.output);
    let severity = match finished.end {
        _ if injected > most(case.mode) => {
            wrong(Kind::Other, format!("the shim made {injected} calls fail"))
        }
        End::TimedOut(_) => wrong(Kind::Hang, finished.end.to_string()),
        // A signal, and no verdict: it is this abort, or it is not.
        _ if aborted && finished.end.code().is_none() => Severity::Fine,
        _ => match &verdict {
            Some(verdict) => weigh(case, verdict, finished.end),
            None => wrong(Kind::Other, format!("{}, without a verdict", finished.end)),
        },
    };
    Outcome { injected, errors: verdict.unwrap_or_default().errors, aborted, severity }
}

/// How many calls may have failed.
fn most(mode: Mode) -> u64 {
    match mode {
        Mode::Never => 0,
        Mode::Once => 1,
        Mode::Burst => BURST,
        Mode::Often | Mode::ForEver => u64::MAX,
    }
}

fn wrong(kind: Kind, why: String) -> Severity {
    Severity::Wrong(kind, why)
}

fn weigh(case: &Case, verdict: &Verdict, end: End) -> Severity {
    // What is tried again must succeed when the call failed once only.
    let may_give_up = matches!(case.mode, Mode::Burst | Mode::Often | Mode::ForEver);
    if verdict.leaks > 0 {
        wrong(Kind::Leak, format!("{} leaks", verdict.leaks))
    } else if verdict.wrong > 0 || !end.is_success() {
        wrong(Kind::Other, format!("{} broken promises, {end}", verdict.wrong))
    } else if verdict.overdue > 0 && !case.may_wait() {
        wrong(Kind::Hang, format!("{} things neither happened nor failed", verdict.overdue))
    } else if verdict.gave_up > 0 && !may_give_up {
        wrong(Kind::Other, format!("{} things failed although tried again", verdict.gave_up))
    } else if case.error == INTERRUPTION && verdict.errors > 0 {
        wrong(Kind::Other, format!("{} errors, though a signal is none", verdict.errors))
    } else if case.mode == Mode::Never && verdict.errors > 0 {
        wrong(Kind::Other, format!("{} errors, though nothing fails", verdict.errors))
    } else if verdict.warnings > MOST_WARNINGS {
        wrong(Kind::Other, format!("{} warnings flood the log", verdict.warnings))
    } else {
        Severity::Fine
    }
}

fn verdict(output: &str) -> Option<Verdict> {
    let line = output.lines().rev().find(|line| line.starts_with("verdict: "))?;
    let number = |name: &str| {
        let pattern = Regex::new(&format!(r" {name}=(\d+)")).expect("constant pattern");
        pattern.captures(line)?[1].parse::<u64>().ok()
    };
    Some(Verdict {
        errors: number("errors")?,
        gave_up: number("gave_up")?,
        overdue: number("overdue")?,
        warnings: number("warnings")?,
        leaks: number("leaks")?,
        wrong: number("wrong")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::fault::FAULTS;
    use crate::step::faults::counts::tests_support::failing;
    use std::process::ExitStatus;
    use std::time::Duration;

    const LINE: &str =
        "verdict: ok errors=1 gave_up=0 overdue=0 warnings=2 leaks=0 wrong=0 tasks=9";

    fn case(call: &str, mode: Mode) -> Case {
        let fault = FAULTS.iter().find(|fault| fault.call == call);
        Case { fault, error: "EMFILE", mode, from: 1, workers: 2 }
    }

    fn run(case: &Case, end: End, output: &str) -> Severity {
        let finished = Finished { end, output: output.to_owned(), stdout: String::new() };
        let counts = failing(case.fault.map_or("", |fault| fault.call));
        judge(case, &finished, &counts).severity
    }

    fn ended(case: &Case, line: &str) -> Option<Kind> {
        match run(case, End::Exited(ExitStatus::default()), line) {
            Severity::Fine => None,
            Severity::Wrong(kind, _) => Some(kind),
        }
    }

    #[test]
    fn errors_are_allowed_and_leaks_and_losses_are_not() {
        let once = case("socket", Mode::Once);
        assert_eq!(ended(&once, LINE), None);
        assert_eq!(ended(&once, &LINE.replace("leaks=0", "leaks=1")), Some(Kind::Leak));
        assert_eq!(ended(&once, &LINE.replace("wrong=0", "wrong=1")), Some(Kind::Other));
        assert_eq!(ended(&once, &LINE.replace("overdue=0", "overdue=1")), Some(Kind::Hang));
        assert_eq!(ended(&once, "it ended early"), Some(Kind::Other));
        assert_eq!(ended(&once, &LINE.replace("warnings=2", "warnings=900")), Some(Kind::Other));
    }

    #[test]
    fn an_interruption_is_told_to_nobody() {
        let interrupted = Case { error: "EINTR", ..case("recv", Mode::Once) };
        assert_eq!(ended(&interrupted, LINE), Some(Kind::Other));
        assert_eq!(ended(&interrupted, &LINE.replace("errors=1", "errors=0")), None);
    }

    #[test]
    fn giving_up_needs_more_than_one_failure() {
        let line = LINE.replace("gave_up=0", "gave_up=1");
        assert_eq!(ended(&case("socket", Mode::Once), &line), Some(Kind::Other));
        assert_eq!(ended(&case("socket", Mode::Burst), &line), None);
    }

    #[test]
    fn waiting_is_allowed_for_what_waits_for_ever_only() {
        let line = LINE.replace("overdue=0", "overdue=1");
        assert_eq!(ended(&case("accept4", Mode::ForEver), &line), None);
        assert_eq!(ended(&case("accept4", Mode::Burst), &line), Some(Kind::Hang));
        let lone = Case { workers: 1, ..case("pthread_create", Mode::Burst) };
        assert_eq!(ended(&lone, &line), None);
        assert_eq!(ended(&Case { workers: 2, ..lone }, &line), Some(Kind::Hang));
        assert_eq!(ended(&case("epoll_wait", Mode::ForEver), &line), Some(Kind::Hang));
    }

    #[test]
    fn run_that_is_killed_hangs() {
        let end = End::TimedOut(Duration::from_secs(60));
        let severity = run(&case("socket", Mode::Once), end, "");
        assert!(matches!(severity, Severity::Wrong(Kind::Hang, _)));
    }

    #[test]
    fn error_of_the_unharmed_workload_is_a_failure() {
        let unharmed = Case::unharmed(2);
        assert_eq!(ended(&unharmed, LINE), Some(Kind::Other));
        assert_eq!(ended(&unharmed, &LINE.replace("errors=1", "errors=0")), None);
    }
}
