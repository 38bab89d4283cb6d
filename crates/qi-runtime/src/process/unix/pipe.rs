//! Pipes to and from children, non-blocking and watched.

use crate::here;
use mio::unix::pipe::{Receiver, Sender};
use qi_reactor::{Interest, Reactor, Watched};
use qi_sched::coop;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The end that writes.
#[derive(Debug)]
pub(in crate::process) struct PipeWriter(Watched<Sender>);

/// The end that reads.
#[derive(Debug)]
pub(in crate::process) struct PipeReader(Watched<Receiver>);

impl PipeWriter {
    pub(in crate::process) fn new(
        reactor: &Arc<Reactor>,
        pipe: impl Into<Sender>,
    ) -> io::Result<Self> {
        let pipe: Sender = pipe.into();
        pipe.set_nonblocking(true)?;
        Ok(Self(Watched::lazy(reactor.clone(), here::place, pipe, Interest::WRITABLE)?))
    }

    pub(in crate::process) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        // A pipe may take a part and have room left: shortness says nothing.
        let result = ready!(self.0.poll_write_with(cx, |mut pipe| pipe.write(bytes)));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(in crate::process) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let write = |mut pipe: &Sender| pipe.write_vectored(buffers);
        let result = ready!(self.0.poll_write_with(cx, write));
        progress.made_progress();
        Poll::Ready(result)
    }

    /// Nothing is kept back.
    pub(in crate::process) fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    pub(in crate::process) fn into_stdio(self) -> io::Result<Stdio> {
        let pipe = self.0.into_inner()?;
        pipe.set_nonblocking(false)?;
        Ok(OwnedFd::from(pipe).into())
    }
}

impl PipeReader {
    pub(in crate::process) fn new(
        reactor: &Arc<Reactor>,
        pipe: impl Into<Receiver>,
    ) -> io::Result<Self> {
        let pipe: Receiver = pipe.into();
        pipe.set_nonblocking(true)?;
        Ok(Self(Watched::lazy(reactor.clone(), here::place, pipe, Interest::READABLE)?))
    }

    pub(in crate::process) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let result = ready!(self.0.poll_read_with(cx, |mut pipe| pipe.read(buffer)));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(in crate::process) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let read = |mut pipe: &Receiver| pipe.read_vectored(buffers);
        let result = ready!(self.0.poll_read_with(cx, read));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(in crate::process) fn into_stdio(self) -> io::Result<Stdio> {
        let pipe = self.0.into_inner()?;
        pipe.set_nonblocking(false)?;
        Ok(OwnedFd::from(pipe).into())
    }
}

impl AsFd for PipeWriter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

impl AsRawFd for PipeWriter {
    fn as_raw_fd(&self) -> RawFd {
        self.0.get_ref().as_raw_fd()
    }
}

impl AsFd for PipeReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

impl AsRawFd for PipeReader {
    fn as_raw_fd(&self) -> RawFd {
        self.0.get_ref().as_raw_fd()
    }
}
