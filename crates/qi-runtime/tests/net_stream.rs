//! Streams of the runtime on the loopback: transfers, halves, ends, options.
#![forbid(unsafe_code)]

mod net_support;

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use net_support::{Dice, listen, on_1_and_4_workers, pair, pattern};
use qi_runtime::net::{Shutdown, TcpStream};
use std::io::{self, IoSlice, IoSliceMut};
use std::time::Duration;

const MEGABYTES: usize = 4 << 20;

/// Writes everything in pieces of random lengths.
async fn send(mut stream: impl AsyncWriteExt + Unpin, bytes: &[u8], seed: u64) {
    let mut dice = Dice(seed);
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = (1 + dice.roll(100_000)).min(rest.len());
        stream.write_all(&rest[..length]).await.expect("the peer reads");
        rest = &rest[length..];
    }
}

/// Reads to the end in pieces of random lengths.
async fn receive(mut stream: impl AsyncReadExt + Unpin, seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut got = Vec::new();
    let mut room = vec![0; 70_000];
    loop {
        let length = 1 + dice.roll(room.len());
        match stream.read(&mut room[..length]).await.expect("the peer is polite") {
            0 => return got,
            count => got.extend_from_slice(&room[..count]),
        }
    }
}

#[test]
fn megabytes_in_random_pieces_come_back_from_an_echo() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let server = qi_runtime::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            futures_util::io::copy(&stream, &mut &stream).await.expect("the client is polite")
        });
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        let (reader, mut writer) = stream.into_split();
        let sending = qi_runtime::spawn(async move {
            send(&mut writer, &pattern(MEGABYTES, 1), 2).await;
        });
        let got = receive(reader, 3).await;
        assert!(got == pattern(MEGABYTES, 1), "the echo differs");
        sending.join().await.expect("it does not panic");
        assert_eq!(server.join().await.expect("it does not panic"), MEGABYTES as u64);
    });
}

#[test]
fn both_directions_flow_at_once_through_halves_in_two_tasks() {
    on_1_and_4_workers(|| async {
        let (one, other) = pair().await;
        let tasks = [(one, 10), (other, 20)].map(|(stream, salt)| {
            let (reader, mut writer) = stream.into_split();
            let sending = qi_runtime::spawn(async move {
                send(&mut writer, &pattern(MEGABYTES, salt), salt + 1).await;
            });
            (sending, qi_runtime::spawn(receive(reader, salt + 2)))
        });
        let [(one_sent, one_got), (other_sent, other_got)] = tasks;
        assert!(one_got.join().await.expect("it does not panic") == pattern(MEGABYTES, 20));
        assert!(other_got.join().await.expect("it does not panic") == pattern(MEGABYTES, 10));
        one_sent.join().await.expect("it does not panic");
        other_sent.join().await.expect("it does not panic");
    });
}

#[test]
fn borrowed_halves_read_and_write_in_one_task() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = pair().await;
        let echo = qi_runtime::spawn(async move {
            futures_util::io::copy(&other, &mut &other).await.expect("the peer is polite");
        });
        let sent = pattern(MEGABYTES, 5);
        let (reader, mut writer) = one.halves();
        let writing = async {
            send(&mut writer, &sent, 6).await;
            writer.close().await.expect("the peer is there");
        };
        let ((), got) = futures_util::future::join(writing, receive(reader, 7)).await;
        assert!(got == sent, "the echo differs");
        echo.join().await.expect("it does not panic");
    });
}

#[test]
fn a_closed_writing_half_leaves_the_reading_half_open() {
    on_1_and_4_workers(|| async {
        let (one, other) = pair().await;
        let (mut reader, mut writer) = one.into_split();
        writer.write_all(b"question").await.expect("the peer reads");
        drop(writer);
        let mut asked = Vec::new();
        (&other).read_to_end(&mut asked).await.expect("an end");
        assert_eq!(asked, b"question");
        (&other).write_all(b"answer").await.expect("the other half is open");
        drop(other);
        let mut answered = Vec::new();
        reader.read_to_end(&mut answered).await.expect("an end");
        assert_eq!(answered, b"answer");
    });
}

#[test]
fn halves_of_one_stream_reunite_and_of_two_do_not() {
    on_1_and_4_workers(|| async {
        let ((one, one_peer), (two, _two_peer)) = (pair().await, pair().await);
        let address = one.local_addr().expect("it is connected");
        let (one_reader, one_writer) = one.into_split();
        let (two_reader, two_writer) = two.into_split();
        let error = one_reader.reunite(two_writer).expect_err("they are strangers");
        assert_eq!(error.to_string(), "the halves belong to two different streams");
        assert!(!error.message_zh().is_ascii());
        let (one_reader, two_writer) = (error.0, error.1);
        let mut one = one_reader.reunite(one_writer).expect("they belong together");
        assert_eq!(one.local_addr().expect("it is connected"), address);
        one.write_all(b"still open").await.expect("reuniting shuts nothing");
        let mut got = [0; 10];
        (&one_peer).read_exact(&mut got).await.expect("ten bytes");
        two_writer.forget();
        drop(two_reader);
    });
}

