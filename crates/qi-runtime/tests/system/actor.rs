//! The other process: this very program, started again with a part to play.
//!
//! What it writes begins after a mark, because the test harness writes a heading first.
#![allow(
    clippy::await_holding_refcell_ref,
    reason = "the harness looks at the world when the future is gone"
)]

use futures_util::TryStreamExt;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::process::{Command, Stdio};
use qi_runtime::{AsyncRuntime, stdio};
use qi_test_kit::{DropAtEveryPoll, WakeCount, poll_with, until};
use std::cell::RefCell;
use std::env;
use std::io::{Read, Write};
use std::pin::pin;

const PART: &str = "QI_SYSTEM_PART";
const DETAIL: &str = "QI_SYSTEM_DETAIL";
const MARK: &str = "-- the part begins --\n";
const UNKNOWN: i32 = 64;

/// A command that plays a part.
pub(crate) fn actor(part: &str) -> Command {
    let mut command = Command::from(qi_test_kit::own_program());
    command.args(["--exact", "actor::plays_its_part", "--nocapture", "-q", "--test-threads=2"]);
    command.env(PART, part).env_remove(DETAIL).stdin(Stdio::null());
    command
}

/// A command that plays a part with a detail.
pub(crate) fn actor_with(part: &str, detail: impl ToString) -> Command {
    let mut command = actor(part);
    command.env(DETAIL, detail.to_string());
    command
}

/// What it wrote as its part.
#[track_caller]
pub(crate) fn words(stdout: &[u8]) -> &[u8] {
    let mark = MARK.as_bytes();
    let at = stdout.windows(mark.len()).position(|window| window == mark);
    let at = at.unwrap_or_else(|| panic!("no mark in {:?}", String::from_utf8_lossy(stdout)));
    &stdout[at + mark.len()..]
}

#[test]
fn plays_its_part() {
    if let Ok(part) = env::var(PART) {
        print!("{MARK}");
        std::io::stdout().flush().expect("it can write");
        std::process::exit(play(&part));
    }
    // Nobody gave it one: it is tested itself.
    let mut command = actor("none that there is");
    let output = command.as_std_mut().output().expect("it starts");
    assert_eq!(output.status.code(), Some(UNKNOWN));
    assert_eq!(words(&output.stdout), b"");
}

fn play(part: &str) -> i32 {
    let detail = env::var(DETAIL).unwrap_or_default();
    match part {
        "exit" => detail.parse().expect("a number"),
        "say" => {
            print!("{detail}");
            eprint!("{detail}");
            0
        }
        "echo" => echo(),
        "chatter" => chatter(detail.parse().expect("a number")),
        "stay" => loop {
            std::thread::park();
        },
        "place" => {
            println!("{}", env::current_dir().expect("there is one").display());
            0
        }
        "write and leave" => write_and_leave(detail.parse().expect("a number")),
        "write and flush" => write_and_flush(),
        "write for nobody" => write_for_nobody(),
        "two writers" => two_writers(),
        "read bytes" => read_bytes(),
        "read lines" => read_lines(),
        "give up reading" => give_up_reading(),
        "read in turns" => read_in_turns(),
        "drop reads" => drop_reads(),
        _ => UNKNOWN,
    }
}

fn echo() -> i32 {
    let mut all = Vec::new();
    std::io::stdin().read_to_end(&mut all).expect("it can read");
    std::io::stdout().write_all(&all).expect("it can write");
    0
}

/// Fills both pipes in turns.
fn chatter(length: usize) -> i32 {
    for _ in 0..length / 1000 {
        std::io::stdout().write_all(&[b'o'; 1000]).expect("it can write");
        std::io::stderr().write_all(&[b'e'; 1000]).expect("it can write");
    }
    0
}

fn runtime() -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(2).build().expect("a runtime starts")
}

fn write_and_leave(lines: usize) -> i32 {
    let runtime = runtime();
    runtime.block_on(async {
        let mut out = stdio::stdout().expect("there is a runtime");
        for number in 0..lines {
            out.write_all(format!("line {number}\n").as_bytes()).await.expect("it can write");
        }
    });
    // No flush: the end of the runtime is enough.
    drop(runtime);
    0
}

fn write_and_flush() -> i32 {
    let runtime = runtime();
    runtime.block_on(async {
        let mut out = stdio::stdout().expect("there is a runtime");
        let mut err = stdio::stderr().expect("there is a runtime");
        out.write_all("输出\n".as_bytes()).await.expect("it can write");
        err.write_all("错误\n".as_bytes()).await.expect("it can write");
        out.flush().await.expect("there was no error");
        err.flush().await.expect("there was no error");
    });
    // Not even the runtime is dropped.
    std::process::exit(0)
}

