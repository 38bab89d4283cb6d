//! No descriptors of processes: their ends are told by signals.

use mio::event::Source;
use mio::{Interest, Registry, Token};
use std::convert::Infallible;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

/// There is none.
#[derive(Debug)]
pub(in crate::process) struct Descriptor(Infallible);

/// There is none.
pub(super) fn open(_: &std::process::Child) -> io::Result<Descriptor> {
    Err(io::ErrorKind::Unsupported.into())
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        match self.0 {}
    }
}

impl Source for Descriptor {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        match self.0 {}
    }
}
