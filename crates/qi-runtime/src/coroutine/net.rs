//! TCP for straight-line code: connecting and accepting suspend, streams are read and written with
//! `std::io`.

use super::{Io, wait};
use crate::net::{self, ToSocketAddrs};
use std::io;
use std::net::SocketAddr;

/// A TCP connection with [`std::io::Read`] and [`std::io::Write`], for shared references too, so that
/// one coroutine can read while another writes. Its other methods are those of
/// [`crate::net::TcpStream`].
pub type TcpStream = Io<net::TcpStream>;

impl TcpStream {
    /// Connects. Of several addresses it tries one after the other.
    ///
    /// # Errors
    /// That of the last address; no address.
    ///
    /// # Panics
    /// As [`wait`].
    pub fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        wait(net::TcpStream::connect(address)).map(Self::new)
    }
}

/// Accepts TCP connections. Its other methods are those of
/// [`crate::net::TcpListener`].
pub type TcpListener = Io<net::TcpListener>;

impl TcpListener {
    /// Binds to an address.
    ///
    /// # Errors
    /// That of the last address; no address.
    ///
    /// # Panics
    /// As [`wait`].
    pub fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        wait(net::TcpListener::bind(address)).map(Self::new)
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Panics
    /// As [`wait`].
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = wait((**self).accept())?;
        Ok((TcpStream::new(stream), peer))
    }

    /// The connections, one after the other.
    pub fn incoming(&self) -> impl Iterator<Item = io::Result<TcpStream>> + '_ {
        std::iter::repeat_with(|| self.accept().map(|(stream, _)| stream))
    }
}
