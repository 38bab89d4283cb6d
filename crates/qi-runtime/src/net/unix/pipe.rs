//! Pipes of one direction: anonymous ones, and those with a name in the file system (FIFOs).
//!
//! # Signals
//! Writing to a pipe whose reader has gone is an error here. In a program that is not started by Rust
//! it raises SIGPIPE too, which ends the process unless it is ignored: no flag of a write to a pipe
//! prevents that.

use super::error::UnixError;
use crate::here;
use crate::net::cooperate::readiness;
use crate::net::os::lends_descriptor;
use crate::net::transfer::{Put, reads, writes};
use mio::unix::pipe;
use qi_reactor::{Interest, Watched};
use rustix::fs::{OFlags, fcntl_getfl};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// The writing end of a pipe. Dropping it lets the reader read to an end; closing it does nothing, so
/// that a pipe whose end is shared is not ended by one of its users.
pub struct Sender {
    io: Watched<pipe::Sender>,
}

/// The reading end of a pipe.
pub struct Receiver {
    io: Watched<pipe::Receiver>,
}

reads!(Receiver, &Receiver);
writes!(Sender, &Sender);

/// Makes an anonymous pipe. It is not inherited by child processes.
///
/// # Errors
/// The system's error; an error on a thread that works for no runtime.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// use qi_runtime::net::unix::pipe;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let (mut sender, mut receiver) = pipe::pipe()?;
/// sender.write_all(b"through the pipe").await?;
/// drop(sender);
/// let mut text = String::new();
/// receiver.read_to_string(&mut text).await?;
/// assert_eq!(text, "through the pipe");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = pipe::new()?;
    Ok((Sender::watch(sender)?, Receiver::watch(receiver)?))
}

/// Opens the writing end of a FIFO.
///
/// # Errors
/// ENXIO while nobody has it open for reading (it has no [`io::ErrorKind`]; wait and try again, or
/// open it with [`open_both`]); [`InvalidInput`](io::ErrorKind::InvalidInput) for what is no FIFO;
/// the system's other errors; an error on a thread that works for no runtime.
pub fn open_sender<P: AsRef<Path>>(path: P) -> io::Result<Sender> {
    Sender::from_owned_fd(open(path.as_ref(), OpenOptions::new().write(true))?.into())
}

/// Opens the reading end of a FIFO. It can be opened before anybody writes; reads then find an end
/// until somebody does, unless it is opened with [`open_both`].
///
/// # Errors
/// As [`open_sender`], but for ENXIO.
pub fn open_receiver<P: AsRef<Path>>(path: P) -> io::Result<Receiver> {
    Receiver::from_owned_fd(open(path.as_ref(), OpenOptions::new().read(true))?.into())
}

/// Opens both ends of a FIFO, so that it has a reader and a writer whoever comes and goes: the one
/// end never finds an end, and the other one always somebody who will read.
///
/// # Platforms
/// Linux allows that; elsewhere it is not defined what it does.
///
/// # Errors
/// As [`open_sender`], but for ENXIO.
pub fn open_both<P: AsRef<Path>>(path: P) -> io::Result<(Sender, Receiver)> {
    let both = open(path.as_ref(), OpenOptions::new().read(true).write(true))?;
    let sender = Sender::from_owned_fd(both.try_clone()?.into())?;
    Ok((sender, Receiver::from_owned_fd(both.into())?))
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
    check_kind(&file)?;
    Ok(file)
}

/// Whether the file is a pipe, and open in another mode than `useless`.
fn check(file: &File, useless: OFlags) -> io::Result<()> {
    check_kind(file)?;
    if fcntl_getfl(file)? & OFlags::ACCMODE != useless {
        return Ok(());
    }
    Err(UnixError::OtherEnd.into())
}

fn check_kind(file: &File) -> io::Result<()> {
    if file.metadata()?.file_type().is_fifo() {
        return Ok(());
    }
    Err(UnixError::NoPipe.into())
}

impl Sender {
    /// Takes over the writing end of a pipe, for instance a child's standard input, and makes it
    /// non-blocking.
    ///
    /// # Errors
    /// The system's error, also for what cannot be watched, such as files; an error on a thread that
    /// works for no runtime.
    pub fn from_owned_fd(descriptor: OwnedFd) -> io::Result<Self> {
        let sender = pipe::Sender::from(descriptor);
        sender.set_nonblocking(true)?;
        Self::watch(sender)
    }

