//! Child processes on Unix: signals, groups, pipelines, shells.

use crate::support::{on_1_and_4_workers, runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::process::{Command, Stdio};
use qi_runtime::signal::unix::SignalKind;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_signal_reaches_the_child_and_shows_in_its_status() {
    on_1_and_4_workers(|| async {
        // Not SIGHUP: whoever runs this under nohup hands down that it is ignored.
        for kind in [SignalKind::terminate(), SignalKind::alarm(), SignalKind::from_raw(9)] {
            let mut child = Command::new("sleep").arg("1000").spawn().expect("it starts");
            child.signal(kind).expect("it is ours");
            let status = child.wait().await.expect("it can be waited for");
            assert_eq!((status.code(), status.signal()), (None, Some(kind.as_raw())));
            let error = child.signal(kind).expect_err("its number is not its own any more");
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }
        let mut child = Command::new("sleep").arg("1000").spawn().expect("it starts");
        let error = child.signal(SignalKind::from_raw(4000)).expect_err("there is none");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        child.kill().await.expect("it is ours");
    });
}

#[test]
fn writing_to_a_child_that_has_died_is_an_error_and_no_signal() {
    on_1_and_4_workers(|| async {
        let mut child = sh("exit 0").stdin(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it was asked for");
        child.wait().await.expect("it can be waited for");
        let error = stdin.write_all(&[0; 200_000]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_writer_is_told_when_a_child_dies_that_never_read() {
    on_1_and_4_workers(|| async {
        let mut child =
            Command::new("sleep").arg("1000").stdin(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it was asked for");
        let writing = qi_runtime::spawn(async move {
            // More than a pipe holds.
            stdin.write_all(&vec![0; 1 << 20]).await
        });
        qi_runtime::yield_now().await;
        child.kill().await.expect("it is ours");
        let error = writing.join().await.expect("it does not panic").expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn children_are_chained_by_their_pipes() {
    on_1_and_4_workers(|| async {
        let mut first =
            sh("printf 'b\\na\\nc\\n'").stdout(Stdio::piped()).spawn().expect("it starts");
        let between: Stdio = first.stdout.take().expect("asked for").try_into().expect("a pipe");
        let sorted = Command::new("sort").stdin(between).output().await.expect("it starts");
        assert_eq!(sorted.stdout, b"a\nb\nc\n");
        assert!(first.wait().await.expect("it can be waited for").success());
    });
}

#[test]
fn output_waits_for_a_grandchild_that_holds_the_pipe() {
    on_1_and_4_workers(|| async {
        let output = sh("(read line < /dev/null; echo late) & echo early").output().await;
        let output = output.expect("it starts");
        let said = String::from_utf8(output.stdout).expect("it is a text");
        let mut lines: Vec<&str> = said.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["early", "late"]);
    });
}

#[test]
fn a_group_of_its_own_and_another_name_are_given() {
    on_1_and_4_workers(|| async {
        let mut command = sh("echo $0 $(ps -o pgid= -p $$) $$");
        let output = command.arg0("renamed").process_group(0).output().await.expect("it starts");
        let said = String::from_utf8(output.stdout).expect("it is a text");
        let words: Vec<&str> = said.split_whitespace().collect();
        assert_eq!(words[0], "renamed");
        // Where there is no ps, there is no second word to compare.
        if let [_, group, id] = words[..] {
            assert_eq!(group, id);
        }
    });
}

#[test]
fn a_child_killed_by_its_own_script_and_one_that_ignores_the_polite_request() {
    on_1_and_4_workers(|| async {
        let status = sh("kill -9 $$").status().await.expect("it starts");
        assert_eq!(status.signal(), Some(9));
        let mut command = sh("trap '' TERM; echo ready; while :; do read line; done");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let _open = child.stdin.take();
        let stdout = child.stdout.as_mut().expect("it was asked for");
        stdout.read_exact(&mut [0; 6]).await.expect("it says that it is ready");
        child.signal(SignalKind::terminate()).expect("it is ours");
        assert_eq!(child.try_wait().expect("it can be asked"), None);
        child.kill().await.expect("it is ours");
        assert_eq!(child.wait().await.expect("its end is known").signal(), Some(9));
    });
}

/// On Windows the system tells of ends, whatever becomes of the runtime.
#[test]
fn waiting_after_the_runtime_has_ended_is_an_error_and_not_a_hang() {
    watched(|| {
        let (first, second) = (runtime(1), runtime(1));
        let mut command = Command::new("sleep");
        command.arg("1000").kill_on_drop(true);
        let mut child = first.block_on(async { command.spawn() }).expect("it starts");
        first.shutdown().expect("nothing is left behind");
        second.block_on(child.wait()).expect_err("nobody hears of its end");
        child.start_kill().expect("it is ours");
        while child.try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
    });
}

#[test]
fn a_graceful_shutdown_does_not_wait_for_children_that_were_dropped() {
    watched(|| {
        let runtime = runtime(1);
        let id = runtime.block_on(async {
            let child = Command::new("sleep").arg("1000").spawn().expect("it starts");
            child.id().expect("it runs")
        });
        let report = runtime.shutdown_graceful(std::time::Duration::from_secs(30));
        assert!(report.left_behind.is_empty(), "{report:?}");
        // It went on, and a thread reaps it now.
        let id = pid(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).expect("it is there");
        while nix::sys::signal::kill(id, None).is_ok() {
            std::thread::yield_now();
        }
    });
}

fn pid(id: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(i32::try_from(id).expect("it is a process' number"))
}
