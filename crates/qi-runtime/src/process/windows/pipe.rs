//! Pipes to and from children, by blocking calls.

use crate::blocking::Stream;
use crate::fs::FileDevice;
use crate::handle::Handle;
use qi_reactor::Reactor;
use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::windows::io::OwnedHandle;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The end that writes.
pub(in crate::process) struct PipeWriter(Stream<FileDevice>);

/// The end that reads.
pub(in crate::process) struct PipeReader(Stream<FileDevice>);

fn stream(pipe: OwnedHandle) -> io::Result<Stream<FileDevice>> {
    let handle = Handle::try_current().map_err(io::Error::other)?;
    Ok(Stream::new(handle, FileDevice::new(File::from(pipe))))
}

fn into_stdio(stream: &Stream<FileDevice>) -> io::Result<Stdio> {
    Ok(stream.device().shared().try_clone()?.into())
}

impl PipeWriter {
    pub(in crate::process) fn new(
        _: &Arc<Reactor>,
        pipe: impl Into<OwnedHandle>,
    ) -> io::Result<Self> {
        stream(pipe.into()).map(Self)
    }

    pub(in crate::process) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, bytes)
    }

    pub(in crate::process) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        self.0.poll_write(cx, first.map_or(&[], |buffer| buffer))
    }

    pub(in crate::process) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }

    pub(in crate::process) fn into_stdio(self) -> io::Result<Stdio> {
        into_stdio(&self.0)
    }
}

impl PipeReader {
    pub(in crate::process) fn new(
        _: &Arc<Reactor>,
        pipe: impl Into<OwnedHandle>,
    ) -> io::Result<Self> {
        stream(pipe.into()).map(Self)
    }

    pub(in crate::process) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buffer)
    }

    pub(in crate::process) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = buffers.iter_mut().find(|buffer| !buffer.is_empty());
        self.0.poll_read(cx, first.map_or(&mut [], |buffer| buffer))
    }

    /// What was read ahead cannot be put back.
    pub(in crate::process) fn into_stdio(self) -> io::Result<Stdio> {
        if self.0.ahead() > 0 {
            let text = "bytes of the pipe were read ahead";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        into_stdio(&self.0)
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeWriter").finish_non_exhaustive()
    }
}

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeReader").finish_non_exhaustive()
    }
}
