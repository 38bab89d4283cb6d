//! Copying one way and both ways: ends, errors, budget, memory.

use crate::net_support::{on_1_and_4_workers, pair, pattern};
use futures_util::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Cursor};
use qi_runtime::io::{
    copy, copy_bidirectional, copy_bidirectional_with_sizes, copy_with_size, duplex, split,
};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// A stream whose reads and writes answer as they are told.
#[derive(Default)]
struct Scripted {
    reads: VecDeque<Poll<io::Result<Vec<u8>>>>,
    writes: VecDeque<Poll<io::Result<usize>>>,
    written: Vec<u8>,
    flushes: usize,
    closes: usize,
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.reads.pop_front() {
            Some(Poll::Ready(Ok(bytes))) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            Some(Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let answer = self.writes.pop_front().unwrap_or(Poll::Ready(Ok(bytes.len())));
        if let Poll::Ready(Ok(count)) = &answer {
            let count = *count;
            self.written.extend_from_slice(&bytes[..count]);
        }
        answer
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closes += 1;
        Poll::Ready(Ok(()))
    }
}

fn interrupted<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::Interrupted.into()))
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn everything_is_copied_and_flushed_and_nothing_closed() {
    let mut reader = Cursor::new(pattern(100_000, 1));
    let mut writer = Scripted::default();
    let copied = poll(pin!(copy(&mut reader, &mut writer)));
    assert!(matches!(copied, Poll::Ready(Ok(100_000))));
    assert!(writer.written == pattern(100_000, 1), "the bytes differ");
    assert_eq!((writer.flushes > 0, writer.closes), (true, 0));
}

#[test]
fn what_the_writer_has_is_flushed_before_the_reader_is_waited_for() {
    let mut reader = Scripted::default();
    reader.reads.push_back(Poll::Ready(Ok(b"question".to_vec())));
    let mut writer = Scripted::default();
    {
        let mut copying = pin!(copy(&mut reader, &mut writer));
        assert!(poll(copying.as_mut()).is_pending());
        assert!(poll(copying).is_pending());
    }
    assert_eq!(writer.written, b"question");
    assert_eq!(writer.flushes, 1, "once is enough");
}

#[test]
fn short_writes_and_a_full_writer_lose_nothing() {
    let mut reader = Scripted::default();
    reader.reads.push_back(Poll::Ready(Ok(b"all of it".to_vec())));
    reader.reads.push_back(Poll::Ready(Ok(Vec::new())));
    let mut writer = Scripted::default();
    writer.writes.extend([Poll::Ready(Ok(1)), Poll::Pending, Poll::Ready(Ok(2)), Poll::Pending]);
    {
        let mut copying = pin!(copy(&mut reader, &mut writer));
        assert!(poll(copying.as_mut()).is_pending());
        assert!(poll(copying.as_mut()).is_pending());
        assert!(matches!(poll(copying), Poll::Ready(Ok(9))));
    }
    assert_eq!(writer.written, b"all of it");
}

#[test]
fn interrupted_transfers_are_tried_again() {
    let mut reader = Scripted::default();
    reader.reads.extend([interrupted(), Poll::Ready(Ok(b"ab".to_vec())), interrupted()]);
    reader.reads.push_back(Poll::Ready(Ok(Vec::new())));
    let mut writer = Scripted::default();
    writer.writes.extend([interrupted(), Poll::Ready(Ok(1)), interrupted()]);
    assert!(matches!(poll(pin!(copy(&mut reader, &mut writer))), Poll::Ready(Ok(2))));
    assert_eq!(writer.written, b"ab");
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    let mut reader = Cursor::new(b"something");
    let mut writer = Scripted::default();
    writer.writes.push_back(Poll::Ready(Ok(0)));
    let Poll::Ready(Err(error)) = poll(pin!(copy(&mut reader, &mut writer))) else {
        panic!("it goes on");
    };
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}

#[test]
fn pieces_are_as_long_as_was_said_and_at_least_a_byte() {
    struct Longest(Cursor<Vec<u8>>, usize);
    impl AsyncRead for Longest {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.1 = self.1.max(buffer.len());
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }
    for (size, expected) in [(0, 1), (7, 7), (100_000, 100_000)] {
        let mut reader = Longest(Cursor::new(pattern(30, 1)), 0);
        let mut writer = Vec::new();
        assert!(poll(pin!(copy_with_size(&mut reader, &mut writer, size))).is_ready());
        assert_eq!((reader.1, writer.len()), (expected, 30));
    }
}

