//! Futures of child processes, dropped at every poll. On Linux, where this process can hold both ends
//! of a child's pipes, and so nothing depends on how fast the child is.
#![allow(
    clippy::await_holding_refcell_ref,
    reason = "the harness looks at the world when the future is gone"
)]

use crate::support::{runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use qi_runtime::AsyncRuntime;
use qi_runtime::net::UdpSocket;
use qi_runtime::process::{Child, ChildStdin, Command, Stdio};
use qi_test_kit::{DropAtEveryPoll, Run, WakeCount, poll_once, poll_with, until};
use std::cell::RefCell;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::ExitStatus;

/// Returns when the only worker has looked at its events, and woken those that they are about: a later
/// event, of a socket that sends to itself, has woken who waits for it.
fn events_are_seen(runtime: &AsyncRuntime) {
    let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).expect("a free port");
    let own = socket.local_addr().expect("it is bound");
    let woken = WakeCount::new();
    let mut witness = Box::pin(socket.readable());
    // The first event of a socket says that it can send, and may come late.
    while poll_with(witness.as_mut(), &woken.waker()).is_ready() {
        socket.try_recv_from(&mut [0]).expect_err("nothing is there");
        witness = Box::pin(socket.readable());
    }
    socket.try_send_to(b"x", own).expect("there is room");
    until(|| woken.is_woken());
}

/// A child that stays until it is killed, with pipes; dropping it kills it.
struct World<'r> {
    runtime: &'r AsyncRuntime,
    id: Pid,
    child: RefCell<Child>,
}

impl<'r> World<'r> {
    fn new(runtime: &'r AsyncRuntime) -> Self {
        let mut command = Command::new("sleep");
        command.arg("1000").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let child = runtime.handle().enter(|| command.spawn()).expect("every Linux has it");
        let id = i32::try_from(child.id().expect("it runs")).expect("a number of a process");
        Self { runtime, id: Pid::from_raw(id), child: RefCell::new(child) }
    }

    /// The child has ended, nobody has taken note of it yet, and the event queue has seen it.
    fn end(&self, _: usize) {
        kill(self.id, Signal::SIGKILL).expect("it is ours");
        self.has_ended();
        events_are_seen(self.runtime);
    }

    fn has_ended(&self) {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(self.id), flags).expect("it is ours");
    }

    /// The other end of one of its pipes, opened by this process.
    fn end_of_pipe(&self, number: u8) -> std::fs::File {
        let mut options = OpenOptions::new();
        options.read(number == 0).write(number != 0).custom_flags(libc::O_NONBLOCK);
        options.open(format!("/proc/{}/fd/{number}", self.id)).expect("it is a pipe of ours")
    }

    fn status(&self) -> ExitStatus {
        let mut child = self.child.borrow_mut();
        self.runtime.block_on(child.wait()).expect("it is ours")
    }
}

#[test]
fn a_wait_for_a_child_dropped_at_every_poll_loses_no_end() {
    watched(|| {
        let runtime = runtime(1);
        let harness = DropAtEveryPoll::new(|| World::new(&runtime)).steps(1, World::end);
        let summary = runtime.handle().enter(|| {
            harness.run(
                |world| Box::pin(async { world.child.borrow_mut().wait().await.expect("ours") }),
                |world, run: Run<ExitStatus>| {
                    let status = run.output.unwrap_or_else(|| world.status());
                    assert_eq!(status.signal(), Some(9));
                    assert_eq!(world.status(), status, "it is told again");
                },
            )
        });
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        assert_eq!(runtime.stats().io_sources(), 0, "nobody waits any more");
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// How soon a child dies is the system's, so these are not all interleavings.
#[test]
fn a_kill_that_is_dropped_after_a_poll_has_killed_and_before_has_not() {
    watched(|| {
        let runtime = runtime(1);
        for polls in 0..3 {
            let world = World::new(&runtime);
            {
                let mut child = world.child.borrow_mut();
                let mut killing = pin!(child.kill());
                for _ in 0..polls {
                    if runtime.handle().enter(|| poll_once(killing.as_mut())).is_ready() {
                        break;
                    }
                }
            }
            let mut child = world.child.borrow_mut();
            if polls == 0 {
                assert_eq!(child.try_wait().expect("it is ours"), None);
                child.start_kill().expect("it is ours");
            }
            drop(child);
            assert_eq!(world.status().signal(), Some(9));
        }
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn a_read_from_a_child_dropped_at_every_poll_loses_no_byte() {
    watched(|| {
        let runtime = runtime(1);
        let make = || {
            let world = World::new(&runtime);
            let stdout = world.child.borrow_mut().stdout.take().expect("it was asked for");
            let writer = world.end_of_pipe(1);
            (world, RefCell::new(stdout), writer)
        };
        let summary = DropAtEveryPoll::new(make)
            .may_keep_wakers()
            .steps(2, |(world, _, writer), number| {
                (&*writer).write_all(&[number as u8 + 1]).expect("there is room");
                events_are_seen(world.runtime);
            })
            .run(
                |(_, stdout, _)| {
                    Box::pin(async {
                        let mut got = vec![0; 8];
                        let count = stdout.borrow_mut().read(&mut got).await.expect("a byte");
                        got.truncate(count);
                        got
                    })
                },
                |(world, stdout, _), run: Run<Vec<u8>>| {
                    let mut got = run.output.unwrap_or_default();
                    while got.len() < 2 {
                        let mut rest = [0; 8];
                        let mut stdout = stdout.borrow_mut();
                        let count = world.runtime.block_on(stdout.read(&mut rest));
                        got.extend_from_slice(&rest[..count.expect("there is more")]);
                    }
                    assert_eq!(got, [1, 2]);
                },
            );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// The pipe that a child never reads, full; this process' end of it, and the child's.
fn full_input<'r>(world: &World<'r>) -> (ChildStdin, std::fs::File) {
    let mut stdin = world.child.borrow_mut().stdin.take().expect("it was asked for");
    while poll_once(pin!(stdin.write(&[b'-'; 4096]))).is_ready() {}
    (stdin, world.end_of_pipe(0))
}

/// All that is in a pipe, but for what filled it.
fn drained(mut pipe: &std::fs::File) -> Vec<u8> {
    let (mut all, mut room) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = pipe.read(&mut room) {
        all.extend(room[..count].iter().filter(|byte| **byte != b'-'));
    }
    all
}

#[test]
fn a_write_to_a_child_dropped_at_every_poll_has_written_all_or_nothing() {
    watched(|| {
        let runtime = runtime(1);
        let make = || {
            let world = World::new(&runtime);
            let (stdin, reader) = full_input(&world);
            (world, RefCell::new(stdin), reader)
        };
        let summary = DropAtEveryPoll::new(make)
            .may_keep_wakers()
            .steps(1, |(world, _, reader), _| {
                assert_eq!(drained(reader), b"");
                events_are_seen(world.runtime);
            })
            .run(
                |(_, stdin, _)| {
                    Box::pin(async { stdin.borrow_mut().write(b"the one").await.expect("room") })
                },
                |(_, _, reader), run: Run<usize>| {
                    let expected: &[u8] = if run.is_complete() { b"the one" } else { b"" };
                    assert_eq!(drained(reader), expected);
                },
            );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        runtime.shutdown().expect("nothing is left behind");
    });
}
