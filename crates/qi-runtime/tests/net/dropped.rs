//! Futures that claim to be cancel safe, dropped at every one of their polls, in every interleaving
//! with the few things the world does.
//!
//! The futures belong to a runtime whose worker turns its event queue meanwhile, so an event may come
//! at any time. The harness holds a future that is ready to have been woken; so each step of the world
//! ends only when a witness, who began to wait after the future did, has been woken by the step's event.

use crate::net_support::{runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::AsyncRuntime;
use qi_runtime::net::{DatagramBatch, Shutdown, TcpListener, TcpStream, UdpSocket};
use qi_test_kit::{DropAtEveryPoll, Run, WakeCount, poll_with};
use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::thread;

/// Does `step`, and returns when whoever waits for what `witness` waits for has been woken by it: an
/// event wakes in the order of waiting. A witness that need not wait has nobody waiting before it.
pub(crate) fn seen(witness: impl Future<Output = io::Result<()>>, step: impl FnOnce()) {
    let woken = WakeCount::new();
    let mut witness = pin!(witness);
    let waits = poll_with(witness.as_mut(), &woken.waker()).is_pending();
    step();
    while waits && !woken.is_woken() {
        thread::yield_now();
    }
}

/// What a blocking peer has done, and what was got by the future under test.
struct World {
    peer: RefCell<std::net::TcpStream>,
    stream: TcpStream,
}

impl World {
    fn new(runtime: &AsyncRuntime) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let peer = std::net::TcpStream::connect(address).expect("it listens");
        let (stream, _) = listener.accept().expect("a client");
        let stream = runtime.handle().enter(|| TcpStream::from_std(stream)).expect("a runtime");
        Self { peer: RefCell::new(peer), stream }
    }

    /// One byte more; returns when the event queue has seen it.
    fn step(&self, number: usize) {
        seen(self.stream.readable(), || {
            let mut peer = self.peer.borrow_mut();
            peer.write_all(&[number as u8 + 1]).expect("there is room");
        });
    }

    /// What the future got, and what is left, are all the bytes that were sent.
    fn nothing_is_lost(&self, mut got: Vec<u8>, sent: usize) {
        let mut rest = [0; 8];
        while let Ok(count @ 1..) = self.stream.try_read(&mut rest) {
            got.extend_from_slice(&rest[..count]);
        }
        assert_eq!(got, (1..=sent as u8).collect::<Vec<_>>());
    }
}

const STEPS: usize = 2;

