//! Readiness of real sockets on the loopback, seen through registrations and watched sources.

mod support;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mio::net::{TcpListener, TcpStream};
use qi_reactor::{Interest, Reactor, ReactorError, Readiness, Watched};
use support::{Counter, Executor, HUNG, block_on, poll_once, yield_now};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn reactor(shards: usize) -> Arc<Reactor> {
    Arc::new(Reactor::new(shards).expect("a reactor"))
}

fn listen(reactor: &Arc<Reactor>, shard: usize) -> Watched<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    Watched::new(reactor, shard, listener, Interest::READABLE).expect("it can be watched")
}

/// Two ends of one connection, neither watched yet.
fn pair() -> (TcpStream, TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let one = std::net::TcpStream::connect(address).expect("somebody listens");
    let (other, _) = listener.accept().expect("somebody connects");
    for end in [&one, &other] {
        end.set_nonblocking(true).expect("sockets can");
        end.set_nodelay(true).expect("sockets can");
    }
    (TcpStream::from_std(one), TcpStream::from_std(other))
}

fn watch(reactor: &Reactor, shard: usize, stream: TcpStream) -> Watched<TcpStream> {
    Watched::new(reactor, shard, stream, BOTH).expect("it can be watched")
}

async fn write_all(stream: &Watched<TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::future::poll_fn(|cx| {
            stream.poll_write_stream(cx, bytes.len(), |mut stream| stream.write(bytes))
        })
        .await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

async fn read_some(stream: &Watched<TcpStream>, room: &mut [u8]) -> io::Result<usize> {
    std::future::poll_fn(|cx| {
        stream.poll_read_stream(cx, room.len(), |mut stream| stream.read(room))
    })
    .await
}

async fn connect(reactor: &Reactor, shard: usize, to: std::net::SocketAddr) -> Watched<TcpStream> {
    let stream = watch(reactor, shard, TcpStream::connect(to).expect("it begins to connect"));
    stream
        .write_with(|stream| {
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            match stream.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                    Err(io::ErrorKind::WouldBlock.into())
                }
                other => other.map(drop),
            }
        })
        .await
        .expect("somebody listens");
    stream
}

#[test]
fn accept_connect_echo_and_end_of_file() {
    let reactor = reactor(1);
    let listener = listen(&reactor, 0);
    let address = listener.get_ref().local_addr().expect("it is bound");
    let mut executor = Executor::new(&reactor, 0);
    executor.spawn(async {
        for _ in 0..3 {
            let (stream, _) = listener.read_with(TcpListener::accept).await.expect("a client");
            let stream = watch(&reactor, 0, stream);
            let mut room = [0; 64];
            loop {
                let count = read_some(&stream, &mut room).await.expect("the client is polite");
                if count == 0 {
                    break;
                }
                write_all(&stream, &room[..count]).await.expect("the client reads");
            }
        }
    });
    executor.spawn(async {
        for n in 0..3_u8 {
            let stream = connect(&reactor, 0, address).await;
            for m in 0..100 {
                let sent = [n, m, 7];
                write_all(&stream, &sent).await.expect("the server reads");
                let mut got = [0; 3];
                let mut at = 0;
                while at < got.len() {
                    at += read_some(&stream, &mut got[at..]).await.expect("the server writes");
                }
                assert_eq!(got, sent);
            }
            stream.get_ref().shutdown(Shutdown::Write).expect("it is connected");
            let end = read_some(&stream, &mut [0; 3]).await;
            assert_eq!(end.expect("the server closes in turn"), 0);
        }
    });
    executor.run();
    drop(listener);
    assert!(!reactor.has_sources(0), "every source has left");
}

#[test]
fn megabytes_flow_both_ways_at_once_through_one_socket() {
    const LENGTH: usize = 4 << 20;
    let reactor = reactor(2);
    let (one, other) = pair();
    let (one, other) = (watch(&reactor, 0, one), watch(&reactor, 0, other));
    let byte = |at: usize, salt: usize| (at.wrapping_mul(31) ^ (at >> 8) ^ salt) as u8;
    let bytes = |salt| (0..LENGTH).map(|at| byte(at, salt)).collect::<Vec<_>>();
    let (forth, back) = (bytes(1), bytes(2));
    let mut executor = Executor::new(&reactor, 0);
    for (stream, bytes) in [(&one, &forth), (&other, &back)] {
        executor.spawn(async move { write_all(stream, bytes).await.expect("the peer reads") });
    }
    for (stream, bytes) in [(&one, &back), (&other, &forth)] {
        executor.spawn(async move {
            let mut room = vec![0; 10_007];
            let mut at = 0;
            while at < LENGTH {
                let count = read_some(stream, &mut room).await.expect("the peer writes");
                assert_eq!(room[..count], bytes[at..at + count]);
                at += count;
            }
        });
    }
    executor.run();
}

