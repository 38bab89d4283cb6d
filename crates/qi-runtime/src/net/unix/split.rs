//! Halves that borrow a connection.

use super::stream::UnixStream;
use crate::net::transfer::{reads, writes};
use qi_reactor::Watched;
use std::io;

/// The reading half of a borrowed stream. Made by [`UnixStream::halves`].
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a UnixStream);

/// The writing half of a borrowed stream. Made by [`UnixStream::halves`]; dropping it does not end
/// writing, closing it does.
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a UnixStream);

impl<'a> ReadHalf<'a> {
    pub(super) fn new(stream: &'a UnixStream) -> Self {
        Self(stream)
    }

    fn watched(&self) -> &Watched<mio::net::UnixStream> {
        self.0.watched()
    }
}

impl<'a> WriteHalf<'a> {
    pub(super) fn new(stream: &'a UnixStream) -> Self {
        Self(stream)
    }

    fn watched(&self) -> &Watched<mio::net::UnixStream> {
        self.0.watched()
    }

    fn end(&self) -> io::Result<()> {
        self.0.end()
    }
}

/// The whole stream, for its options.
impl AsRef<UnixStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &UnixStream {
        self.0
    }
}

/// The whole stream, for its options.
impl AsRef<UnixStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &UnixStream {
        self.0
    }
}

reads!(ReadHalf<'_>);
writes!(WriteHalf<'_>);