#[test]
fn a_copy_that_is_always_ready_lets_others_run() {
    on_1_and_4_workers(|| async {
        let endless = qi_runtime::spawn(async {
            copy(&mut futures_util::io::repeat(1), &mut futures_util::io::sink()).await
        });
        let both = qi_runtime::spawn(async {
            let (mut a, mut b) = (Endless, Endless);
            copy_bidirectional(&mut a, &mut b).await
        });
        // On one worker this is reached only if both give way.
        for _ in 0..100 {
            qi_runtime::yield_now().await;
        }
        for task in [endless.cancel(), both.cancel()] {
            task.expect("it has not ended");
        }
    });
}

/// Always ready, both ways.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn one_way_may_end_while_the_other_goes_on() {
    on_1_and_4_workers(|| async {
        let (mut client, mut inbound) = pair().await;
        let (mut outbound, mut server) = pair().await;
        let proxy =
            qi_runtime::spawn(async move { copy_bidirectional(&mut inbound, &mut outbound).await });
        client.write_all(b"all I have to say").await.expect("there is room");
        client.close().await.expect("it is connected");
        let mut heard = String::new();
        server.read_to_string(&mut heard).await.expect("an end");
        assert_eq!(heard, "all I have to say");
        server.write_all(b"and the answer").await.expect("there is room");
        drop(server);
        heard.clear();
        client.read_to_string(&mut heard).await.expect("an end");
        assert_eq!(heard, "and the answer");
        assert_eq!(proxy.join().await.expect("no panic").expect("no error"), (17, 14));
    });
}

#[test]
fn a_peer_that_never_reads_holds_up_its_own_way_only() {
    on_1_and_4_workers(|| async {
        let (client, mut inbound) = duplex(16);
        let (mut outbound, mut server) = duplex(16);
        let proxy = qi_runtime::spawn(async move {
            copy_bidirectional_with_sizes(&mut inbound, &mut outbound, 8, 8).await
        });
        // The server reads nothing: this way fills up, and this task waits for ever.
        let stuck = qi_runtime::spawn(async move {
            let (mut reader, mut writer) = split(client);
            let writing = async { writer.write_all(&[0; 1000]).await };
            let reading = async {
                let mut got = [0; 500];
                reader.read_exact(&mut got).await.map(|()| got)
            };
            match futures_util::future::select(pin!(writing), pin!(reading)).await {
                futures_util::future::Either::Left(_) => panic!("nobody has read"),
                futures_util::future::Either::Right((got, _)) => got,
            }
        });
        server.write_all(&[7; 500]).await.expect("the client reads");
        let got = stuck.join().await.expect("it does not panic").expect("all of it");
        assert_eq!(got, [7; 500]);
        proxy.cancel().expect("it has not ended");
    });
}

#[test]
fn an_error_of_either_side_ends_both_ways_at_once() {
    for in_reading in [true, false] {
        let (mut a, mut b) = (Scripted::default(), Scripted::default());
        if in_reading {
            a.reads.push_back(Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())));
        } else {
            a.reads.push_back(Poll::Ready(Ok(b"x".to_vec())));
            b.writes.push_back(Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())));
        }
        let Poll::Ready(Err(error)) = poll(pin!(copy_bidirectional(&mut a, &mut b))) else {
            panic!("it goes on");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn each_writer_is_closed_once_when_its_way_ends() {
    let (mut a, mut b) = (Scripted::default(), Scripted::default());
    a.reads.push_back(Poll::Ready(Ok(Vec::new())));
    b.reads.extend([Poll::Ready(Ok(b"late".to_vec())), Poll::Pending]);
    b.reads.push_back(Poll::Ready(Ok(Vec::new())));
    {
        let mut joined = pin!(copy_bidirectional(&mut a, &mut b));
        assert!(poll(joined.as_mut()).is_pending());
        assert!(matches!(poll(joined), Poll::Ready(Ok((0, 4)))));
    }
    assert_eq!((a.closes, b.closes), (1, 1));
    assert_eq!(a.written, b"late");
}

#[test]
fn halves_of_any_stream_belong_together_or_do_not() {
    fn send_and_sync<T: Send + Sync>(_: &T) {}
    let (reader, writer) = split(duplex(4).0);
    send_and_sync(&reader);
    send_and_sync(&writer);
    let (other, _) = split(duplex(4).0);
    assert!(other.reunite(writer).is_err(), "they are of two streams");
    let (reader, writer) = split(duplex(4).0);
    assert!(reader.reunite(writer).is_ok());
}
