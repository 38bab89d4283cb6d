//! Writing several buffers at once, without SIGPIPE: by a flag of the call.
//!
//! Programs that Rust starts ignore SIGPIPE, but a runtime inside a C program must not kill it
//! because a peer went away. The standard library passes the flag for single buffers only.

use mio::net::TcpStream;
use socket2::SockRef;
use std::io::{self, IoSlice};

pub(super) fn write(stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    stream.try_io(|| SockRef::from(stream).send_vectored_with_flags(buffers, libc::MSG_NOSIGNAL))
}