#[test]
fn dropping_a_writing_half_after_forget_sends_no_end() {
    on_1_and_4_workers(|| async {
        let (one, other) = pair().await;
        let (mut reader, writer) = one.into_split();
        writer.forget();
        (&other).write_all(b"x").await.expect("the connection is open");
        reader.read_exact(&mut [0]).await.expect("a byte");
        let mut room = [0; 1];
        let end = other.try_read(&mut room).expect_err("there is no end yet");
        assert_eq!(end.kind(), io::ErrorKind::WouldBlock);
        drop(reader);
        assert_eq!((&other).read(&mut room).await.expect("an end"), 0);
    });
}

#[test]
fn several_buffers_are_written_and_read_by_one_call_each() {
    on_1_and_4_workers(|| async {
        let (mut one, mut other) = pair().await;
        let parts = [IoSlice::new(b"qi"), IoSlice::new(b""), IoSlice::new(b" runtime")];
        assert_eq!(one.write_vectored(&parts).await.expect("there is room"), 10);
        let (mut first, mut second) = ([0; 4], [0; 16]);
        let mut rooms = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(other.read_vectored(&mut rooms).await.expect("ten bytes"), 10);
        assert_eq!((&first, &second[..6]), (b"qi r", &b"untime"[..]));
        assert_eq!(one.try_write_vectored(&parts).expect("there is room"), 10);
        let mut all = [0; 10];
        other.read_exact(&mut all).await.expect("ten bytes");
        assert_eq!(&all, b"qi runtime");
    });
}

#[test]
fn more_buffers_than_a_call_takes_arrive_all_the_same() {
    on_1_and_4_workers(|| async {
        const COUNT: usize = 5_000;
        let (mut one, other) = pair().await;
        let bytes = pattern(COUNT * 300, 9);
        let expected = bytes.clone();
        let reading = qi_runtime::spawn(async move { receive(other, 1).await });
        let mut written = 0;
        while written < bytes.len() {
            let parts: Vec<IoSlice<'_>> = bytes[written..].chunks(300).map(IoSlice::new).collect();
            written += one.write_vectored(&parts).await.expect("the peer reads");
        }
        drop(one);
        assert!(reading.join().await.expect("it does not panic") == expected);
    });
}

#[test]
fn peeking_takes_nothing() {
    on_1_and_4_workers(|| async {
        let (one, mut other) = pair().await;
        let writing = qi_runtime::spawn(async move {
            (&one).write_all(b"abc").await.expect("there is room");
            one
        });
        let mut room = [0; 1];
        for _ in 0..3 {
            assert_eq!(other.peek(&mut room).await.expect("a byte"), 1);
            assert_eq!(&room, b"a");
        }
        let mut all = [0; 3];
        other.read_exact(&mut all).await.expect("three bytes");
        assert_eq!(&all, b"abc");
        drop(writing.join().await.expect("it does not panic"));
        assert_eq!(other.peek(&mut room).await.expect("an end"), 0);
    });
}

#[test]
fn try_and_ready_transfer_without_the_traits() {
    on_1_and_4_workers(|| async {
        let (one, other) = pair().await;
        let sent = pattern(MEGABYTES, 8);
        let expected = sent.clone();
        let writing = qi_runtime::spawn(async move {
            let mut rest = &sent[..];
            while !rest.is_empty() {
                one.writable().await.expect("the runtime runs");
                match one.try_write(rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
        });
        let mut got = Vec::new();
        let mut room = vec![0; 9_999];
        loop {
            other.readable().await.expect("the runtime runs");
            match other.try_read(&mut room) {
                Ok(0) => break,
                Ok(count) => got.extend_from_slice(&room[..count]),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert!(got == expected, "the bytes differ");
        writing.join().await.expect("it does not panic");
    });
}

#[test]
fn options_are_set_and_told() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        listener.set_ttl(31).expect("a sound value");
        assert_eq!(listener.ttl().expect("it is set"), 31);
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        assert_eq!(stream.peer_addr().expect("it is connected"), address);
        assert!(!stream.nodelay().expect("it has a default"));
        stream.set_nodelay(true).expect("sockets can");
        assert!(stream.nodelay().expect("it is set"));
        stream.set_ttl(42).expect("a sound value");
        assert_eq!(stream.ttl().expect("it is set"), 42);
        assert_eq!(stream.linger().expect("it has a default"), None);
        stream.set_linger(Some(Duration::from_secs(2))).expect("sockets can");
        assert_eq!(stream.linger().expect("it is set"), Some(Duration::from_secs(2)));
        stream.set_linger(None).expect("sockets can");
        assert!(stream.take_error().expect("sockets can").is_none());
        stream.shutdown(Shutdown::Both).expect("it is connected");
        assert_eq!((&stream).read(&mut [0; 1]).await.expect("an end"), 0);
    });
}

#[test]
fn a_stream_goes_to_the_standard_library_and_comes_back() {
    on_1_and_4_workers(|| async {
        let (mut one, mut other) = pair().await;
        other.write_all(b"ab").await.expect("there is room");
        let mut room = [0; 1];
        one.read_exact(&mut room).await.expect("a byte");
        // Watched by now or not: nothing of it may stay in an event queue.
        let plain = one.into_std().expect("it can be taken out");
        let mut one = TcpStream::from_std(plain).expect("it can be put in");
        one.read_exact(&mut room).await.expect("a byte");
        assert_eq!(&room, b"b");
        let waiting = qi_runtime::spawn(async move { one.read(&mut [0; 1]).await });
        qi_runtime::yield_now().await;
        drop(other);
        assert_eq!(waiting.join().await.expect("it does not panic").expect("an end"), 0);
    });
}
