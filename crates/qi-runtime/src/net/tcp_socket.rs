//! A TCP socket that is neither connected nor listening yet: the place for options that must be set
//! before.

use super::connect::begin;
use super::hops;
use super::keepalive::TcpKeepalive;
use super::listener::TcpListener;
use super::stream::TcpStream;
use crate::here;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A TCP socket to be: set its options, then [`connect`](Self::connect) or [`listen`](Self::listen).
///
/// Where options of one connection are enough, [`TcpStream`] has most of them too.
///
/// # Examples
/// ```
/// use qi_runtime::net::{TcpSocket, TcpStream};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuse_address(true)?;
/// socket.set_recv_buffer_size(64 * 1024)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(128)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let stream = socket.connect(listener.local_addr()?).await?;
/// assert!(stream.nodelay()?);
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TcpSocket {
    socket: Socket,
    is_v6: bool,
}

impl TcpSocket {
    /// A socket for IPv4 addresses.
    ///
    /// # Errors
    /// The system's error, for instance that there are no more descriptors.
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4)
    }

    /// A socket for IPv6 addresses. Whether it serves IPv4 as well is the system's default unless
    /// [`set_only_v6`](Self::set_only_v6) says it: Linux and macOS do, Windows and OpenBSD do not.
    ///
    /// # Errors
    /// As [`new_v4`](Self::new_v4).
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6)
    }

    /// A socket of the family of `address`.
    ///
    /// # Errors
    /// As [`new_v4`](Self::new_v4).
    pub fn for_address(address: SocketAddr) -> io::Result<Self> {
        Self::new(Domain::for_address(address))
    }

    fn new(domain: Domain) -> io::Result<Self> {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, is_v6: domain == Domain::IPV6 })
    }

    /// Takes over a socket that somebody else made, and makes it non-blocking. It is neither connected
    /// nor listening.
    ///
    /// # Errors
    /// The system's error. Windows tells the family of a socket only when it is bound.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let socket = Socket::from(stream);
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(Self { socket, is_v6 })
    }

    /// Gives the socket an address of this machine; port 0 is any free one.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse), [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable)
    /// and the system's other reasons.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.bind(&address.into())
    }

    /// Connects to one address.
    ///
    /// # Errors
    /// As [`TcpStream::connect`].
    ///
    /// # Cancel safety
    /// The attempt is given up when it is dropped; the peer may have seen it.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        begin(&here::reactor()?, self.socket, address)?.await
    }

    /// Listens, with a queue for up to `backlog` connections that were not accepted yet. The system
    /// has a limit of its own (`net.core.somaxconn` on Linux) and cuts off what is above.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        let reactor = here::reactor()?;
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::watch(reactor, mio::net::TcpListener::from_std(self.socket.into()))
    }

    /// The address that it was bound to.
    ///
    /// # Errors
    /// The system's error; Windows has none for a socket that was not bound.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.socket.local_addr()?;
        address.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Takes the error that the socket has to report, if any.
    ///
    /// # Errors
    /// The system's error in finding out.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// Whether an address can be bound while connections of its last user linger (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// The system's error.
    pub fn reuse_address(&self) -> io::Result<bool> {
        self.socket.reuse_address()
    }

    /// Sets whether an address can be bound while connections of its last user linger
    /// (`SO_REUSEADDR`).
    ///
    /// # Platforms
    /// On Windows it means that two sockets may have one port at the same time, and nobody knows who
    /// gets what: leave it alone there. [`TcpListener::bind`] does the right thing on each.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_reuse_address(&self, on: bool) -> io::Result<()> {
        self.socket.set_reuse_address(on)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// The system's error.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.tcp_nodelay()
    }

    /// Sets whether small writes are sent at once instead of being gathered (`TCP_NODELAY`).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(on)
    }

    /// Whether the system asks a silent peer if it is still there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// The system's error.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.socket.keepalive()
    }

    /// Sets when the system asks a silent peer if it is still there; `None`: never.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_keepalive(&self, keepalive: Option<&TcpKeepalive>) -> io::Result<()> {
        match keepalive {
            Some(keepalive) => self.socket.set_tcp_keepalive(&keepalive.to_socket2()),
            None => self.socket.set_keepalive(false),
        }
    }

    /// How long closing waits for unsent data (`SO_LINGER`); see [`TcpStream::linger`].
    ///
    /// # Errors
    /// The system's error.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.socket.linger()
    }

    /// Sets how long closing waits for unsent data; see [`TcpStream::set_linger`].
    ///
    /// # Errors
    /// The system's error.
    pub fn set_linger(&self, time: Option<Duration>) -> io::Result<()> {
        self.socket.set_linger(time)
    }

    /// The size of the system's buffer for data that was received, in bytes (`SO_RCVBUF`). Linux tells
    /// twice what was set, its own bookkeeping included.
    ///
    /// # Errors
    /// The system's error.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.socket.recv_buffer_size()
    }

    /// Sets the size of the system's buffer for data that was received, in bytes. To have an effect
    /// on how much the peer may send at once it must be set before connecting or listening.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket.set_recv_buffer_size(bytes)
    }

    /// The size of the system's buffer for data to be sent, in bytes (`SO_SNDBUF`). Linux tells twice
    /// what was set.
    ///
    /// # Errors
    /// The system's error.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.socket.send_buffer_size()
    }

    /// Sets the size of the system's buffer for data to be sent, in bytes.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket.set_send_buffer_size(bytes)
    }

    /// Whether an IPv6 socket serves IPv6 only (`IPV6_V6ONLY`).
    ///
    /// # Errors
    /// The system's error, also for an IPv4 socket.
    pub fn only_v6(&self) -> io::Result<bool> {
        self.socket.only_v6()
    }

    /// Sets whether an IPv6 socket serves IPv6 only, before it is bound.
    ///
    /// # Errors
    /// The system's error, also for an IPv4 socket.
    pub fn set_only_v6(&self, on: bool) -> io::Result<()> {
        self.socket.set_only_v6(on)
    }

    /// The time to live of its packets, in hops.
    ///
    /// # Errors
    /// The system's error.
    pub fn ttl(&self) -> io::Result<u32> {
        hops::get(&self.socket, self.is_v6)
    }

    /// Sets the time to live of its packets, in hops (the hop limit of IPv6).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        hops::set(&self.socket, self.is_v6, hops)
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
