//! Unix sockets' futures that claim to be cancel safe, dropped at every one of their polls; see
//! `dropped.rs`.

use crate::dropped::seen;
use crate::net_support::{runtime, watched};
use crate::unix_stream::Folder;
use qi_runtime::net::{Shutdown, UnixDatagram, UnixListener, UnixStream};
use qi_runtime::{AsyncRuntime, Handle};
use qi_test_kit::{DropAtEveryPoll, Run};
use std::cell::RefCell;
use std::io::Write;
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
        let harness =
            || DropAtEveryPoll::new(|| Messages::new(&runtime)).steps(STEPS, Messages::send_one);
        harness().run(
            |world| {
                Box::pin(async {
                    let mut got = [0; 1];
                    world.socket.recv_with_ancillary(&mut got).await.expect("a message");
                    got.to_vec()
                })
            },
            |world, run: Run<Vec<u8>>| world.nothing_is_lost(run.output.unwrap_or_default()),
        );
        harness().run(
            |world| Box::pin(async { world.socket.readable().await.expect("the runtime runs") }),
            |world, _| world.nothing_is_lost(Vec::new()),
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
                    (&given).write_all(b"!").expect("it is open");
                    std::io::Read::read_exact(&mut &world.kept, &mut [0]).expect("it leads there");
                },
            );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// A listener of a file, and clients that come one by one.
struct Door {
    folder: Folder,
    listener: UnixListener,
    clients: RefCell<Vec<blocking::UnixStream>>,
}

impl Door {
    fn new(handle: &Handle) -> Self {
        let folder = Folder::new();
        let bound = handle.enter(|| UnixListener::bind(folder.file("service")));
        Self { folder, listener: bound.expect("a free name"), clients: RefCell::default() }
    }

    fn step(&self, number: usize) {
        seen(self.listener.readable(), || {
            let client = blocking::UnixStream::connect(self.folder.file("service"));
            let mut client = client.expect("it listens");
            client.write_all(&[number as u8 + 1]).expect("there is room");
            self.clients.borrow_mut().push(client);
        });
    }

    /// Those that were accepted, and those that still wait, are all that came, in their order.
    fn nobody_is_lost(&self, handle: &Handle, accepted: Option<UnixStream>) {
        let mut accepted: Vec<_> = accepted.into_iter().collect();
        while accepted.len() < STEPS {
            accepted.push(handle.block_on(self.listener.accept()).expect("a client").0);
        }
        for (number, stream) in (1..).zip(&accepted) {
            let mut said = [0; 1];
            assert_eq!(stream.try_read(&mut said).expect("it has spoken"), 1);
            assert_eq!(said, [number]);
        }
    }
}

#[test]
fn a_unix_accept_dropped_at_every_poll_loses_no_client() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle();
        let harness = || DropAtEveryPoll::new(|| Door::new(handle)).steps(STEPS, Door::step);
        let summary = harness().run(
            |door| Box::pin(async { door.listener.accept().await.expect("a client").0 }),
            |door, run: Run<UnixStream>| door.nobody_is_lost(handle, run.output),
        );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        harness().run(
            |door| Box::pin(async { door.listener.readable().await.expect("the runtime runs") }),
            |door, _| door.nobody_is_lost(handle, None),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// A stream without room for what it sends, and how much fills it.
struct FullStream {
    peer: UnixStream,
    stream: UnixStream,
    filled: usize,
}

impl FullStream {
    fn new(handle: &Handle) -> Self {
        let (peer, stream) = handle.enter(UnixStream::pair).expect("two sockets");
        let mut filled = 0;
        while let Ok(count) = stream.try_write(&[0; 4096]) {
            filled += count;
        }
        Self { peer, stream, filled }
    }

    fn drained(&self) -> usize {
        let mut all = 0;
        while let Ok(count @ 1..) = self.peer.try_read(&mut [0; 4096]) {
            all += count;
        }
        all
    }

    fn drain(&self, _: usize) {
        seen(self.stream.writable(), || assert_eq!(self.drained(), self.filled));
    }
}

#[test]
fn a_send_with_a_descriptor_dropped_at_every_poll_has_sent_both_or_nothing() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle();
        let harness =
            || DropAtEveryPoll::new(|| FullStream::new(handle)).steps(1, FullStream::drain);
        let summary = harness().run(
            |world| {
                Box::pin(async {
                    let descriptors = [world.peer.as_fd()];
                    let sending = world.stream.send_with_descriptors(b"x", &descriptors);
                    sending.await.expect("there is room")
                })
            },
            |world, run: Run<usize>| {
                world.stream.shutdown(Shutdown::Write).expect("it is connected");
                let mut room = [0; 8];
                let receiving = world.peer.recv_with_ancillary(&mut room);
                let (_, ancillary) = handle.block_on(receiving).expect("an end at least");
                let got = ancillary.descriptors.len();
                assert_eq!(got, usize::from(run.is_complete()));
            },
        );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        harness().run(
            |world| Box::pin(async { world.stream.writable().await.expect("the runtime runs") }),
            |world, _| assert_eq!(world.stream.try_write(b"x").expect("there is room"), 1),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}
