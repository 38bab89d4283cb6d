//! Writing where no SIGPIPE can come: there is none on Windows, and Apple's sockets are told once,
//! when they are made.

use super::transfer::Put;
use mio::net::TcpStream;
use std::io::{self, IoSlice, Write};

impl Put for TcpStream {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(buffers)
    }
}
