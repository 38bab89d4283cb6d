//! That nothing bypasses the shim: what it saw of a run against what the kernel saw.

use crate::process;
use crate::report::{Report, tail};

use super::counts::Counts;
use super::sweep::Player;

/// What the shim calls a call, and the system calls it becomes. libc makes maps of its own besides.
const CALLS: &[(&str, &[&str])] = &[
    ("epoll_create1", &["epoll_create", "epoll_create1"]),
    ("epoll_ctl", &["epoll_ctl"]),
    ("epoll_wait", &["epoll_wait", "epoll_pwait", "epoll_pwait2"]),
    ("eventfd", &["eventfd", "eventfd2"]),
    ("timerfd_create", &["timerfd_create"]),
    ("timerfd_settime", &["timerfd_settime"]),
    ("accept4", &["accept", "accept4"]),
    ("socket", &["socket"]),
    ("connect", &["connect"]),
    ("recv", &["recvfrom"]),
    ("send", &["sendto"]),
    ("recvmsg", &["recvmsg"]),
    ("sendmsg", &["sendmsg"]),
    ("recvmmsg", &["recvmmsg"]),
    ("sendmmsg", &["sendmmsg"]),
    ("pthread_create", &["clone", "clone3"]),
];

const TRACER: &str = "strace";

/// Runs the workload under both.
pub(super) fn compare(player: &Player<'_>, report: &mut Report) -> anyhow::Result<()> {
    let trace = player.context.target.join("xtask").join("faults.strace");
    let out = trace.to_string_lossy();
    if !process::exists(TRACER) {
        report.skip("strace is not installed: calls that bypass the shim would go unseen");
        return Ok(());
    }
    if !process::probe(TRACER, &["-f", "-o", &out, TRACER, "--version"]) {
        report.skip("strace may not trace here: calls that bypass the shim would go unseen");
        return Ok(());
    }
    let counts = player.report_of(0);
    let preload = format!("LD_PRELOAD={}", player.shim.display());
    let report_to = format!("QI_FAULT_REPORT={}", counts.display());
    let job = player.context.job(super::STEP, TRACER);
    let job = job.args(&["-f", "-o", &out, "-E", &preload, "-E", &report_to]);
    let finished = job.args(&[&player.workload]).run()?;
    if !finished.end.is_success() {
        report.fail(format!("the traced workload: {}", finished.end), tail(&finished.output));
        return Ok(());
    }
    let wrong = differences(&std::fs::read_to_string(&trace)?, &Counts::read(&counts)?);
    if wrong.is_empty() {
        report.pass();
    } else {
        report.fail(format!("calls bypass the shim: {}", wrong.join("; ")), "");
    }
    Ok(())
}

fn differences(trace: &str, counts: &Counts) -> Vec<String> {
    let made = |names: &[&str]| {
        let calls = trace.lines().filter_map(|line| {
            let (_thread, call) = line.split_once(char::is_whitespace)?;
            call.trim_start().split_once('(').map(|(name, _)| name)
        });
        // A call that another one interrupted is resumed in a line that begins otherwise.
        calls.filter(|name| names.contains(name)).count() as u64
    };
    let pairs = CALLS.iter().map(|(call, names)| (call, made(names), counts.of(call).seen));
    pairs
        .filter(|(_, made, seen)| made != seen)
        .map(|(call, made, seen)| format!("{call}: the kernel saw {made}, the shim {seen}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::faults::counts::tests_support::counts;

    const TRACE: &str = "7 socket(AF_INET, SOCK_STREAM, 0) = 3\n\
        8 epoll_wait(3, <unfinished ...>\n\
        8 <... epoll_wait resumed>[], 8, 1) = 0\n\
        7 epoll_pwait2(3, [], 8, NULL) = 0\n";

    #[test]
    fn calls_are_counted_once_and_under_all_their_names() {
        assert!(differences(TRACE, &counts(&[("socket", 1), ("epoll_wait", 2)])).is_empty());
    }

    #[test]
    fn call_that_the_shim_did_not_see_is_told() {
        let wrong = differences(TRACE, &counts(&[("socket", 1), ("epoll_wait", 1)]));
        assert_eq!(wrong, ["epoll_wait: the kernel saw 2, the shim 1"]);
    }
}
