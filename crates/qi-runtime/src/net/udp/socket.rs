//! The socket: binding, connecting, sending and receiving.

use super::batch::DatagramBatch;
use super::many;
use crate::here;
use crate::net::addr::ToSocketAddrs;
use crate::net::cooperate::{cooperative, readiness};
use crate::net::error::AddressError;
use crate::net::lookup::lookup_host;
use qi_reactor::{Interest, Watched};
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A UDP socket: it sends and receives datagrams, each whole or not at all.
///
/// All methods take `&self`: share it in an [`Arc`](std::sync::Arc) to send and receive in several
/// tasks. Datagrams get lost, come twice and overtake each other; that is UDP.
///
/// # Platforms
/// On Windows an answer that a port is unreachable makes a later receive fail with
/// [`ConnectionReset`](io::ErrorKind::ConnectionReset), connected or not; elsewhere that happens on
/// connected sockets only, as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused). And there a
/// datagram that is longer than the buffer is an error, where others cut it off.
///
/// # Examples
/// ```
/// use qi_runtime::net::UdpSocket;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.connect(server.local_addr()?).await?;
/// client.send(b"ping").await?;
/// let mut buffer = [0; 1500];
/// let (length, from) = server.recv_from(&mut buffer).await?;
/// server.send_to(&buffer[..length], from).await?;
/// let length = client.recv(&mut buffer).await?;
/// assert_eq!(&buffer[..length], b"ping");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UdpSocket {
    io: Watched<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// Makes a socket with an address of this machine, of several with the first that can be had.
    /// Port 0 is any free one.
    ///
    /// # Errors
    /// The system's, for the last address tried; those of
    /// [`lookup_host`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let mut outcome = Err(AddressError::None.into());
        for address in lookup_host(address).await? {
            outcome = mio::net::UdpSocket::bind(address);
            if outcome.is_ok() {
                break;
            }
        }
        Self::watch(outcome?)
    }

    /// Takes over a socket of the standard library, and makes it non-blocking. This is also the way to
    /// options that must be set before binding: make the socket with the crate `socket2`.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::watch(mio::net::UdpSocket::from_std(socket))
    }

    fn watch(socket: mio::net::UdpSocket) -> io::Result<Self> {
        const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
        let io = Watched::lazy(here::reactor()?, here::place, socket, BOTH)?;
        Ok(Self { io })
    }

    /// Gives the socket back to the standard library. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the socket is closed then.
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        self.io.into_inner().map(Into::into)
    }

    /// Chooses the peer for [`send`](Self::send) and [`recv`](Self::recv), of several the first that
    /// the system accepts; what others send is not received any more. Nothing is sent by it. It may
    /// be called again.
    ///
    /// # Errors
    /// The system's, for the last address tried; those of [`lookup_host`].
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        let mut outcome = Err(AddressError::None.into());
        for address in lookup_host(address).await? {
            outcome = self.source().connect(address);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// Sends a datagram to the connected peer, and says how many bytes that was: all of them.
    ///
    /// # Errors
    /// The system's: too long, not connected, or that the peer refused an earlier one.
    ///
    /// # Cancel safety
    /// Dropped before it is ready it has sent nothing.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        cooperative(self.io.write_with(|socket| socket.send(bytes))).await
    }

    /// Sends a datagram to an address; of several, and of a name, to the first one.
    ///
    /// # Errors
    /// The system's: too long, no way there; those of [`lookup_host`].
    ///
    /// # Cancel safety
    /// Dropped before it is ready it has sent nothing.
    pub async fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], address: A) -> io::Result<usize> {
        let Some(to) = lookup_host(address).await?.next() else {
            return Err(AddressError::None.into());
        };
        cooperative(self.io.write_with(|socket| socket.send_to(bytes, to))).await
    }

    /// Receives a datagram from the connected peer. What does not fit into `buffer` is lost.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// A datagram is received and returned by the same poll: none is lost when it is dropped.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        cooperative(self.io.read_with(|socket| socket.recv(buffer))).await
    }

    /// Receives a datagram from anybody, and says who sent it. What does not fit into `buffer` is lost.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        cooperative(self.io.read_with(|socket| socket.recv_from(buffer))).await
    }

    /// As [`recv`](Self::recv), but leaves the datagram to the next receive.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        cooperative(self.io.read_with(|socket| socket.peek(buffer))).await
    }

    /// As [`recv_from`](Self::recv_from), but leaves the datagram to the next receive.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        cooperative(self.io.read_with(|socket| socket.peek_from(buffer))).await
    }

    /// Waits for a datagram, and says who sent it, without taking any of it.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        cooperative(self.io.read_with(|socket| socket.try_io(|| peek_sender(socket)))).await
    }

    /// Waits for a datagram, and receives as many as are there and `batch` has room for; says how
    /// many. What was in the batch before is gone.
    ///
    /// # Platforms
    /// One system call for all on Linux, Android, FreeBSD and NetBSD (recvmmsg), one for each elsewhere.
    ///
    /// # Errors
    /// The system's, if nothing was received.
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    pub async fn recv_batch(&self, batch: &mut DatagramBatch) -> io::Result<usize> {
        cooperative(self.io.read_with(|socket| socket.try_io(|| many::receive(socket, batch))))
            .await
    }

    /// Waits for room, and sends as many of `datagrams` as there is room for, in order; says how many.
    /// Of an empty list none, at once.
    ///
    /// # Platforms
    /// One system call for all on Linux, Android, FreeBSD and NetBSD (sendmmsg), one for each elsewhere.
    ///
    /// # Errors
    /// The system's, for the first of them. One that fails later is left for the next call.
    ///
    /// # Cancel safety
    /// Dropped before it is ready it has sent nothing.
    pub async fn send_batch(&self, datagrams: &[(&[u8], SocketAddr)]) -> io::Result<usize> {
        if datagrams.is_empty() {
            return Ok(0);
        }
        cooperative(self.io.write_with(|socket| socket.try_io(|| many::send(socket, datagrams))))
            .await
    }

    /// Sends a datagram to the connected peer if there is room.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none; those of [`send`](Self::send).
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_write_with(|socket| socket.send(bytes))
    }

    /// Sends a datagram if there is room.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.io.try_write_with(|socket| socket.send_to(bytes, to))
    }

    /// Receives a datagram from the connected peer if one is there.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none; those of [`recv`](Self::recv).
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_read_with(|socket| socket.recv(buffer))
    }

    /// Receives a datagram if one is there.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_read_with(|socket| socket.recv_from(buffer))
    }

    /// As [`try_recv_from`](Self::try_recv_from), but leaves the datagram to the next receive.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_read_with(|socket| socket.peek_from(buffer))
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

    pub(in crate::net) fn source(&self) -> &mio::net::UdpSocket {
        self.io.get_ref()
    }
}

fn peek_sender(socket: &mio::net::UdpSocket) -> io::Result<SocketAddr> {
    let sender = SockRef::from(socket).peek_sender()?;
    sender.as_socket().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
