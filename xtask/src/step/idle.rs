//! Traces idle programs: between their two marks no thread may make a system call.
//!
//! Only the first thread's own sleep is allowed, which is how the program lets time pass.

use std::time::Duration;

use anyhow::Context as _;
use regex_lite::Regex;

use crate::catalogue::idle::{IDLE, Idle};
use crate::context::Context;
use crate::process;
use crate::report::{Report, tail};
use crate::step::examples::build;

const STEP: &str = "idle";
const BEGIN: &str = "idle: begin";
const END: &str = "idle: end";
const LIMIT: Duration = Duration::from_secs(120);

/// How the first thread sleeps, as strace names it.
const SLEEPS: &[&str] = &["clock_nanosleep", "nanosleep", "restart_syscall"];

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if !process::exists("strace") {
        return Ok(Report::skipped("strace is not installed, or not for this host"));
    }
    let out = context.target.join("xtask").join("idle.strace");
    let out = out.to_str().context("the target directory has a name that is not text")?;
    if !process::probe("strace", &["-f", "-o", out, "strace", "--version"]) {
        return Ok(Report::skipped("strace may not trace here"));
    }
    if IDLE.is_empty() {
        return Ok(Report::skipped("no idle program yet"));
    }
    let mut report = Report::default();
    let programs = build(context, STEP, IDLE.iter().map(|row| (row.package, row.example)))?;
    for row in IDLE {
        let Some((_, path)) = programs.iter().find(|(name, _)| name == row.example) else {
            report.fail(format!("{} was not built", row.example), "");
            continue;
        };
        let job = context.job(STEP, "strace").args(&["-f", "-s", "200", "-o", out, path]);
        let finished = job.within(LIMIT).run()?;
        if !finished.end.is_success() {
            report.fail(format!("{}: {}", row.example, finished.end), tail(&finished.output));
            continue;
        }
        match silence(&std::fs::read_to_string(out)?) {
            Ok(()) => report.pass(),
            Err(why) => report.fail(format!("{}: {why}", row.example), ""),
        }
        match rest(&finished.output, row) {
            Ok(said) => {
                report.pass();
                report.note(said);
            }
            Err(why) => report.fail(format!("{}: {why}", row.example), tail(&finished.output)),
        }
    }
    Ok(report)
}

/// Checks that nothing but the first thread's sleep stands between the marks.
fn silence(trace: &str) -> Result<(), String> {
    let mut lines = trace.lines();
    let begin = lines.by_ref().find(|line| line.contains(BEGIN));
    let begin = begin.ok_or_else(|| format!("the trace lacks `{BEGIN}`"))?;
    let first_thread = begin.split_whitespace().next().unwrap_or_default();
    let mut calls = Vec::new();
    for line in lines {
        if line.contains(END) {
            return match calls.as_slice() {
                [] => Ok(()),
                [first, ..] => Err(format!("{} system calls, first: {first}", calls.len())),
            };
        }
        if !is_sleep_of(first_thread, line) {
            calls.push(line);
        }
    }
    Err(format!("the trace lacks `{END}`"))
}

fn is_sleep_of(thread: &str, line: &str) -> bool {
    let Some((id, call)) = line.split_once(char::is_whitespace) else {
        return false;
    };
    let call = call.trim_start().trim_start_matches("<... ");
    id == thread && SLEEPS.iter().any(|sleep| call.starts_with(sleep))
}

/// Checks what the program counted between the marks.
fn rest(output: &str, row: &Idle) -> Result<String, String> {
    let counts = Regex::new(r"idle: end voluntary_switches=(\d+) cpu_us=(\d+)");
    let counts = counts.map_err(|error| error.to_string())?;
    let Some(said) = counts.captures(output) else {
        return Err("it did not print its counts".to_owned());
    };
    if said[1] != *"0" {
        return Err(format!("{} voluntary context switches", &said[1]));
    }
    match said[2].parse::<u64>() {
        Ok(used) if used <= row.cpu_us => Ok(said[0].to_owned()),
        _ => Err(format!("{} us of CPU time, more than {}", &said[2], row.cpu_us)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: &str = "\
7 write(1, \"idle: begin\\n\", 12) = 12
7 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=10}, <unfinished ...>
7 <... clock_nanosleep resumed>0x7ffc) = 0
7 write(1, \"idle: end voluntary_switches=0 cpu_us=12\\n\", 40) = 40
8 futex(0x1, FUTEX_WAKE_PRIVATE, 1) = 0
";

    #[test]
    fn sleep_of_the_first_thread_is_silence() {
        assert_eq!(silence(QUIET), Ok(()));
    }

    #[test]
    fn call_of_another_thread_between_the_marks_is_noise() {
        let noisy = QUIET.replace("7 <... clock", "8 epoll_wait(3, [], 64, 1) = 0\n7 <... clock");
        assert!(silence(&noisy).unwrap_err().contains("epoll_wait"));
        let sleeper = QUIET.replace("7 <... clock", "8 clock_nanosleep(0) = 0\n7 <... clock");
        assert!(silence(&sleeper).is_err());
    }

    #[test]
    fn trace_without_both_marks_is_refused() {
        assert!(silence("").is_err());
        assert!(silence("7 write(1, \"idle: begin\\n\", 12) = 12\n").is_err());
    }

    #[test]
    fn counts_must_be_there_and_small() {
        let row = Idle { package: "p", example: "idle", cpu_us: 1000 };
        assert!(rest("idle: end voluntary_switches=0 cpu_us=12", &row).is_ok());
        assert!(rest("idle: end voluntary_switches=2 cpu_us=12", &row).is_err());
        assert!(rest("idle: end voluntary_switches=0 cpu_us=1001", &row).is_err());
        assert!(rest("idle: end", &row).is_err());
    }
}
