//! Child processes, as they are everywhere.

use crate::actor::{actor, actor_with, words};
use crate::support::{Scratch, on_1_and_4_workers, pattern, runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::process::{Child, Command, Stdio};
use qi_test_kit::poll_once;
use std::io::ErrorKind;
use std::pin::pin;

#[test]
fn a_status_says_how_the_child_ended() {
    on_1_and_4_workers(|| async {
        let mut command = actor_with("exit", 0);
        command.stdout(Stdio::null());
        assert!(command.status().await.expect("it starts").success());
        command.env("QI_SYSTEM_DETAIL", "7");
        assert_eq!(command.status().await.expect("it starts again").code(), Some(7));
    });
}

#[test]
fn output_is_read_from_both_pipes_at_once() {
    on_1_and_4_workers(|| async {
        let output = actor_with("chatter", 300_000).output().await.expect("it starts");
        assert!(output.status.success());
        let said = words(&output.stdout);
        assert!(said.len() == 300_000 && said.iter().all(|byte| *byte == b'o'), "{}", said.len());
        assert_eq!(output.stderr, [b'e'; 300_000]);
    });
}

#[test]
fn a_child_reads_what_it_is_written_and_is_read() {
    on_1_and_4_workers(|| async {
        let mut command = actor("echo");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it was asked for");
        let sent = pattern(500_000, 1);
        let expected = sent.clone();
        let writing = qi_runtime::spawn(async move {
            stdin.write_all(&sent).await.expect("it reads");
            stdin.close().await.expect("the end can be said");
            let error = stdin.write(b"more").await.expect_err("it was closed");
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
        let output = child.wait_with_output().await.expect("it can be waited for");
        writing.join().await.expect("it does not panic");
        assert!(words(&output.stdout) == expected, "the bytes differ");
    });
}

#[test]
fn waiting_closes_the_input_and_can_be_repeated() {
    on_1_and_4_workers(|| async {
        let mut command = actor("echo");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        assert!(child.id().is_some());
        assert_eq!(child.try_wait().expect("it can be asked"), None, "its input is open");
        assert!(child.wait().await.expect("it can be waited for").success());
        assert!(child.wait().await.expect("its end is known").success());
        assert!(child.try_wait().expect("its end is known").is_some());
        assert_eq!(child.id(), None);
        child.start_kill().expect("one that has ended need not be killed");
        child.kill().await.expect("one that has ended need not be killed");
    });
}

#[test]
fn a_wait_that_is_given_up_can_be_made_again() {
    on_1_and_4_workers(|| async {
        let mut child = staying();
        for _ in 0..5 {
            assert!(poll_once(pin!(child.wait())).is_pending());
        }
        child.kill().await.expect("it is ours");
        assert!(!child.wait().await.expect("its end is known").success());
    });
}

#[test]
fn a_child_that_is_dropped_is_killed_if_that_was_said() {
    on_1_and_4_workers(|| async {
        let mut child =
            actor("stay").stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
        let mut stdout = child.stdout.take().expect("it was asked for");
        drop(child);
        // Only its end closes the pipe.
        stdout.read_to_end(&mut Vec::new()).await.expect("it can be read");
    });
}

#[test]
fn an_output_that_is_given_up_kills_the_child_if_that_was_said() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let marker = scratch.path("input");
        std::fs::write(&marker, "x").expect("there is room");
        let mut command = actor("stay");
        command.kill_on_drop(true);
        let before = qi_runtime::Handle::current().stats().io_sources();
        assert!(poll_once(pin!(command.output())).is_pending());
        // Pipes and watch are gone with the future, or with the child that was killed.
        while qi_runtime::Handle::current().stats().io_sources() > before {
            qi_runtime::yield_now().await;
        }
    });
}

#[test]
fn a_child_that_is_dropped_goes_on() {
    on_1_and_4_workers(|| async {
        let mut command = actor("echo");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it was asked for");
        let mut stdout = child.stdout.take().expect("it was asked for");
        drop(child);
        stdin.write_all(b"still there").await.expect("it reads");
        drop(stdin);
        let mut said = Vec::new();
        stdout.read_to_end(&mut said).await.expect("it can be read");
        assert_eq!(words(&said), b"still there");
    });
}

#[test]
fn a_program_that_is_not_there_is_an_error_at_once() {
    on_1_and_4_workers(|| async {
        let error = Command::new("no-such-program-of-qi").spawn().expect_err("it is not there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = Command::new("no-such-program-of-qi").output().await.expect_err("nor now");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn directory_environment_and_arguments_are_handed_down() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let output = actor("place").current_dir(scratch.root()).output().await.expect("it starts");
        let said = String::from_utf8_lossy(words(&output.stdout)).trim().to_owned();
        let said = std::fs::canonicalize(said).expect("it is there");
        assert_eq!(said, std::fs::canonicalize(scratch.root()).expect("it is there"));
        let output = actor_with("say", "你好").output().await.expect("it starts");
        assert_eq!(words(&output.stdout), "你好".as_bytes());
        assert_eq!(output.stderr, "你好".as_bytes());
    });
}

#[test]
fn many_children_are_waited_for_at_once() {
    on_1_and_4_workers(|| async {
        let mut tasks = Vec::new();
        for code in 0..12 {
            tasks.push(qi_runtime::spawn(async move {
                actor_with("exit", code).stdout(Stdio::null()).status().await
            }));
        }
        for (code, task) in (0..).zip(tasks) {
            let status = task.join().await.expect("it does not panic").expect("it starts");
            assert_eq!(status.code(), Some(code));
        }
    });
}

#[test]
fn a_child_can_be_waited_for_in_another_runtime() {
    watched(|| {
        let (first, second) = (runtime(1), runtime(1));
        let mut command = actor("echo");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = first.block_on(async { command.spawn() }).expect("it starts");
        assert!(second.block_on(child.wait()).expect("it can be waited for").success());
    });
}

#[test]
fn a_child_cannot_be_started_without_a_runtime() {
    let error = actor("stay").spawn().expect_err("there is no runtime");
    assert!(error.to_string().contains("runtime"), "{error}");
}

fn staying() -> Child {
    let mut command = actor("stay");
    command.stdout(Stdio::null()).kill_on_drop(true).spawn().expect("it starts")
}