#[test]
fn a_read_dropped_at_every_poll_loses_no_byte() {
    watched(|| {
        let runtime = runtime(1);
        DropAtEveryPoll::new(|| World::new(&runtime))
            .steps(STEPS, World::step)
            .may_keep_wakers() // A poller's waker stays with the source until an event takes it.
            .run(
                |world| {
                    Box::pin(async {
                        let mut got = vec![0; 8];
                        let count = (&world.stream).read(&mut got).await.expect("a byte");
                        got.truncate(count);
                        got
                    })
                },
                |world, run: Run<Vec<u8>>| {
                    world.nothing_is_lost(run.output.unwrap_or_default(), STEPS);
                },
            );
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn a_peek_and_a_wait_dropped_at_every_poll_take_nothing() {
    watched(|| {
        let runtime = runtime(1);
        DropAtEveryPoll::new(|| World::new(&runtime)).steps(STEPS, World::step).run(
            |world| Box::pin(async { world.stream.peek(&mut [0; 8]).await.expect("a byte") }),
            |world, _| world.nothing_is_lost(Vec::new(), STEPS),
        );
        DropAtEveryPoll::new(|| {
            let world = World::new(&runtime);
            world.stream.try_read(&mut [0]).expect_err("nothing is there");
            world
        })
        .steps(STEPS, World::step)
        .run(
            |world| Box::pin(async { world.stream.readable().await.expect("the runtime runs") }),
            |world, _| world.nothing_is_lost(Vec::new(), STEPS),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// As [`World`], with no room left in the stream for what is written; and how much fills it.
fn full(runtime: &AsyncRuntime) -> (World, usize) {
    let world = World::new(runtime);
    let mut filled = 0;
    while let Ok(count) = world.stream.try_write(&[0; 64 * 1024]) {
        filled += count;
    }
    (world, filled)
}

/// The peer takes what fills the stream; returns when the event queue has seen that there is room.
fn drain((world, filled): &(World, usize), _: usize) {
    seen(world.stream.writable(), || {
        let mut rest = vec![0; *filled];
        world.peer.borrow_mut().read_exact(&mut rest).expect("so much was written");
    });
}

#[test]
fn a_write_dropped_at_every_poll_has_written_what_it_says_or_nothing() {
    watched(|| {
        let runtime = runtime(1);
        let harness = || DropAtEveryPoll::new(|| full(&runtime)).steps(1, drain);
        let summary = harness().may_keep_wakers().run(
            |(world, _)| {
                Box::pin(async { (&world.stream).write(b"the one").await.expect("there is room") })
            },
            |(world, _), run: Run<usize>| {
                world.stream.shutdown(Shutdown::Write).expect("it is connected");
                let mut got = Vec::new();
                world.peer.borrow_mut().read_to_end(&mut got).expect("an end");
                let expected: &[u8] = if run.is_complete() { b"the one" } else { b"" };
                assert_eq!(got, expected);
            },
        );
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        harness().run(
            |(world, _)| Box::pin(async { world.stream.writable().await.expect("it runs") }),
            |(world, _), _| assert_eq!(world.stream.try_write(b"x").expect("there is room"), 1),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// A socket, and a blocking one that sends to it.
struct Datagrams {
    sender: std::net::UdpSocket,
    socket: UdpSocket,
    to: SocketAddr,
}

impl Datagrams {
    fn new(runtime: &AsyncRuntime) -> Self {
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).expect("a free port");
        let to = socket.local_addr().expect("it is bound");
        Self { sender, socket, to }
    }

    fn step(&self, number: usize) {
        seen(self.socket.readable(), || {
            self.sender.send_to(&[number as u8 + 1], self.to).expect("there is room");
        });
    }

    fn nothing_is_lost(&self, mut got: Vec<u8>) {
        let mut rest = [0; 1];
        while self.socket.try_recv_from(&mut rest).is_ok() {
            got.push(rest[0]);
        }
        assert_eq!(got, (1..=STEPS as u8).collect::<Vec<_>>());
    }
}

#[test]
fn receives_dropped_at_every_poll_lose_no_datagram() {
    watched(|| {
        let runtime = runtime(1);
        DropAtEveryPoll::new(|| Datagrams::new(&runtime)).steps(STEPS, Datagrams::step).run(
            |world| {
                Box::pin(async {
                    let mut got = [0; 1];
                    world.socket.recv_from(&mut got).await.expect("a datagram");
                    got.to_vec()
                })
            },
            |world, run: Run<Vec<u8>>| world.nothing_is_lost(run.output.unwrap_or_default()),
        );
        DropAtEveryPoll::new(|| Datagrams::new(&runtime)).steps(STEPS, Datagrams::step).run(
            |world| {
                Box::pin(async {
                    let mut batch = DatagramBatch::new(4, 4);
                    world.socket.recv_batch(&mut batch).await.expect("datagrams");
                    batch.iter().map(|(bytes, _)| bytes[0]).collect()
                })
            },
            |world, run: Run<Vec<u8>>| world.nothing_is_lost(run.output.unwrap_or_default()),
        );
        let harness =
            || DropAtEveryPoll::new(|| Datagrams::new(&runtime)).steps(STEPS, Datagrams::step);
        harness().run(
            |world| Box::pin(async { world.socket.peek_sender().await.expect("a datagram") }),
            |world, _| world.nothing_is_lost(Vec::new()),
        );
        harness().run(
            |world| Box::pin(async { world.socket.peek_from(&mut [0]).await.expect("one").0 }),
            |world, _| world.nothing_is_lost(Vec::new()),
        );
        harness().run(
            |world| Box::pin(async { world.socket.readable().await.expect("the runtime runs") }),
            |world, _| world.nothing_is_lost(Vec::new()),
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// The loopback has room always, so they need not wait; what is dropped before was not sent.
#[test]
fn sends_dropped_before_their_poll_have_sent_nothing() {
    watched(|| {
        let runtime = runtime(1);
        let make = || {
            let world = Datagrams::new(&runtime);
            world.sender.set_nonblocking(true).expect("it can be set");
            let to = world.sender.local_addr().expect("it is bound");
            runtime.block_on(world.socket.connect(to)).expect("datagrams need no answer");
            (world, to)
        };
        let verdict = |(world, _): &(Datagrams, SocketAddr), run: Run<usize>| {
            let mut arrived = 0;
            while world.sender.recv(&mut [0; 8]).is_ok() {
                arrived += 1;
            }
            assert_eq!(arrived, run.output.unwrap_or_default());
        };
        let harness = || DropAtEveryPoll::new(make);
        harness().run(
            |(world, _)| Box::pin(async { world.socket.send(b"x").await.expect("there is room") }),
            verdict,
        );
        harness().run(
            |(world, to)| {
                Box::pin(async {
                    let both: [(&[u8], _); 2] = [(b"x", *to), (b"y", *to)];
                    world.socket.send_batch(&both).await.expect("there is room")
                })
            },
            verdict,
        );
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// A listener, and clients that come one by one.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    clients: RefCell<Vec<std::net::TcpStream>>,
    handle: qi_runtime::Handle,
}

#[test]
fn an_accept_dropped_at_every_poll_loses_no_client() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let make = || {
            let listener = handle.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            Door { listener, address, clients: RefCell::default(), handle: handle.clone() }
        };
        DropAtEveryPoll::new(make)
            .steps(STEPS, |door, _| {
                seen(door.listener.readable(), || {
                    let client = std::net::TcpStream::connect(door.address).expect("it listens");
                    door.clients.borrow_mut().push(client);
                });
            })
            .run(
                |door| Box::pin(async { door.listener.accept().await.expect("a client").1 }),
                |door, run: Run<SocketAddr>| {
                    let mut accepted: Vec<_> = run.output.into_iter().collect();
                    while accepted.len() < STEPS {
                        accepted.push(
                            door.handle.block_on(door.listener.accept()).expect("a client").1,
                        );
                    }
                    let clients = door.clients.borrow();
                    let came: Vec<_> =
                        clients.iter().map(|client| client.local_addr().expect("bound")).collect();
                    assert_eq!(accepted, came);
                },
            );
        runtime.shutdown().expect("nothing is left behind");
    });
}
