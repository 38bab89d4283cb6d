//! Bad luck on the network: ports in use, refusals, resets, names that lead nowhere, a runtime that
//! goes away.
#![forbid(unsafe_code)]

mod net_support;

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use net_support::{LOOPBACK, listen, on_1_and_4_workers, pair, runtime, watched};
use qi_runtime::net::{AddressError, TcpListener, TcpStream, lookup_host};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A port that is taken but that nobody listens on, for as long as the socket lives.
fn refusing() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
        .expect("there are sockets");
    socket.bind(&SocketAddr::from(LOOPBACK).into()).expect("there is a free port");
    let address = socket.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
    (socket, address)
}

#[test]
fn a_refused_connection_is_an_error() {
    on_1_and_4_workers(|| async {
        let (_socket, address) = refusing();
        let error = TcpStream::connect(address).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn addresses_are_tried_in_order_until_one_answers() {
    on_1_and_4_workers(|| async {
        let (_socket, refused) = refusing();
        let (_listener, address) = listen().await;
        let stream =
            TcpStream::connect(&[refused, address][..]).await.expect("one of them answers");
        assert_eq!(stream.peer_addr().expect("it is connected"), address);
        let bound = TcpListener::bind(vec![address, SocketAddr::from(LOOPBACK)]).await;
        let bound = bound.expect("one of them is free").local_addr().expect("it is bound");
        assert_ne!(bound, address);
        let error = TcpStream::connect(&[refused][..]).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_port_in_use_is_an_error() {
    on_1_and_4_workers(|| async {
        let (_listener, address) = listen().await;
        let error = TcpListener::bind(address).await.expect_err("it is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    });
}

#[test]
fn a_port_is_free_as_soon_as_its_listener_is_dropped() {
    on_1_and_4_workers(|| async {
        // Somebody else may have been given the port a moment ago, but not each time.
        for _ in 0..10 {
            let (listener, address) = listen().await;
            // A connection that was accepted lingers on the port.
            let client = TcpStream::connect(address).await.expect("somebody listens");
            drop(listener.accept().await.expect("somebody connects"));
            drop((client, listener));
            if TcpListener::bind(address).await.is_ok() {
                return;
            }
        }
        panic!("its owner has gone, and it is not free");
    });
}

#[test]
fn texts_and_lists_that_are_no_addresses_are_errors() {
    on_1_and_4_workers(|| async {
        let none: [SocketAddr; 0] = [];
        let errors = [
            TcpStream::connect("no port").await.map(drop).expect_err("it is no address"),
            TcpListener::bind("127.0.0.1").await.map(drop).expect_err("it is no address"),
            TcpStream::connect(none).await.map(drop).expect_err("there is none"),
            TcpListener::bind(none).await.map(drop).expect_err("there is none"),
        ];
        for error in errors {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<AddressError>());
            assert!(!inner.expect("the reason is kept").message_zh().is_ascii());
        }
    });
}

#[test]
fn names_are_looked_up_and_nonsense_is_not_found() {
    on_1_and_4_workers(|| async {
        let (_listener, address) = listen().await;
        let found = lookup_host(("localhost", address.port())).await.expect("every host has it");
        assert!(found.len() > 0);
        TcpStream::connect(("localhost", address.port())).await.expect("somebody listens");
        // A label of more than 63 bytes is no name: no server is asked.
        let nonsense = "n".repeat(64);
        lookup_host((nonsense, 1)).await.map(drop).expect_err("it is no name");
    });
}

#[test]
fn without_a_runtime_connecting_and_listening_are_errors() {
    watched(|| {
        let connecting = std::pin::pin!(TcpStream::connect(LOOPBACK));
        let mut connecting = connecting;
        match net_support::poll_once(&mut connecting) {
            std::task::Poll::Ready(Err(error)) => {
                let inner = error.get_ref().map(|inner| inner.is::<qi_sched::NoRuntimeError>());
                assert_eq!(inner, Some(true));
            }
            other => panic!("there is no runtime: {other:?}"),
        }
        let bound = std::net::TcpListener::bind(LOOPBACK).expect("there is a free port");
        TcpListener::from_std(bound).expect_err("there is no runtime");
    });
}

#[test]
fn a_peer_that_resets_in_mid_write_is_an_error() {
    on_1_and_4_workers(|| async {
        let (mut one, mut other) = pair().await;
        let writing = qi_runtime::spawn(async move {
            let block = vec![7; 1 << 20];
            // More than any buffer takes: it is waiting when the reset comes.
            for _ in 0..64 {
                one.write_all(&block).await?;
            }
            io::Result::Ok(())
        });
        other.read_exact(&mut [0; 100]).await.expect("there is more than that");
        other.set_linger(Some(Duration::ZERO)).expect("sockets can");
        drop(other);
        let error = writing.join().await.expect("it does not panic").expect_err("it was reset");
        let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.kind()), "{error}");
    });
}

#[test]
fn writing_on_after_a_reset_goes_on_being_an_error() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = pair().await;
        other.set_linger(Some(Duration::ZERO)).expect("sockets can");
        drop(other);
        // The first tells of the reset, the others would raise SIGPIPE.
        let mut errors = 0;
        while errors < 3 {
            errors += u32::from(one.write(b"anybody there?").await.is_err());
        }
        for _ in 0..3 {
            let parts = [IoSlice::new(b"any"), IoSlice::new(b"body")];
            one.write_vectored(&parts).await.expect_err("it was reset");
        }
        one.close().await.expect("nobody is left to be told");
    });
}

#[test]
fn a_waiting_read_learns_of_a_reset() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = pair().await;
        let reading = qi_runtime::spawn(async move { one.read(&mut [0; 1]).await });
        qi_runtime::yield_now().await;
        other.set_linger(Some(Duration::ZERO)).expect("sockets can");
        drop(other);
        let error = reading.join().await.expect("it does not panic").expect_err("it was reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_shutdown_ends_reads_and_accepts_that_wait() {
    watched(|| {
        for workers in [1, 4] {
            let runtime = runtime(workers);
            let (mut one, other) = runtime.block_on(pair());
            let (listener, address) = runtime.block_on(listen());
            let reading = runtime.spawn(async move { one.read(&mut [0; 1]).await });
            let accepting = runtime.spawn(async move { listener.accept().await.map(drop) });
            runtime.shutdown().expect("nothing is left behind");
            assert!(runtime.block_on(reading.join()).expect_err("no result").is_cancelled());
            assert!(runtime.block_on(accepting.join()).expect_err("no result").is_cancelled());
            // The tasks' sockets are closed, this one is still there.
            let mut other = other.into_std().expect("it can be taken out");
            other.set_nonblocking(false).expect("sockets can");
            let end = io::Read::read(&mut other, &mut [0; 1]).expect("an end");
            assert_eq!(end, 0);
            // In the end: somebody else may have been given the port, or the client itself.
            while std::net::TcpStream::connect(address).is_ok() {
                thread::yield_now();
            }
        }
    });
}

#[test]
fn a_thread_that_waits_for_a_socket_learns_of_the_shutdown() {
    watched(|| {
        for owner_shuts_down in [true, false] {
            let runtime = runtime(2);
            let handle = runtime.handle().clone();
            let (mut one, _other) = runtime.block_on(pair());
            let (began, begun) = mpsc::channel();
            let waiter = thread::spawn(move || {
                handle.block_on(async {
                    began.send(()).expect("the test waits");
                    one.read(&mut [0; 1]).await
                })
            });
            begun.recv().expect("it begins");
            if owner_shuts_down {
                runtime.shutdown().expect("nothing is left behind");
            } else {
                // Dropped inside one of its own tasks: the last thread finishes the shutdown.
                let handle = runtime.handle().clone();
                drop(handle.spawn(async move { drop(runtime) }));
            }
            let error = waiter.join().expect("it does not panic").expect_err("nobody watches it");
            let inner = error.get_ref().map(|inner| inner.is::<qi_reactor::ReactorError>());
            assert_eq!(inner, Some(true), "{error}");
        }
    });
}
