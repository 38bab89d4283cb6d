//! Attempts to connect, dropped at every one of their polls; see `dropped.rs`. Linux: elsewhere a full
//! queue refuses, and the loopback alone lets nobody wait.

use crate::net_support::watched;
use crate::tcp::silent;
use crate::unix_stream::Folder;
use qi_runtime::net::{TcpSocket, TcpStream, UnixListener, UnixStream};
use qi_runtime::time::{Duration, TestClock, sleep};
use qi_runtime::{AsyncRuntime, Handle};
use qi_test_kit::{DropAtEveryPoll, Run, WakeCount, assert_pending, poll_once, poll_with, until};
use std::cell::RefCell;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// A runtime of one worker, whose clock moves by hand.
fn runtime(clock: &TestClock) -> AsyncRuntime {
    clock.set_auto_advance(false);
    let builder = AsyncRuntime::builder().worker_threads(1).test_clock(clock);
    builder.build().expect("a runtime starts")
}

/// Moves the clock so far, and returns when the timers have fired that were due by then.
fn pass(clock: &TestClock, time: Duration) {
    let woken = WakeCount::new();
    let mut witness = pin!(sleep(time));
    assert_pending!(poll poll_with(witness.as_mut(), &woken.waker()));
    clock.advance(time);
    until(|| woken.is_woken());
}

/// Runs `test` while the clock goes on, a quarter of a second at a time.
fn while_time_passes<T>(clock: &TestClock, test: impl FnOnce() -> T) -> T {
    /// Says that it is over, also if the test panics.
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = Over(&is_over);
        scope.spawn(|| {
            while !is_over.load(SeqCst) {
                clock.advance(Duration::from_millis(250));
                thread::yield_now();
            }
        });
        let outcome = test();
        drop(over);
        outcome
    })
}

/// A server that is there and one that does not answer.
struct Servers {
    mute: SocketAddr,
    listener: std::net::TcpListener,
    _full: (qi_runtime::net::TcpListener, Vec<std::net::TcpStream>),
}

impl Servers {
    fn new(handle: &Handle) -> Self {
        let (full, waiting, mute) = handle.block_on(silent());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can be set");
        Self { mute, listener, _full: (full, waiting) }
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [self.mute, self.listener.local_addr().expect("it is bound")]
    }

    /// Whoever has connected and is not held by the test has gone without a word.
    fn nobody_is_left(&self) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            stream.set_nonblocking(false).expect("it can be set");
            let ended = stream.read(&mut [0]);
            assert!(matches!(ended, Ok(0) | Err(_)), "it speaks: {ended:?}");
        }
    }
}

#[test]
fn a_connect_dropped_at_every_poll_leaves_no_connection() {
    watched(|| {
        let clock = TestClock::paused();
        let runtime = runtime(&clock);
        let handle = runtime.handle().clone();
        // When the connection stands is the kernel's, and time passes whenever the attempt waits for it.
        let harness = DropAtEveryPoll::new(|| Servers::new(&handle)).world_moves_alone();
        let summary = while_time_passes(&clock, || {
            handle.enter(|| {
                harness.run(
                    |servers| Box::pin(TcpStream::connect(servers.addresses().to_vec())),
                    |servers, run: Run<_>| {
                        if let Some(connected) = run.output {
                            let stream: TcpStream = connected.expect("one of them answers");
                            let peer = stream.peer_addr().expect("it is connected");
                            assert_eq!(peer, servers.addresses()[1]);
                        }
                        servers.nobody_is_left();
                    },
                )
            })
        });
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        assert_eq!(runtime.stats().io_sources(), 0, "every socket has left the event queue");
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn a_connect_of_a_socket_dropped_at_every_poll_closes_it() {
    watched(|| {
        let clock = TestClock::paused();
        let runtime = runtime(&clock);
        let handle = runtime.handle().clone();
        let harness = DropAtEveryPoll::new(|| Servers::new(&handle)).world_moves_alone();
        handle.enter(|| {
            harness.run(
                |servers| {
                    let socket = TcpSocket::new_v4().expect("a socket");
                    Box::pin(socket.connect(servers.addresses()[1]))
                },
                |servers, run: Run<_>| {
                    drop(run.output.map(|connected| connected.expect("it listens")));
                    servers.nobody_is_left();
                },
            );
            // One that waits, for which nothing ever comes.
            let servers = Servers::new(&handle);
            for polls in 0..3 {
                let socket = TcpSocket::new_v4().expect("a socket");
                let mut attempt = pin!(socket.connect(servers.mute));
                (0..polls).for_each(|_| assert_pending!(attempt.as_mut()));
            }
        });
        assert_eq!(runtime.stats().io_sources(), 0, "every socket has left the event queue");
        runtime.shutdown().expect("nothing is left behind");
    });
}

/// A listener of a file, whose queue is full.
struct Crowded {
    folder: Folder,
    listener: UnixListener,
    waiting: RefCell<Vec<UnixStream>>,
}

impl Crowded {
    fn new(handle: &Handle) -> Self {
        let folder = Folder::new();
        let address = socket2::SockAddr::unix(folder.file("service")).expect("a name");
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.bind(&address).expect("a free name");
        socket.listen(0).expect("it is bound");
        let listener = handle.enter(|| UnixListener::from_std(socket.into()).expect("a runtime"));
        let crowded = Self { folder, listener, waiting: RefCell::default() };
        while let Some(stream) = crowded.connected() {
            crowded.waiting.borrow_mut().push(stream);
            assert!(crowded.waiting.borrow().len() < 100, "the queue has no end");
        }
        crowded
    }

    fn path(&self) -> PathBuf {
        self.folder.file("service")
    }

    /// A client that need not wait; it is given up if it must.
    fn connected(&self) -> Option<UnixStream> {
        match poll_once(pin!(UnixStream::connect(self.path()))) {
            std::task::Poll::Ready(stream) => Some(stream.expect("it listens")),
            std::task::Poll::Pending => None,
        }
    }
}

#[test]
fn a_unix_connect_dropped_at_every_poll_takes_no_room() {
    watched(|| {
        let clock = TestClock::paused();
        let runtime = runtime(&clock);
        let handle = runtime.handle().clone();
        let harness = DropAtEveryPoll::new(|| Crowded::new(&handle)).steps(1, |crowded, _| {
            drop(qi_test_kit::assert_ready!(pin!(crowded.listener.accept())));
            pass(&clock, Duration::from_millis(100));
        });
        let summary = handle.enter(|| {
            harness.run(
                |crowded| Box::pin(UnixStream::connect(crowded.path())),
                |crowded, run: Run<_>| {
                    let there = run.output.map(|connected| connected.expect("it listens"));
                    // The room that one of them has left is taken, or free.
                    let other = crowded.connected();
                    assert_ne!(there.is_some(), other.is_some());
                },
            )
        });
        assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        assert_eq!(runtime.stats().io_sources(), 0, "every socket has left the event queue");
        runtime.shutdown().expect("nothing is left behind");
    });
}
