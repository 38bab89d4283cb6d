//! Datagrams within the machine.

use super::ancillary::{self, Ancillary};
use super::error::UnixError;
use super::peer;
use crate::here;
use crate::net::cooperate::{cooperative, readiness};
use crate::net::os::lends_descriptor;
use qi_reactor::{Interest, Watched};
use socket2::{SockAddr, SockRef};
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

/// Sends and receives whole messages within the machine. None is lost and none overtakes another; a
/// receiver that is behind holds its senders up. Only on Unix.
///
/// # Examples
/// ```
/// use qi_runtime::net::UnixDatagram;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let (one, other) = UnixDatagram::pair()?;
/// one.send(b"first").await?;
/// one.send(b"second").await?;
/// let mut buffer = [0; 64];
/// let length = other.recv(&mut buffer).await?;
/// assert_eq!(&buffer[..length], b"first");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnixDatagram {
    io: Watched<mio::net::UnixDatagram>,
}

impl UnixDatagram {
    /// A socket under a name, which must not exist yet. The file stays when the socket is dropped.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the file exists; the system's other errors; an error
    /// on a thread that works for no runtime.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// A socket with an address, which may be an abstract name.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::watch(mio::net::UnixDatagram::bind_addr(address)?)
    }

    /// A socket without a name: it can send, and receive once it is connected.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn unbound() -> io::Result<Self> {
        Self::watch(mio::net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = mio::net::UnixDatagram::pair()?;
        Ok((Self::watch(one)?, Self::watch(other)?))
    }

    /// Takes over a socket of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn from_std(socket: std::os::unix::net::UnixDatagram) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::watch(mio::net::UnixDatagram::from_std(socket))
    }

    fn watch(socket: mio::net::UnixDatagram) -> io::Result<Self> {
        const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
        Ok(Self { io: Watched::lazy(here::reactor()?, here::place, socket, BOTH)? })
    }

    /// Gives the socket back to the standard library. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the socket is closed then.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixDatagram> {
        self.io.into_inner().map(Into::into)
    }

    /// Chooses the peer for [`send`](Self::send) and [`recv`](Self::recv).
    ///
    /// # Errors
    /// The system's error, for instance that nobody has that name.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.source().connect(path)
    }

    /// As [`connect`](Self::connect), by an address, which may be an abstract name.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        SockRef::from(self.source()).connect(&known(address)?)
    }

    /// Sends a message to the connected peer, and says how many bytes that was: all of them. It waits
    /// while the peer is behind.
    ///
    /// # Errors
    /// The system's: too long, not connected, the peer is gone.
    ///
    /// # Cancel safety
    /// Dropped before it is ready it has sent nothing.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        cooperative(self.io.write_with(|socket| socket.send(bytes))).await
    }

    /// Sends a message to the socket of this name; otherwise as [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_to<P: AsRef<Path>>(&self, bytes: &[u8], path: P) -> io::Result<usize> {
        let path = path.as_ref();
        cooperative(self.io.write_with(|socket| socket.send_to(bytes, path))).await
    }

    /// Sends a message to an address, which may be an abstract name.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_to_addr(&self, bytes: &[u8], address: &SocketAddr) -> io::Result<usize> {
        let to = known(address)?;
        let send = |socket: &mio::net::UnixDatagram| {
            socket.try_io(|| SockRef::from(socket).send_to(bytes, &to))
        };
        cooperative(self.io.write_with(send)).await
    }

    /// Receives a message from the connected peer. What does not fit into `buffer` is lost.
    ///
    /// # Errors
    /// The system's error.
    ///
    /// # Cancel safety
    /// A message is received and returned by the same poll: none is lost when it is dropped.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        cooperative(self.io.read_with(|socket| socket.recv(buffer))).await
    }

    /// Receives a message from anybody, and says who sent it. What does not fit into `buffer` is lost.
    ///
    /// # Errors
    /// The system's error.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        cooperative(self.io.read_with(|socket| socket.recv_from(buffer))).await
    }

    /// Sends a message with open descriptors to the connected peer.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for more than
    /// [`MOST_DESCRIPTORS`](super::MOST_DESCRIPTORS); those of [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_with_descriptors(
        &self,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<usize> {
        let send = |socket: &mio::net::UnixDatagram| {
            socket.try_io(|| ancillary::send(socket.as_fd(), bytes, descriptors))
        };
        cooperative(self.io.write_with(send)).await
    }

    /// Receives a message and what comes beside it.
    ///
    /// # Errors
    /// The system's error.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn recv_with_ancillary(&self, buffer: &mut [u8]) -> io::Result<(usize, Ancillary)> {
        let receive = |socket: &mio::net::UnixDatagram| {
            socket.try_io(|| ancillary::receive(socket.as_fd(), buffer))
        };
        cooperative(self.io.read_with(receive)).await
    }

    /// Sends a message to the connected peer if it has room.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if it has none; those of [`send`](Self::send).
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_write_with(|socket| socket.send(bytes))
    }

    /// Sends a message to the socket of this name if it has room.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_to<P: AsRef<Path>>(&self, bytes: &[u8], path: P) -> io::Result<usize> {
        let path = path.as_ref();
        self.io.try_write_with(|socket| socket.send_to(bytes, path))
    }

    /// Receives a message from the connected peer if one is there.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none; the system's error.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_read_with(|socket| socket.recv(buffer))
    }

    /// Receives a message if one is there.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_read_with(|socket| socket.recv_from(buffer))
    }

    /// Waits until receiving is worth trying. It may return for nothing, and it always does at first.
    ///
    /// # Errors
    /// If the runtime has shut down.
    ///
    /// # Cancel safety
    /// Readiness is not consumed: nothing is lost when it is dropped.
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await
    }

    /// Waits until sending is worth trying; otherwise as [`readable`](Self::readable).
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

    /// Ends receiving, sending or both, at once.
    ///
    /// # Errors
    /// The system's error.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source().shutdown(how)
    }

    /// The address of this socket.
    ///
    /// # Errors
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source().local_addr()
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// The system's error.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source().peer_addr()
    }

    /// Takes the error that the socket has to report, if any.
    ///
    /// # Errors
    /// The system's error in finding out.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source().take_error()
    }

    fn source(&self) -> &mio::net::UnixDatagram {
        self.io.get_ref()
    }
}

/// The same address as socket2 knows it.
fn known(address: &SocketAddr) -> io::Result<SockAddr> {
    match (address.as_pathname(), peer::abstract_name(address)) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => {
            // As Linux writes abstract names: a zero byte, and then the name.
            let path: Vec<u8> = std::iter::once(0).chain(name.iter().copied()).collect();
            SockAddr::unix(Path::new(OsStr::from_bytes(&path)))
        }
        (None, None) => Err(UnixError::Unnamed.into()),
    }
}

lends_descriptor!(UnixDatagram => source);

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
