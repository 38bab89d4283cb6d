//! Futures of the network that are dropped half-way, moved between tasks, threads and runtimes.
#![forbid(unsafe_code)]

mod net_support;

use futures_util::StreamExt;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use net_support::{
    LOOPBACK, listen, on_1_and_4_workers, pair, pattern, poll_once, runtime, watched,
};
use qi_runtime::channel::oneshot;
use qi_runtime::net::{TcpListener, TcpStream};
use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

#[test]
fn a_dropped_accept_loses_no_connection() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let mut clients = Vec::new();
        for round in 0..20 {
            // Nobody there: it waits, and is dropped.
            assert!(poll_once(&mut pin!(listener.accept())).is_pending(), "round {round}");
            let client = TcpStream::connect(address).await.expect("somebody listens");
            let expected = client.local_addr().expect("it is connected");
            clients.push(client);
            // Somebody there: either this poll gives the connection, or the next call does.
            let accepted = match poll_once(&mut pin!(listener.accept())) {
                Poll::Ready(accepted) => accepted,
                Poll::Pending => listener.accept().await,
            };
            assert_eq!(accepted.expect("somebody connected").1, expected);
        }
    });
}

#[test]
fn a_dropped_read_loses_no_byte() {
    on_1_and_4_workers(|| async {
        let (one, mut other) = pair().await;
        let sent = pattern(100_000, 3);
        let expected = sent.clone();
        let writing = qi_runtime::spawn(async move {
            for piece in sent.chunks(777) {
                (&one).write_all(piece).await.expect("the peer reads");
                qi_runtime::yield_now().await;
            }
        });
        let mut got = Vec::new();
        let mut room = [0; 500];
        loop {
            // A read that gives nothing at its first poll is dropped, and another one waits.
            let mut first = other.read(&mut room);
            let count = match poll_once(&mut first) {
                Poll::Ready(count) => count,
                Poll::Pending => other.read(&mut room).await,
            };
            match count.expect("the peer is polite") {
                0 => break,
                count => got.extend_from_slice(&room[..count]),
            }
        }
        assert!(got == expected, "the bytes differ");
        writing.join().await.expect("it does not panic");
    });
}

#[test]
fn a_dropped_write_has_written_nothing() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = pair().await;
        // Far less room than there are bytes.
        one.set_send_buffer_size(64 * 1024).expect("it can be set");
        let expected = pattern(8 << 20, 4);
        let sent = expected.clone();
        let (tell, told) = oneshot::channel();
        let writing = qi_runtime::spawn(async move {
            let mut rest = &sent[..];
            let mut tell = Some(tell);
            while !rest.is_empty() {
                let piece = &rest[..rest.len().min(300_000)];
                let mut first = one.write(piece);
                let count = match poll_once(&mut first) {
                    Poll::Ready(count) => count,
                    Poll::Pending => {
                        if let Some(tell) = tell.take() {
                            tell.send(()).expect("the reader waits");
                        }
                        one.write(piece).await
                    }
                };
                rest = &rest[count.expect("the peer reads")..];
            }
        });
        // It begins to read only when a write has been dropped.
        told.await.expect("the buffers are full before all is written");
        let mut got = Vec::new();
        (&other).read_to_end(&mut got).await.expect("the peer is polite");
        assert!(got == expected, "the bytes differ");
        writing.join().await.expect("it does not panic");
    });
}

#[test]
fn a_dropped_wait_for_readiness_consumes_none() {
    on_1_and_4_workers(|| async {
        let (one, other) = pair().await;
        other.try_read(&mut [0; 1]).expect_err("nothing is there");
        assert!(poll_once(&mut pin!(other.readable())).is_pending());
        let writing = qi_runtime::spawn(async move {
            (&one).write_all(b"x").await.expect("there is room");
            one
        });
        drop(writing.join().await.expect("it does not panic"));
        for _ in 0..3 {
            other.readable().await.expect("the runtime runs");
        }
        assert_eq!(other.try_read(&mut [0; 2]).expect("a byte"), 1);
    });
}