    /// Takes over a file that is the writing end of a pipe, and makes it non-blocking.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for what is no pipe, or not open for writing;
    /// those of [`from_owned_fd`](Self::from_owned_fd).
    pub fn from_file(file: File) -> io::Result<Self> {
        check(&file, OFlags::RDONLY)?;
        Self::from_owned_fd(file.into())
    }

    fn watch(sender: pipe::Sender) -> io::Result<Self> {
        let io = Watched::lazy(here::reactor()?, here::place, sender, Interest::WRITABLE)?;
        Ok(Self { io })
    }

    /// Gives the end back. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the end is closed then.
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.io.into_inner().map(Into::into)
    }

    /// Gives the end back, blocking as the standard library wants it.
    ///
    /// # Errors
    /// As [`into_owned_fd`](Self::into_owned_fd).
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let sender = self.io.into_inner()?;
        sender.set_nonblocking(false)?;
        Ok(sender.into())
    }

    /// Waits until [`try_write`](Self::try_write) is worth trying. It may return for nothing, and it
    /// always does at first.
    ///
    /// # Errors
    /// If the runtime has shut down.
    ///
    /// # Cancel safety
    /// Readiness is not consumed: nothing is lost when it is dropped.
    pub async fn writable(&self) -> io::Result<()> {
        readiness(&self.io, Interest::WRITABLE).await
    }

    /// Writes what there is room for, and says how many bytes that was.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room,
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) if nobody reads; the system's other errors.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_write_with(|sender| sender.put(bytes))
    }

    /// As [`try_write`](Self::try_write), from several buffers.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_write_with(|sender| sender.put_vectored(buffers))
    }

    fn watched(&self) -> &Watched<pipe::Sender> {
        &self.io
    }

    /// Dropping it is the end; see the type.
    fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Receiver {
    /// Takes over the reading end of a pipe, for instance a child's output, and makes it
    /// non-blocking.
    ///
    /// # Errors
    /// As [`Sender::from_owned_fd`].
    pub fn from_owned_fd(descriptor: OwnedFd) -> io::Result<Self> {
        let receiver = pipe::Receiver::from(descriptor);
        receiver.set_nonblocking(true)?;
        Self::watch(receiver)
    }

    /// Takes over a file that is the reading end of a pipe, and makes it non-blocking.
    ///
    /// # Errors
    /// As [`Sender::from_file`].
    pub fn from_file(file: File) -> io::Result<Self> {
        check(&file, OFlags::WRONLY)?;
        Self::from_owned_fd(file.into())
    }

    fn watch(receiver: pipe::Receiver) -> io::Result<Self> {
        let io = Watched::lazy(here::reactor()?, here::place, receiver, Interest::READABLE)?;
        Ok(Self { io })
    }

    /// Gives the end back. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the end is closed then.
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.io.into_inner().map(Into::into)
    }

    /// Gives the end back, blocking as the standard library wants it.
    ///
    /// # Errors
    /// As [`into_owned_fd`](Self::into_owned_fd).
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let receiver = self.io.into_inner()?;
        receiver.set_nonblocking(false)?;
        Ok(receiver.into())
    }

    /// Waits until [`try_read`](Self::try_read) is worth trying. It may return for nothing, and it
    /// always does at first.
    ///
    /// # Errors
    /// If the runtime has shut down.
    ///
    /// # Cancel safety
    /// Readiness is not consumed: nothing is lost when it is dropped.
    pub async fn readable(&self) -> io::Result<()> {
        readiness(&self.io, Interest::READABLE).await
    }

    /// Reads what is there. 0 is the end: no writer is left (or `buffer` is empty).
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing; the system's error.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_read_with(|mut receiver| receiver.read(buffer))
    }

    /// As [`try_read`](Self::try_read), into several buffers.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.io.try_read_with(|mut receiver| receiver.read_vectored(buffers))
    }

    fn watched(&self) -> &Watched<pipe::Receiver> {
        &self.io
    }
}

impl Put for pipe::Sender {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(buffers)
    }
}

impl Sender {
    fn source(&self) -> &pipe::Sender {
        self.io.get_ref()
    }
}

impl Receiver {
    fn source(&self) -> &pipe::Receiver {
        self.io.get_ref()
    }
}

lends_descriptor!(Sender => source, Receiver => source);

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
