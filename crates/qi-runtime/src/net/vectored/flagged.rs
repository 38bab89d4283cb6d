//! Writing without SIGPIPE: by a flag of the call.
//!
//! Programs that Rust starts ignore SIGPIPE, but a runtime inside a C program must not kill it
//! because a peer went away. The standard library passes the flag for single buffers to TCP only.
//!
//! mio is told of each call: where it emulates edges it must know that one would have blocked.

use super::transfer::Put;
use mio::net::{TcpStream, UnixStream};
use socket2::SockRef;
use std::io::{self, IoSlice, Write};

impl Put for TcpStream {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_io(|| SockRef::from(self).send_vectored_with_flags(buffers, libc::MSG_NOSIGNAL))
    }
}

impl Put for UnixStream {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_io(|| SockRef::from(self).send_with_flags(bytes, libc::MSG_NOSIGNAL))
    }

    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_io(|| SockRef::from(self).send_vectored_with_flags(buffers, libc::MSG_NOSIGNAL))
    }
}
