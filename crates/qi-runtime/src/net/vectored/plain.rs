//! Writing several buffers at once where no SIGPIPE can come: there is none on Windows, and Apple's
//! sockets are told once, when they are made.

use mio::net::TcpStream;
use std::io::{self, IoSlice, Write};

pub(super) fn write(mut stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    stream.write_vectored(buffers)
}
