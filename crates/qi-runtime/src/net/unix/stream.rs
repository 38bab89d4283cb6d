//! A connection within the machine.

use super::ancillary::{self, Ancillary};
use super::credentials::Credentials;
use super::owned::{self, OwnedReadHalf, OwnedWriteHalf};
use super::peer;
use super::split::{ReadHalf, WriteHalf};
use crate::here;
use crate::net::cooperate::{cooperative, readiness};
use crate::net::os::lends_descriptor;
use crate::net::transfer::{Put, reads, writes};
use qi_reactor::{Delay, Interest, Reactor, Watched};
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The first pause of a client whose server's queue is full; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A connection to a process on the same machine. Only on Unix.
///
/// It implements the `futures-io` traits, and so does a reference to it. Dropping it closes the
/// connection.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// use qi_runtime::net::UnixStream;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let (mut one, mut other) = UnixStream::pair()?;
/// one.write_all(b"ping").await?;
/// one.close().await?;
/// let mut text = String::new();
/// other.read_to_string(&mut text).await?;
/// assert_eq!(text, "ping");
/// assert_eq!(other.peer_cred()?, one.peer_cred()?);
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnixStream {
    io: Watched<mio::net::UnixStream>,
}

reads!(UnixStream, &UnixStream);
writes!(UnixStream, &UnixStream);

impl UnixStream {
    /// Connects to the socket of this name.
    ///
    /// While the server's queue is full it tries again, after 1 ms, 2, 4 ... up to 100 ms: the system
    /// refuses at once, and tells nobody when there is room.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) without such a file,
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if nobody listens on it, and the
    /// system's other reasons; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// The attempt is given up when it is dropped; the peer may have seen it.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::connect_addr(&SocketAddr::from_pathname(path)?).await
    }

    /// Connects to an address, which may be an abstract name.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// As [`connect`](Self::connect).
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        let reactor = here::reactor()?;
        let mut pause = FIRST_PAUSE;
        let stream = loop {
            match mio::net::UnixStream::connect_addr(address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    Delay::after(&reactor, here::place(&reactor), pause).await?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                connected => break Self::watch(&reactor, connected?)?,
            }
        };
        cooperative(stream.io.write_with(look)).await?;
        Ok(stream)
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn pair() -> io::Result<(Self, Self)> {
        let reactor = here::reactor()?;
        let (one, other) = mio::net::UnixStream::pair()?;
        Ok((Self::watch(&reactor, one)?, Self::watch(&reactor, other)?))
    }

    /// Takes over a connection of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        let reactor = here::reactor()?;
        stream.set_nonblocking(true)?;
        Self::watch(&reactor, mio::net::UnixStream::from_std(stream))
    }

    pub(super) fn watch(reactor: &Arc<Reactor>, stream: mio::net::UnixStream) -> io::Result<Self> {
        const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
        Ok(Self { io: Watched::lazy(reactor.clone(), here::place, stream, BOTH)? })
    }

    /// Gives the connection back to the standard library. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the connection is closed then.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        self.io.into_inner().map(Into::into)
    }

    /// Two halves that borrow the stream, for one task that reads and writes at once.
    pub fn halves(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf::new(self), WriteHalf::new(self))
    }

    /// Two halves for two tasks. Dropping the writing half tells the peer that nothing more comes;
    /// [`OwnedReadHalf::reunite`] puts them together again.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        owned::split(self)
    }

    /// Sends bytes with open descriptors, and says how many of the bytes were taken. The descriptors
    /// go with the first of them; without a byte they do not go at all on most systems.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for more than
    /// [`MOST_DESCRIPTORS`](super::MOST_DESCRIPTORS); the system's error.
    ///
    /// # Cancel safety
    /// Dropped before it is ready it has sent nothing.
    pub async fn send_with_descriptors(
        &self,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<usize> {
        let send = |stream: &mio::net::UnixStream| {
            stream.try_io(|| ancillary::send(stream.as_fd(), bytes, descriptors))
        };
        cooperative(self.io.write_with(send)).await
    }

    /// Receives bytes and what comes beside them. 0 bytes are the end of what the peer sends.
    ///
    /// A plain read of bytes that came with descriptors closes those.
    ///
    /// # Errors
    /// The system's error.
    ///
    /// # Cancel safety
    /// Bytes and descriptors are received and returned by the same poll: nothing is lost when it is
    /// dropped.
    pub async fn recv_with_ancillary(&self, buffer: &mut [u8]) -> io::Result<(usize, Ancillary)> {
        let receive = |stream: &mio::net::UnixStream| {
            stream.try_io(|| ancillary::receive(stream.as_fd(), buffer))
        };
        cooperative(self.io.read_with(receive)).await
    }

    /// Who is at the other end: whoever connected, or for a client whoever began to listen.
    ///
    /// # Platforms
    /// The process is told on Linux and Android only.
    ///
    /// # Errors
    /// The system's error.
    pub fn peer_cred(&self) -> io::Result<Credentials> {
        peer::credentials(self.as_fd())
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
        self.ready(Interest::READABLE).await
    }

    /// Waits until [`try_write`](Self::try_write) is worth trying; otherwise as
    /// [`readable`](Self::readable).
    ///
    /// # Errors
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await
    }

    /// Waits until something in `interest` is worth trying; otherwise as [`readable`](Self::readable).
    ///
    /// # Errors
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    /// As [`readable`](Self::readable).
    pub async fn ready(&self, interest: Interest) -> io::Result<()> {
        readiness(&self.io, interest).await
    }

    /// Reads what is there. 0 is the end of what the peer sends (or of an empty `buffer`).
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing; the system's error.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_read_with(|mut stream| stream.read(buffer))
    }

    /// As [`try_read`](Self::try_read), into several buffers.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.io.try_read_with(|mut stream| stream.read_vectored(buffers))
    }

    /// Writes what there is room for, and says how many bytes that was.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room; the system's error.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_write_with(|stream| stream.put(bytes))
    }

    /// As [`try_write`](Self::try_write), from several buffers.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_write_with(|stream| stream.put_vectored(buffers))
    }

    /// Ends reading, writing or both, at once.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) on some systems if the peer has gone; the
    /// system's other errors.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source().shutdown(how)
    }

    /// The address of this end; a client has none.
    ///
    /// # Errors
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// The system's error.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source().peer_addr()
    }

    /// Takes the error that the connection has to report, if any.
    ///
    /// # Errors
    /// The system's error in finding out.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source().take_error()
    }

    fn source(&self) -> &mio::net::UnixStream {
        self.io.get_ref()
    }

    pub(super) fn watched(&self) -> &Watched<mio::net::UnixStream> {
        &self.io
    }

    /// Tells the peer that nothing more comes. One that has gone need not be told.
    pub(super) fn end(&self) -> io::Result<()> {
        match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

/// `WouldBlock` while there is no outcome.
fn look(stream: &mio::net::UnixStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
    }
}

lends_descriptor!(UnixStream => source);

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
