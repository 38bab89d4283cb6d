//! Listening for connections.

use super::accept::{Patience, Retry};
use super::addr::ToSocketAddrs;
use super::cooperate::{cooperative, readiness};
use super::error::AddressError;
use super::hops;
use super::incoming::Incoming;
use super::lookup::lookup_host;
use super::os;
use super::stream::TcpStream;
use crate::here;
use qi_reactor::{Delay, Interest, Reactor, Watched};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Connections that the system keeps for a busy listener; it may have a lower limit of its own.
const BACKLOG: i32 = 4096;

/// Accepts TCP connections.
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use qi_runtime::net::{TcpListener, TcpStream};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let _one = TcpStream::connect(listener.local_addr()?).await?;
/// let _other = TcpStream::connect(listener.local_addr()?).await?;
/// let mut connections = listener.incoming().take(2);
/// while let Some(stream) = connections.next().await {
///     println!("connected from {}", stream?.peer_addr()?);
/// }
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TcpListener {
    io: Watched<mio::net::TcpListener>,
    reactor: Arc<Reactor>,
}

impl TcpListener {
    /// Listens on an address; of several on the first that can be had. Port 0 asks the system for a
    /// free port, which [`local_addr`](Self::local_addr) tells.
    ///
    /// On Unix a port whose former owner's connections linger can be had (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) and the system's other reasons, for the last address
    /// tried; those of [`lookup_host`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::net::TcpListener;
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// let again = TcpListener::bind(listener.local_addr()?).await;
    /// assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let reactor = here::reactor()?;
        let mut outcome = Err(AddressError::None.into());
        for address in lookup_host(address).await? {
            outcome = listen(address);
            if outcome.is_ok() {
                break;
            }
        }
        Self::watch(reactor, outcome?)
    }

    /// Takes over a listener of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    ///
    /// # Examples
    /// ```
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// let bound = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// runtime.handle().enter(|| qi_runtime::net::TcpListener::from_std(bound))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        let reactor = here::reactor()?;
        listener.set_nonblocking(true)?;
        Self::watch(reactor, mio::net::TcpListener::from_std(listener))
    }

    pub(super) fn watch(
        reactor: Arc<Reactor>,
        listener: mio::net::TcpListener,
    ) -> io::Result<Self> {
        let place = here::place;
        let io = Watched::lazy(reactor.clone(), place, listener, Interest::READABLE)?;
        Ok(Self { io, reactor })
    }

    /// Gives the listener back to the standard library. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the listener is closed then.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.io.into_inner().map(Into::into)
    }

    /// Waits for a connection, and gives it with its peer's address.
    ///
    /// Connections that broke before they could be accepted are passed over. When the process or
    /// the system is out of descriptors or memory, the listener pauses for 5 ms, then for twice as
    /// long each time up to a second, until there is room again; the connections wait in the
    /// system's queue meanwhile, and a `tracing` warning says so once. Several tasks may accept at
    /// once.
    ///
    /// # Errors
    /// What concerns the listener itself, for instance that its runtime has shut down.
    ///
    /// # Cancel safety
    /// A connection is taken and returned by the same poll: none is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_stream, peer) = listener.accept().await?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let mut patience = Patience::new();
        loop {
            match cooperative(self.io.read_with(mio::net::TcpListener::accept)).await {
                Ok((stream, peer)) => return Ok((TcpStream::watch(&self.reactor, stream)?, peer)),
                Err(error) => match patience.judge(error)? {
                    Retry::AtOnce => {}
                    Retry::After(pause) => self.pause(pause).await?,
                },
            }
        }
    }

    /// Waits until a connection may be there to be accepted. It may return for nothing, and it always
    /// does at first.
    ///
    /// # Errors
    /// If the runtime has shut down.
    ///
    /// # Cancel safety
    /// Readiness is not consumed: nothing is lost when it is dropped.
    pub async fn readable(&self) -> io::Result<()> {
        readiness(&self.io, Interest::READABLE).await
    }

    /// All connections, one after the other; each is accepted as by [`accept`](Self::accept).
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming::new(self)
    }

    /// Accepts without patience.
    pub(super) fn poll_accept_once(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.io.poll_read_with(cx, mio::net::TcpListener::accept);
        accepted.map(|accepted| {
            let (stream, peer) = accepted?;
            Ok((TcpStream::watch(&self.reactor, stream)?, peer))
        })
    }

    /// By the listener's own reactor: the thread need not work for a runtime.
    pub(super) fn pause(&self, length: Duration) -> Delay {
        Delay::after(&self.reactor, here::place(&self.reactor), length)
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source().local_addr()
    }

    /// The time to live of the packets it sends, in hops.
    ///
    /// # Errors
    /// The system's error.
    pub fn ttl(&self) -> io::Result<u32> {
        hops::get(&SockRef::from(self.source()), self.local_addr()?.is_ipv6())
    }

    /// Sets the time to live of the packets it sends, in hops; accepted connections inherit it.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        hops::set(&SockRef::from(self.source()), self.local_addr()?.is_ipv6(), hops)
    }

    /// Takes the error that the listener has to report, if any.
    ///
    /// # Errors
    /// The system's error in finding out.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source().take_error()
    }

    pub(super) fn source(&self) -> &mio::net::TcpListener {
        self.io.get_ref()
    }
}

/// The standard library would do, but for its short backlog.
fn listen(address: SocketAddr) -> io::Result<mio::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    os::prepare_to_bind(&socket)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(mio::net::TcpListener::from_std(socket.into()))
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
