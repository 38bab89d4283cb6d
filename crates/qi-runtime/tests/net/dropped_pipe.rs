//! Pipes' futures that claim to be cancel safe, dropped at every one of their polls; see `dropped.rs`.

use crate::dropped::seen;
use crate::net_support::{runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::AsyncRuntime;
use qi_runtime::net::unix::pipe::{self, Receiver, Sender};
use qi_test_kit::{DropAtEveryPoll, Run};
use std::fs::File;
use std::io::Read;

const STEPS: usize = 2;

/// Both ends of a pipe.
struct Pipe {
    sender: Sender,
    receiver: Receiver,
}

impl Pipe {
    fn new(runtime: &AsyncRuntime) -> Self {
        let (sender, receiver) = runtime.handle().enter(pipe::pipe).expect("a pipe");
        Self { sender, receiver }
    }

    /// One byte more; returns when the event queue has seen it.
    fn step(&self, number: usize) {
        seen(self.receiver.readable(), || {
            assert_eq!(self.sender.try_write(&[number as u8 + 1]).expect("there is room"), 1);
        });
    }

    fn nothing_is_lost(&self, mut got: Vec<u8>) {
        let mut rest = [0; 8];
        while let Ok(count @ 1..) = self.receiver.try_read(&mut rest) {
            got.extend_from_slice(&rest[..count]);
        }
        assert_eq!(got, (1..=STEPS as u8).collect::<Vec<_>>());
    }
}

/// A pipe that is full, and whose reader looks at it without waiting for an event queue.
struct Full {
    sender: Sender,
    reader: File,
    filled: usize,
}

impl Full {
    fn new(runtime: &AsyncRuntime) -> Self {
        let Pipe { sender, receiver } = Pipe::new(runtime);
        let reader = File::from(receiver.into_owned_fd().expect("nobody waits for it"));
        let mut filled = 0;
        while let Ok(count) = sender.try_write(&[0; 4096]) {
            filled += count;
        }
        Self { sender, reader, filled }
    }

    /// All that is in it.
    fn drained(&self) -> Vec<u8> {
        let (mut all, mut room) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = (&self.reader).read(&mut room) {
            all.extend_from_slice(&room[..count]);
        }
        all
    }

    /// Makes room; returns when the event queue has seen it.
    fn drain(&self, _: usize) {
        seen(self.sender.writable(), || assert_eq!(self.drained().len(), self.filled));
    }
}

#[test]
fn a_read_of_a_pipe_dropped_at_every_poll_loses_no_byte() {
    watched(|| {
        let runtime = runtime(1);
        let harness = || DropAtEveryPoll::new(|| Pipe::new(&runtime)).steps(STEPS, Pipe::step);
        let summary = harness().may_keep_wakers().run(
            |pipe| {
                Box::pin(async {
                    let mut got = vec![0; 8];
                    let count = (&pipe.receiver).read(&mut got).await.expect("a byte");
                    got.truncate(count);
                    got
                })
            },
            |pipe, run: Run<Vec<u8>>| pipe.nothing_is_lost(run.output.unwrap_or_default()),
        );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn a_write_to_a_pipe_dropped_at_every_poll_has_written_all_or_nothing() {
    watched(|| {
        let runtime = runtime(1);
        let harness = || DropAtEveryPoll::new(|| Full::new(&runtime)).steps(1, Full::drain);
        let summary = harness().may_keep_wakers().run(
            |pipe| Box::pin(async { (&pipe.sender).write(b"the one").await.expect("room") }),
            |pipe, run: Run<usize>| {
                let expected: &[u8] = if run.is_complete() { b"the one" } else { b"" };
                assert_eq!(pipe.drained(), expected);
            },
        );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn waits_for_a_pipe_dropped_at_every_poll_take_nothing() {
    watched(|| {
        let runtime = runtime(1);
        let unready = || {
            let pipe = Pipe::new(&runtime);
            pipe.receiver.try_read(&mut [0]).expect_err("nothing is there");
            pipe
        };
        DropAtEveryPoll::new(unready).steps(STEPS, Pipe::step).run(
            |pipe| Box::pin(async { pipe.receiver.readable().await.expect("the runtime runs") }),
            |pipe, _| pipe.nothing_is_lost(Vec::new()),
        );
        DropAtEveryPoll::new(|| Full::new(&runtime)).steps(1, Full::drain).run(
            |pipe| Box::pin(async { pipe.sender.writable().await.expect("the runtime runs") }),
            |pipe, _| assert_eq!(pipe.sender.try_write(b"x").expect("there is room"), 1),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}