#[test]
fn every_waiter_of_a_direction_is_woken() {
    let reactor = reactor(1);
    let (one, mut other) = pair();
    let one = watch(&reactor, 0, one);
    let registration = one.registration().expect("it is watched");
    // The assumption that it is readable is refuted first.
    let refuted = registration.try_io(Interest::READABLE, || {
        let mut stream = one.get_ref();
        stream.read(&mut [0; 1])
    });
    assert!(refuted.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
    let mut waits: Vec<_> = (0..5).map(|_| registration.ready(Interest::READABLE)).collect();
    let (counters, wakers): (Vec<_>, Vec<_>) = (0..7).map(|_| Counter::new()).unzip();
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(poll_once(wait, waker).is_pending());
    }
    for waker in &wakers[5..] {
        let mut cx = Context::from_waker(waker);
        assert!(registration.poll_read_ready(&mut cx).is_pending());
    }
    drop(waits.remove(1));
    other.write_all(b"x").expect("there is room");
    // The event may take a moment, but the park ends with it.
    while counters[0].count() == 0 {
        reactor.park(0);
    }
    let woken: Vec<_> = counters.iter().map(|counter| counter.count()).collect();
    assert_eq!(woken, [1, 0, 1, 1, 1, 1, 1], "all but the one that was dropped");
    for wait in &mut waits {
        assert!(matches!(poll_once(wait, Waker::noop()), Poll::Ready(Ok(_))));
    }
}

#[test]
fn a_dropped_wait_keeps_no_waker() {
    let reactor = reactor(1);
    let (one, _other) = pair();
    let one = watch(&reactor, 0, one);
    let registration = one.registration().expect("it is watched");
    let _ = registration
        .try_io(Interest::READABLE, || Err::<(), _>(io::Error::from(io::ErrorKind::WouldBlock)));
    let (counter, waker) = Counter::new();
    let mut wait = registration.ready(Interest::READABLE);
    for _ in 0..3 {
        assert!(poll_once(&mut wait, &waker).is_pending());
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&counter), 2);
    drop(wait);
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn two_tasks_reading_one_socket_both_go_on_after_each_message() {
    const MESSAGES: usize = 500;
    let reactor = reactor(1);
    let (one, other) = pair();
    let (one, other) = (watch(&reactor, 0, one), watch(&reactor, 0, other));
    let received = Cell::new(0);
    let mut executor = Executor::new(&reactor, 0);
    for _ in 0..2 {
        executor.spawn(async {
            loop {
                let mut room = [0; 1];
                let count = one.read_with(|mut stream| stream.read(&mut room)).await;
                if count.expect("the peer is polite") == 0 {
                    break;
                }
                received.set(received.get() + 1);
                yield_now().await;
            }
        });
    }
    executor.spawn(async {
        for _ in 0..MESSAGES {
            write_all(&other, b"m").await.expect("the peer reads");
            yield_now().await;
        }
        other.get_ref().shutdown(Shutdown::Write).expect("it is connected");
    });
    executor.run();
    assert_eq!(received.get(), MESSAGES);
}

#[test]
fn the_end_of_a_stream_stays_ready() {
    let reactor = reactor(1);
    let (one, other) = pair();
    let one = watch(&reactor, 0, one);
    let empty = one.registration().expect("it is watched").try_io(Interest::READABLE, || {
        let mut stream = one.get_ref();
        stream.read(&mut [0; 1])
    });
    assert!(empty.is_err());
    drop(other);
    block_on(&reactor, 0, async {
        for _ in 0..3 {
            assert_eq!(read_some(&one, &mut [0; 8]).await.expect("an orderly end"), 0);
        }
    });
    let registration = one.registration().expect("it is watched");
    assert!(registration.readiness().contains(Readiness::READ_CLOSED));
}

#[test]
fn a_lazily_watched_source_is_registered_with_the_shard_of_its_first_would_block() {
    let reactor = reactor(3);
    let (one, other) = pair();
    let lazy = |stream| {
        Watched::lazy(Arc::clone(&reactor), |reactor| reactor.shards() - 1, stream, BOTH)
            .expect("it can be watched")
    };
    let (one, other) = (lazy(one), lazy(other));
    block_on(&reactor, 2, async {
        write_all(&one, b"first").await.expect("there is room");
    });
    let mut executor = Executor::new(&reactor, 2);
    executor.spawn(async {
        let mut room = [0; 16];
        let mut got = Vec::new();
        while got.len() < 11 {
            let count = read_some(&other, &mut room).await.expect("the peer writes");
            got.extend_from_slice(&room[..count]);
        }
        assert_eq!(got, b"firstsecond");
        let registration = other.registration().expect("it had to wait by now");
        assert_eq!(registration.shard(), 2);
    });
    executor.spawn(async {
        // Only after the reader has waited.
        while other.registration().is_none() {
            yield_now().await;
        }
        write_all(&one, b"second").await.expect("there is room");
    });
    executor.run();
    assert!(reactor.has_sources(2));
    let inner = other.into_inner().expect("it can be taken out");
    drop((one, inner));
    assert!(!reactor.has_sources(2));
}

