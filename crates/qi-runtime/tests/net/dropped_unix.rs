//! Unix sockets' futures that claim to be cancel safe, dropped at every one of their polls; see
//! `dropped.rs`.

use crate::dropped::seen;
use crate::net_support::{runtime, watched};
use qi_runtime::net::{UnixDatagram, UnixStream};
use qi_runtime::{AsyncRuntime, Handle};
use qi_test_kit::{DropAtEveryPoll, Run};
use std::os::fd::AsFd;
use std::os::unix::net as blocking;

const STEPS: usize = 2;

/// A socket, and a blocking one at its other end.
struct Messages {
    peer: blocking::UnixDatagram,
    socket: UnixDatagram,
}

impl Messages {
    fn new(runtime: &AsyncRuntime) -> Self {
        let (peer, own) = blocking::UnixDatagram::pair().expect("two sockets");
        let socket = runtime.handle().enter(|| UnixDatagram::from_std(own)).expect("a runtime");
        Self { peer, socket }
    }

    /// As [`new`](Self::new), with no room left for what the socket sends; says how much there is.
    fn full(runtime: &AsyncRuntime) -> (Self, usize) {
        let world = Self::new(runtime);
        let mut sent = 0;
        while world.socket.try_send(b"filler").is_ok() {
            sent += 1;
        }
        (world, sent)
    }

    fn send_one(&self, number: usize) {
        seen(self.socket.readable(), || {
            self.peer.send(&[number as u8 + 1]).expect("there is room");
        });
    }

    fn nothing_is_lost(&self, mut got: Vec<u8>) {
        let mut rest = [0; 1];
        while self.socket.try_recv(&mut rest).is_ok() {
            got.push(rest[0]);
        }
        assert_eq!(got, (1..=STEPS as u8).collect::<Vec<_>>());
    }
}

#[test]
fn receives_dropped_at_every_poll_lose_no_message() {
    watched(|| {
        let runtime = runtime(1);
        DropAtEveryPoll::new(|| Messages::new(&runtime)).steps(STEPS, Messages::send_one).run(
            |world| {
                Box::pin(async {
                    let mut got = [0; 1];
                    world.socket.recv(&mut got).await.expect("a message");
                    got.to_vec()
                })
            },
            |world, run: Run<Vec<u8>>| world.nothing_is_lost(run.output.unwrap_or_default()),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn a_send_dropped_at_every_poll_has_sent_all_or_nothing() {
    watched(|| {
        let runtime = runtime(1);
        DropAtEveryPoll::new(|| Messages::full(&runtime))
            .steps(1, |(world, sent), _| {
                // Some systems say that there is room only when half of it is free.
                world.peer.set_nonblocking(true).expect("it can be set");
                seen(world.socket.writable(), || {
                    for _ in 0..*sent {
                        world.peer.recv(&mut [0; 8]).expect("a filler");
                    }
                });
            })
            .run(
                |(world, _)| Box::pin(async { world.socket.send(b"the one").await.expect("room") }),
                |(world, _), run: Run<usize>| {
                    let mut got = [0; 8];
                    let arrived = world.peer.recv(&mut got).is_ok();
                    assert_eq!(
                        arrived,
                        run.is_complete(),
                        "sent without saying so, or the reverse"
                    );
                    assert!(world.peer.recv(&mut got).is_err(), "it was sent twice");
                },
            );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// A stream, a blocking sender of descriptors at its other end, and what the descriptors lead to.
struct Laden {
    peer: UnixStream,
    stream: UnixStream,
    kept: blocking::UnixStream,
    given: blocking::UnixStream,
    handle: Handle,
}

#[test]
fn a_receive_with_a_descriptor_dropped_at_every_poll_loses_neither() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let make = || {
            let (peer, stream) = handle.enter(UnixStream::pair).expect("two sockets");
            let (kept, given) = blocking::UnixStream::pair().expect("two sockets");
            Laden { peer, stream, kept, given, handle: handle.clone() }
        };
        DropAtEveryPoll::new(make)
            .steps(1, |world, _| {
                let descriptors = [world.given.as_fd()];
                let sending = world.peer.send_with_descriptors(b"x", &descriptors);
                seen(world.stream.readable(), || {
                    assert_eq!(world.handle.block_on(sending).expect("there is room"), 1);
                });
            })
            .run(
                |world| {
                    Box::pin(async {
                        let mut room = [0; 8];
                        let got = world.stream.recv_with_ancillary(&mut room).await;
                        got.expect("a byte").1
                    })
                },
                |world, run| {
                    let ancillary = run.output.unwrap_or_else(|| {
                        let mut room = [0; 8];
                        let receiving = world.stream.recv_with_ancillary(&mut room);
                        world.handle.block_on(receiving).expect("it is still there").1
                    });
                    let [descriptor] = &ancillary.descriptors[..] else {
                        panic!("one was sent: {ancillary:?}");
                    };
                    let given = descriptor.try_clone().expect("it is open");
                    let given = blocking::UnixStream::from(given);
                    std::io::Write::write_all(&mut &given, b"!").expect("it is open");
                    std::io::Read::read_exact(&mut &world.kept, &mut [0]).expect("it leads there");
                },
            );
        runtime.shutdown().expect("nothing is left behind");
    });
}
