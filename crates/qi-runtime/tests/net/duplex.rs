//! Streams in memory.

use crate::net_support::{on_1_and_4_workers, pattern};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::io::duplex;
use qi_test_kit::{assert_pending, poll_once};
use std::io::{self, IoSlice};
use std::pin::pin;
use std::task::Poll;

#[test]
fn bytes_arrive_in_order_whatever_the_room() {
    on_1_and_4_workers(|| async {
        for capacity in [0, 1, 7, 4096] {
            let (mut one, mut other) = duplex(capacity);
            let sending = qi_runtime::spawn(async move {
                one.write_all(&pattern(3000, 1)).await?;
                one.close().await
            });
            let mut got = Vec::new();
            other.read_to_end(&mut got).await.expect("an end");
            assert!(got == pattern(3000, 1), "the bytes differ with room for {capacity}");
            sending.join().await.expect("it does not panic").expect("somebody reads");
        }
    });
}

#[test]
fn a_full_stream_makes_its_writer_wait_until_something_is_read() {
    let (mut one, mut other) = duplex(4);
    let mut writing = pin!(one.write_all(b"abcdef"));
    assert_pending!(writing.as_mut());
    let mut got = [0; 3];
    assert!(matches!(poll_once(pin!(other.read(&mut got))), Poll::Ready(Ok(3))));
    assert!(poll_once(writing).is_ready(), "there is room for the rest");
}

#[test]
fn several_buffers_are_written_one_after_the_other() {
    let (mut one, mut other) = duplex(64);
    let buffers = [IoSlice::new(b"one"), IoSlice::new(b"two")];
    let Poll::Ready(Ok(first)) = poll_once(pin!(one.write_vectored(&buffers))) else {
        panic!("there is room");
    };
    assert!((3..=6).contains(&first));
    drop(one);
    let mut got = Vec::new();
    assert!(poll_once(pin!(other.read_to_end(&mut got))).is_ready());
    assert_eq!(got, b"onetwo"[..first]);
}

#[test]
fn what_was_written_before_the_end_is_read_and_then_the_end() {
    let (mut one, mut other) = duplex(64);
    assert!(poll_once(pin!(one.write_all(b"last words"))).is_ready());
    drop(one);
    let mut got = Vec::new();
    assert!(poll_once(pin!(other.read_to_end(&mut got))).is_ready());
    assert_eq!(got, b"last words");
    let Poll::Ready(Err(error)) = poll_once(pin!(other.write(b"too late"))) else {
        panic!("nobody reads it");
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_writer_that_waits_learns_that_the_reader_went() {
    let (mut one, other) = duplex(1);
    let mut writing = pin!(one.write_all(b"ab"));
    assert_pending!(writing.as_mut());
    drop(other);
    assert!(matches!(poll_once(writing), Poll::Ready(Err(_))));
}

#[test]
fn nothing_is_written_after_close() {
    let (mut one, _other) = duplex(8);
    assert!(poll_once(pin!(one.close())).is_ready());
    assert!(matches!(poll_once(pin!(one.write(b"x"))), Poll::Ready(Err(_))));
}