/// As small as an executor gets: it knows nothing of Qi.
fn plain_block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn sockets_serve_a_foreign_executor_and_a_foreign_thread() {
    watched(|| {
        for workers in [1, 4] {
            let runtime = runtime(workers);
            let (listener, address) = runtime.block_on(listen());
            // Another thread, another executor: only the wake-ups come from the runtime.
            let server = thread::spawn(move || {
                plain_block_on(async {
                    let (mut stream, _) = listener.accept().await.expect("a client");
                    let mut text = Vec::new();
                    stream.read_to_end(&mut text).await.expect("an end");
                    text
                })
            });
            // A blocking client, so that every step of the server has to wait.
            let mut client = std::net::TcpStream::connect(address).expect("somebody listens");
            client.write_all(b"hello").expect("there is room");
            drop(client);
            assert_eq!(server.join().expect("it does not panic"), b"hello");
        }
    });
}

#[test]
fn a_runtimes_own_block_on_drives_sockets_on_a_foreign_thread() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let got = thread::spawn(move || {
            handle.block_on(async {
                let (mut one, mut other) = pair().await;
                let sending = qi_runtime::spawn(async move { one.write_all(b"hello").await });
                let mut got = Vec::new();
                other.read_to_end(&mut got).await.expect("an end");
                sending.join().await.expect("it does not panic").expect("the peer reads");
                got
            })
        });
        assert_eq!(got.join().expect("it does not panic"), b"hello");
    });
}

#[test]
fn a_stream_is_used_by_tasks_of_two_runtimes_in_turn() {
    watched(|| {
        let (home, away) = (runtime(1), runtime(2));
        let (mut one, other) = home.block_on(pair());
        let echo = home.spawn(async move {
            futures_util::io::copy(&other, &mut &other).await.expect("the peer is polite")
        });
        for round in 0..50 {
            let here = if round % 2 == 0 { &home } else { &away };
            let turn = here.spawn(async move {
                one.write_all(&[round]).await.expect("the echo reads");
                let mut got = [0];
                one.read_exact(&mut got).await.expect("the echo writes");
                assert_eq!(got, [round]);
                one
            });
            one = here.block_on(turn.join()).expect("it does not panic");
        }
        // One half in each, at once.
        let (mut reader, mut writer) = one.into_split();
        let sent = pattern(1 << 20, 6);
        let expected = sent.clone();
        let writing = away.spawn(async move { writer.write_all(&sent).await });
        let reading = home.spawn(async move {
            let mut got = Vec::new();
            reader.read_to_end(&mut got).await.expect("the echo ends");
            got
        });
        assert!(home.block_on(reading.join()).expect("it does not panic") == expected);
        away.block_on(writing.join()).expect("it does not panic").expect("the echo reads");
        home.block_on(echo.join()).expect("it does not panic");
        away.shutdown().expect("nothing is left behind");
        home.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn incoming_gives_every_connection() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let serving = qi_runtime::spawn(async move {
            let mut sum = 0;
            let mut connections = listener.incoming().take(20);
            while let Some(stream) = connections.next().await {
                let mut byte = [0];
                stream.expect("a client").read_exact(&mut byte).await.expect("a byte");
                sum += u32::from(byte[0]);
            }
            sum
        });
        for n in 0..20 {
            let mut stream = TcpStream::connect(address).await.expect("somebody listens");
            stream.write_all(&[n]).await.expect("there is room");
        }
        assert_eq!(serving.join().await.expect("it does not panic"), 190);
    });
}

#[test]
fn a_listener_of_the_standard_library_is_taken_over_and_given_back() {
    on_1_and_4_workers(|| async {
        let bound = std::net::TcpListener::bind(LOOPBACK).expect("there is a free port");
        let address = bound.local_addr().expect("it is bound");
        let listener = TcpListener::from_std(bound).expect("it can be put in");
        assert!(poll_once(&mut pin!(listener.accept())).is_pending());
        let bound = listener.into_std().expect("it can be taken out");
        let listener = TcpListener::from_std(bound).expect("it can be put in");
        let _client = TcpStream::connect(address).await.expect("somebody listens");
        listener.accept().await.expect("somebody connects");
    });
}