/// Says, by its end, what the error was.
fn write_for_nobody() -> i32 {
    let runtime = runtime();
    let outcome = runtime.block_on(async {
        let mut out = stdio::stdout().expect("there is a runtime");
        for _ in 0..1000 {
            out.write_all(&[b'x'; 1000]).await?;
        }
        out.flush().await
    });
    outcome.err().and_then(|error| error.raw_os_error()).unwrap_or(0)
}

fn two_writers() -> i32 {
    let runtime = runtime();
    let tasks = ["a", "b", "c"].map(|name| {
        runtime.spawn(async move {
            let mut out = stdio::stdout().expect("there is a runtime");
            for _ in 0..300 {
                let line = format!("{}\n", name.repeat(100));
                out.write_all(line.as_bytes()).await.expect("it can write");
            }
        })
    });
    for task in tasks {
        runtime.block_on(task.join()).expect("it does not panic");
    }
    0
}

fn read_bytes() -> i32 {
    let mut all = Vec::new();
    runtime().block_on(stdio::stdin().read_to_end(&mut all)).expect("it can read");
    std::io::stdout().write_all(&all).expect("it can write");
    0
}

fn read_lines() -> i32 {
    runtime().block_on(async {
        let mut lines = stdio::stdin().lines();
        loop {
            match lines.try_next().await {
                Ok(Some(line)) => println!("[{line}]"),
                Ok(None) => return 0,
                Err(error) => println!("({:?})", error.kind()),
            }
        }
    })
}

/// A read that nobody can interrupt keeps neither the runtime nor the process.
fn give_up_reading() -> i32 {
    let runtime = runtime();
    let reading = runtime.spawn(async { stdio::stdin().next_line().await });
    let mut stdin = stdio::stdin();
    let mut room = [0; 1];
    let mut waiting = std::pin::pin!(stdin.read(&mut room));
    let waits = qi_test_kit::poll_once(waiting.as_mut()).is_pending() && !reading.is_finished();
    runtime.shutdown().expect("nothing is left behind");
    i32::from(!waits)
}

/// One reader is dropped while it waits, one reads in another runtime: no byte is lost.
fn read_in_turns() -> i32 {
    let first = runtime();
    let line = first.block_on(stdio::stdin().next_line()).expect("it can read");
    print!("{};", line.expect("there is one"));
    let dropped = first.block_on(async {
        let mut stdin = stdio::stdin();
        let mut waiting = std::pin::pin!(stdin.next_line());
        qi_test_kit::poll_once(waiting.as_mut()).is_pending()
    });
    // The other process goes on when it sees this.
    println!("{}", if dropped { "dropped" } else { "not dropped" });
    first.shutdown().expect("nothing is left behind");
    let second = runtime();
    second.block_on(async {
        let mut two = [0; 2];
        stdio::stdin().read_exact(&mut two).await.expect("there is so much");
        print!("{}", String::from_utf8_lossy(&two));
        let rest: Vec<String> = stdio::stdin().lines().try_collect().await.expect("it can read");
        println!(",{}", rest.join(","));
    });
    0
}

/// Asks the other process for more input, and returns when all who wait for input have been woken: the
/// last of them, who waits for the end of a line, is this.
fn ask_for(what: &str) {
    let mut witness = stdio::stdin();
    let woken = WakeCount::new();
    let mut waiting = pin!(witness.next_line());
    assert!(poll_with(waiting.as_mut(), &woken.waker()).is_pending(), "there is no line yet");
    println!("more {what}");
    until(|| woken.is_woken());
}

/// Drops reads, of bytes and of lines, at every poll, in every order with what comes.
fn drop_reads() -> i32 {
    let runtime = runtime();
    let harness = || DropAtEveryPoll::new(|| RefCell::new(stdio::stdin())).may_keep_wakers();
    harness().steps(2, |_, _| ask_for("letter")).run(
        |stdin| {
            Box::pin(async {
                let mut room = [0; 4];
                stdin.borrow_mut().read(&mut room).await.expect("it can read")
            })
        },
        |stdin, run| {
            let mut count = run.output.unwrap_or_default();
            while count < 2 {
                let mut room = [0; 4];
                let rest = runtime.block_on(stdin.borrow_mut().read(&mut room));
                count += rest.expect("it can read");
            }
            assert_eq!(count, 2);
        },
    );
    harness().steps(2, |_, step| ask_for(["letter", "end"][step])).run(
        |stdin| Box::pin(async { stdin.borrow_mut().next_line().await.expect("it can read") }),
        |stdin, run| {
            let rest = || runtime.block_on(stdin.borrow_mut().next_line()).expect("it can read");
            assert_eq!(run.output.unwrap_or_else(rest).as_deref(), Some("x"));
        },
    );
    0
}