#[test]
fn closing_wakes_every_waiter_of_a_source_with_an_error() {
    let reactor = reactor(1);
    let (one, other) = pair();
    let one = watch(&reactor, 0, one);
    let (counter, waker) = Counter::new();
    let mut read = Box::pin(one.read_with(|mut stream| stream.read(&mut [0; 1])));
    assert!(poll_once(&mut read, &waker).is_pending());
    let mut cx = Context::from_waker(&waker);
    let mut accepts = |_: &TcpStream| Err::<(), _>(io::ErrorKind::WouldBlock.into());
    assert!(one.poll_write_with(&mut cx, &mut accepts).is_pending());
    reactor.close();
    assert_eq!(counter.count(), 2);
    let is_closed = |error: &io::Error| {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ReactorError>());
        matches!(inner, Some(ReactorError::Closed))
    };
    match poll_once(&mut read, &waker) {
        Poll::Ready(Err(error)) => assert!(is_closed(&error), "{error}"),
        other => panic!("reading after the close gave {other:?}"),
    }
    match one.poll_write_with(&mut cx, &mut accepts) {
        Poll::Ready(Err(error)) => assert!(is_closed(&error), "{error}"),
        other => panic!("writing after the close gave {other:?}"),
    }
    let refused = Watched::new(&reactor, 0, other, BOTH).expect_err("it is closed");
    assert!(is_closed(&refused));
}

#[test]
fn a_registration_that_the_system_refuses_leaves_no_slot_behind() {
    let reactor = reactor(1);
    let (mut one, _other) = pair();
    let _first = reactor.register(0, &mut one, BOTH).expect("it can be watched");
    let second = reactor.register(0, &mut one, BOTH);
    assert!(second.is_err(), "the same source twice");
    assert_eq!(reactor.stats(0).sources, 1);
}

#[test]
fn sources_come_and_go_while_other_threads_turn_their_shard() {
    const CONNECTIONS: u32 = 400;
    let reactor = reactor(1);
    let done = std::sync::atomic::AtomicBool::new(false);
    // Relaxed: the flag stands for itself, and the threads are joined.
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(order) {
                    reactor.try_turn(0);
                    std::thread::yield_now();
                }
            });
        }
        for n in 0..CONNECTIONS {
            let (one, other) = pair();
            let (one, other) = (watch(&reactor, 0, one), watch(&reactor, 0, other));
            let mut executor = Executor::new(&reactor, 0);
            executor.spawn(async {
                write_all(&one, &n.to_ne_bytes()).await.expect("there is room");
                let mut got = [0; 4];
                let mut at = 0;
                while at < got.len() {
                    at += read_some(&one, &mut got[at..]).await.expect("an answer");
                }
                assert_eq!(u32::from_ne_bytes(got), !n);
            });
            executor.spawn(async {
                let mut got = [0; 4];
                let mut at = 0;
                while at < got.len() {
                    at += read_some(&other, &mut got[at..]).await.expect("a question");
                }
                let answer = !u32::from_ne_bytes(got);
                write_all(&other, &answer.to_ne_bytes()).await.expect("there is room");
            });
            executor.run();
        }
        done.store(true, order);
    });
    assert_eq!(reactor.stats(0).sources, 0);
}

#[test]
fn a_source_is_tried_without_waiting_before_and_after_it_is_registered() {
    let reactor = reactor(1);
    let (one, other) = pair();
    let (one, other) = (watch(&reactor, 0, one), lazily(&reactor, other));
    let mut room = [0; 8];
    let mut tries = 0;
    let mut read = || {
        other.try_read_with(|mut stream| {
            tries += 1;
            stream.read(&mut room)
        })
    };
    for _ in 0..3 {
        assert_eq!(read().expect_err("nothing is there").kind(), io::ErrorKind::WouldBlock);
    }
    assert_eq!(one.try_write_with(|mut stream| stream.write(b"x")).expect("there is room"), 1);
    while read().is_err() {
        reactor.park(0);
    }
    // Nothing was tried while the source was known to be unready: the rest is an event each.
    assert!(tries <= 4, "{tries} tries");
}

fn lazily(reactor: &Arc<Reactor>, stream: TcpStream) -> Watched<TcpStream> {
    Watched::lazy(Arc::clone(reactor), |_| 0, stream, BOTH).expect("it can be watched")
}

/// Where the system reports edges. Elsewhere sources are registered before they are used.
#[cfg(all(unix, not(mio_unsupported_force_poll_poll)))]
#[test]
fn a_first_event_that_another_thread_collects_makes_nothing_ready_that_would_block() {
    let reactor = reactor(1);
    let over = std::sync::atomic::AtomicBool::new(false);
    // Relaxed: the flag stands for itself, and the thread is joined.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begun = std::time::Instant::now();
            while !over.load(std::sync::atomic::Ordering::Relaxed) && begun.elapsed() < HUNG {
                reactor.try_turn(0);
            }
        });
        let ready = (0..500).filter(|_| {
            let (one, _other) = pair();
            let one = Watched::lazy(Arc::clone(&reactor), |_| 0, one, BOTH).expect("it is lazy");
            one.try_read_with(|mut stream| stream.read(&mut [0])).expect_err("nothing was sent");
            let registration = one.registration().expect("it is watched now");
            registration.readiness().contains(Readiness::READABLE)
        });
        let ready = ready.count();
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ready, 0, "of 500 that were refused a moment ago");
    });
}
