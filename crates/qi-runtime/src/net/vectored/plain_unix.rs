//! Writing to Unix sockets where they are told once, when they are made, that SIGPIPE is unwanted.

use super::transfer::Put;
use mio::net::UnixStream;
use std::io::{self, IoSlice, Write};

impl Put for UnixStream {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(buffers)
    }
}
