//! The standard streams, seen from the other side of their pipes.

use crate::actor::{actor, actor_with, words};
use crate::support::{on_1_and_4_workers, runtime, watched};
use futures_util::TryStreamExt;
use futures_util::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use qi_runtime::process::{Child, ChildStdin, Stdio};
use qi_runtime::stdio;

/// Starts it with pipes, and returns the one that it reads.
fn started(part: &str) -> (Child, ChildStdin) {
    let mut command = actor(part);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it starts");
    let stdin = child.stdin.take().expect("it was asked for");
    (child, stdin)
}

async fn fed(part: &str, input: &[u8]) -> String {
    let (child, mut stdin) = started(part);
    stdin.write_all(input).await.expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("it can be waited for");
    assert!(output.status.success(), "{:?}", output.status);
    String::from_utf8(words(&output.stdout).to_vec()).expect("it is a text")
}

#[test]
fn what_was_written_is_not_lost_at_the_end_of_the_runtime() {
    on_1_and_4_workers(|| async {
        for lines in [1, 20_000] {
            let output = actor_with("write and leave", lines).output().await.expect("it starts");
            assert!(output.status.success());
            let expected: String = (0..lines).map(|number| format!("line {number}\n")).collect();
            assert!(words(&output.stdout) == expected.as_bytes(), "of {lines} lines");
        }
    });
}

#[test]
fn what_was_flushed_is_out_before_the_process_exits() {
    on_1_and_4_workers(|| async {
        let output = actor("write and flush").output().await.expect("it starts");
        assert_eq!(words(&output.stdout), "输出\n".as_bytes());
        assert_eq!(output.stderr, "错误\n".as_bytes());
    });
}

#[test]
fn lines_of_several_tasks_are_not_torn() {
    on_1_and_4_workers(|| async {
        let output = actor("two writers").output().await.expect("it starts");
        let said = String::from_utf8(words(&output.stdout).to_vec()).expect("it is a text");
        for name in ["a", "b", "c"] {
            let line = name.repeat(100);
            assert_eq!(said.lines().filter(|found| *found == line).count(), 300, "of {name}");
        }
        assert_eq!(said.lines().count(), 900);
    });
}

#[test]
fn input_is_read_to_its_end() {
    on_1_and_4_workers(|| async {
        let input = "一行\n".repeat(20_000);
        assert!(fed("read bytes", input.as_bytes()).await == input, "the bytes differ");
        assert_eq!(fed("read bytes", b"").await, "");
    });
}

#[test]
fn lines_are_read_with_every_kind_of_end() {
    on_1_and_4_workers(|| async {
        let said = fed("read lines", "one\r\n\n二\nlast".as_bytes()).await;
        assert_eq!(said, "[one]\n[]\n[二]\n[last]\n");
        let said = fed("read lines", b"good\n\xff\xfe\ngood\n").await;
        assert_eq!(said, "[good]\n(InvalidData)\n[good]\n");
    });
}

#[test]
fn a_read_that_waits_keeps_nobody_from_leaving() {
    on_1_and_4_workers(|| async {
        let (mut child, _open) = started("give up reading");
        let mut said = Vec::new();
        child.stdout.take().expect("asked for").read_to_end(&mut said).await.expect("it reads");
        assert_eq!(child.wait().await.expect("it can be waited for").code(), Some(0));
    });
}

#[test]
fn no_byte_is_lost_between_readers() {
    on_1_and_4_workers(|| async {
        let (mut child, mut stdin) = started("read in turns");
        let mut stdout = child.stdout.take().expect("it was asked for");
        stdin.write_all(b"first\n").await.expect("it reads");
        let mut said = Vec::new();
        while !said.ends_with(b"dropped\n") {
            let mut byte = [0];
            stdout.read_exact(&mut byte).await.expect("it writes");
            said.push(byte[0]);
        }
        stdin.write_all(b"second\nthird\n").await.expect("it reads");
        drop(stdin);
        stdout.read_to_end(&mut said).await.expect("it can be read");
        assert_eq!(words(&said), b"first;dropped\nse,cond,third\n");
        assert!(child.wait().await.expect("it can be waited for").success());
    });
}

/// The other process drops them; this one gives it what it asks for.
#[test]
fn reads_of_input_dropped_at_every_poll_lose_nothing() {
    on_1_and_4_workers(|| async {
        let (mut child, mut stdin) = started("drop reads");
        let stdout = child.stdout.take().expect("it was asked for");
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.try_next().await.expect("it can be read") {
            let wanted: &[u8] = match line.strip_prefix("more ") {
                Some("letter") => b"x",
                Some("end") => b"\n",
                _ => b"",
            };
            stdin.write_all(wanted).await.expect("it reads");
        }
        assert!(child.wait().await.expect("it can be waited for").success());
    });
}

#[test]
fn streams_for_output_need_a_runtime_and_input_does_not() {
    stdio::stdout().expect_err("there is no runtime");
    stdio::stderr().expect_err("there is no runtime");
    drop(stdio::stdin());
    watched(|| {
        let runtime = runtime(1);
        runtime.handle().enter(|| {
            stdio::stdout().expect("there is a runtime");
            stdio::stderr().expect("there is a runtime");
        });
    });
}
