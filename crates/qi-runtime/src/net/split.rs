//! Halves that borrow a stream.

use super::stream::TcpStream;
use super::transfer::{reads, writes};
use qi_reactor::Watched;
use std::io;

/// The reading half of a borrowed stream. Made by [`TcpStream::halves`].
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a TcpStream);

/// The writing half of a borrowed stream. Made by [`TcpStream::halves`]; dropping it does not end
/// writing, closing it does.
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a TcpStream);

impl<'a> ReadHalf<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Self {
        Self(stream)
    }

    /// As [`TcpStream::peek`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buffer).await
    }

    fn watched(&self) -> &Watched<mio::net::TcpStream> {
        self.0.watched()
    }
}

impl<'a> WriteHalf<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Self {
        Self(stream)
    }

    fn watched(&self) -> &Watched<mio::net::TcpStream> {
        self.0.watched()
    }

    fn end(&self) -> io::Result<()> {
        self.0.end()
    }
}

/// The whole stream, for its options.
impl AsRef<TcpStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.0
    }
}

/// The whole stream, for its options.
impl AsRef<TcpStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.0
    }
}

reads!(ReadHalf<'_>);
writes!(WriteHalf<'_>);
