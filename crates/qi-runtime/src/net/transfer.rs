//! Reading and writing whatever is watched: the `futures-io` traits of streams, halves and pipes.
//!
//! A type with a method `watched`, which gives its [`Watched`], gets the traits by the macros at the
//! end; one that writes has a method `end` as well, which tells the peer that nothing more comes.

use mio::event::Source;
use qi_reactor::Watched;
use qi_sched::coop;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::task::{Context, Poll, ready};

/// Buffers that one call takes. More would be an error of the system, or be left out by the standard
/// library, which must not be mistaken for a source that has nothing left.
const MOST_BUFFERS: usize = 1024;

/// The longest transfer whose shortness means something: systems cut off calls at 2 GiB.
const LONGEST_TELLING: usize = 1 << 30;

/// How to write without a signal that ends the process when the peer has gone.
pub(crate) trait Put {
    fn put(&self, bytes: &[u8]) -> io::Result<usize>;
    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// What the reactor is told about the room or the length of a transfer; with 0 no result is short.
fn telling(length: usize) -> usize {
    if length > LONGEST_TELLING { 0 } else { length }
}

pub(crate) fn read<S>(
    io: &Watched<S>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>>
where
    S: Source,
    for<'a> &'a S: Read,
{
    let progress = ready!(coop::poll_proceed(cx));
    let room = telling(buffer.len());
    let result = ready!(io.poll_read_stream(cx, room, |mut source| source.read(buffer)));
    progress.made_progress();
    Poll::Ready(result)
}

pub(crate) fn read_vectored<S>(
    io: &Watched<S>,
    cx: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>>
where
    S: Source,
    for<'a> &'a S: Read,
{
    let progress = ready!(coop::poll_proceed(cx));
    let taken = buffers.len().min(MOST_BUFFERS);
    let buffers = &mut buffers[..taken];
    let room = telling(buffers.iter().map(|buffer| buffer.len()).sum());
    let result = ready!(io.poll_read_stream(cx, room, |mut source| source.read_vectored(buffers)));
    progress.made_progress();
    Poll::Ready(result)
}

pub(crate) fn write<S: Source + Put>(
    io: &Watched<S>,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    let progress = ready!(coop::poll_proceed(cx));
    let length = telling(bytes.len());
    let result = ready!(io.poll_write_stream(cx, length, |source| source.put(bytes)));
    progress.made_progress();
    Poll::Ready(result)
}

pub(crate) fn write_vectored<S: Source + Put>(
    io: &Watched<S>,
    cx: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let progress = ready!(coop::poll_proceed(cx));
    let buffers = &buffers[..buffers.len().min(MOST_BUFFERS)];
    let length = telling(buffers.iter().map(|buffer| buffer.len()).sum());
    let result = ready!(io.poll_write_stream(cx, length, |source| source.put_vectored(buffers)));
    progress.made_progress();
    Poll::Ready(result)
}

/// Implements `AsyncRead` for types with a method `watched`.
macro_rules! reads {
    ($($reader:ty),+) => {$(
        impl futures_util::io::AsyncRead for $reader {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::net::transfer::read(self.watched(), cx, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::net::transfer::read_vectored(self.watched(), cx, buffers)
            }
        }
    )+};
}

/// Implements `AsyncWrite` for types with the methods `watched` and `end`.
macro_rules! writes {
    ($($writer:ty),+) => {$(
        impl futures_util::io::AsyncWrite for $writer {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::net::transfer::write(self.watched(), cx, bytes)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::net::transfer::write_vectored(self.watched(), cx, buffers)
            }

            /// Nothing is kept back here: always ready.
            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            /// Ends writing; reading goes on.
            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(self.get_mut().end())
            }
        }
    )+};
}

pub(crate) use {reads, writes};
