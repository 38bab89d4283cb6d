//! A connection: making it, its options, and waiting for it without transferring.

use super::addr::ToSocketAddrs;
use super::connect::connect;
use super::cooperate::{cooperative, readiness};
use super::owned::{self, OwnedReadHalf, OwnedWriteHalf};
use super::split::{ReadHalf, WriteHalf};
use super::transfer::Put;
use crate::here;
use qi_reactor::{Interest, Reactor, Watched};
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

/// A TCP connection.
///
/// It implements the `futures-io` traits, and so does a reference to it: several tasks may read and
/// write at once, and nobody's wake-up is lost. Dropping it closes the connection.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// use qi_runtime::net::{TcpListener, TcpStream};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, _) = listener.accept().await?;
/// client.write_all(b"ping").await?;
/// let mut got = [0; 4];
/// server.read_exact(&mut got).await?;
/// assert_eq!(&got, b"ping");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TcpStream {
    io: Watched<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to an address; of several to the one that answers first.
    ///
    /// Several are tried one after the other: the next one when the last has failed, or 250 ms after
    /// it was begun, IPv4 and IPv6 in turns (RFC 8305). What is slower is given up. It waits as long
    /// as the system does, which may be minutes. For a limit put it into
    /// [`time::timeout`](crate::time::timeout).
    ///
    /// # Errors
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) and the network's other reasons, for
    /// the last address tried; those of [`lookup_host`](super::lookup_host); an error on a thread
    /// that works for no runtime.
    ///
    /// # Cancel safety
    /// The attempts are given up when it is dropped; a peer may have seen one.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::net::{TcpListener, TcpStream};
    /// use qi_runtime::time::{Duration, timeout};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let attempt = TcpStream::connect(listener.local_addr()?);
    /// let stream = timeout(Duration::from_secs(10), attempt).await??;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        connect(address).await
    }

    /// Takes over a connection of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    ///
    /// # Examples
    /// ```
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let blocking = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = runtime.handle().enter(|| qi_runtime::net::TcpStream::from_std(blocking))?;
    /// let blocking = stream.into_std()?;
    /// blocking.set_nonblocking(false)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        let reactor = here::reactor()?;
        stream.set_nonblocking(true)?;
        Self::watch(&reactor, mio::net::TcpStream::from_std(stream))
    }

    /// Watches a connection from the first time on that something on it would block.
    pub(super) fn watch(reactor: &Arc<Reactor>, stream: mio::net::TcpStream) -> io::Result<Self> {
        const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
        let io = Watched::lazy(reactor.clone(), here::place, stream, BOTH)?;
        Ok(Self { io })
    }

    /// Gives the connection back to the standard library. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the connection is closed then.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        self.io.into_inner().map(Into::into)
    }

    /// Two halves that borrow the stream, for one task that reads and writes at once.
    ///
    /// It is not called `split`, because that name belongs to a method of
    /// [`AsyncReadExt`](futures_util::io::AsyncReadExt), which takes the stream and would be called
    /// instead.
    ///
    /// # Examples
    /// ```
    /// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
    /// # use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// # let echo = qi_runtime::spawn(async move { futures_util::io::copy(&server, &mut &server).await });
    /// let (mut reader, mut writer) = stream.halves();
    /// let mut got = [0; 4];
    /// let both =
    ///     futures_util::future::join(writer.write_all(b"ping"), reader.read_exact(&mut got));
    /// let (sent, read) = both.await;
    /// sent.and(read)?;
    /// assert_eq!(&got, b"ping");
    /// # drop(stream);
    /// # echo.join().await.expect("it does not panic")?;
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn halves(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf::new(self), WriteHalf::new(self))
    }

    /// Two halves for two tasks. Dropping the writing half tells the peer that nothing more comes;
    /// [`OwnedReadHalf::reunite`] puts them together again.
    ///
    /// # Examples
    /// ```
    /// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
    /// # use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// # let echo = qi_runtime::spawn(async move { futures_util::io::copy(&server, &mut &server).await });
    /// let (mut reader, mut writer) = stream.into_split();
    /// qi_runtime::spawn(async move { writer.write_all(b"ping").await });
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text).await?;
    /// # drop(echo);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        owned::split(self)
    }

    /// Waits for data, and copies it into `buffer` without taking it: the next read gets it again.
    /// 0 is the end of what the peer sends.
    ///
    /// # Errors
    /// The system's error, for instance that the peer has reset the connection.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (stream, _) = listener.accept().await?;
    /// # client.try_write(b"GET /")?;
    /// let mut first = [0; 1];
    /// stream.peek(&mut first).await?;
    /// let is_tls = first[0] == 0x16;
    /// # assert!(!is_tls);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        cooperative(self.io.read_with(|stream| stream.peek(buffer))).await
    }

    /// Waits until [`try_read`](Self::try_read) is worth trying. It may return for nothing, and it
    /// always does at first: nothing is known about a stream on which nothing was tried.
    ///
    /// # Errors
    /// If the runtime has shut down.
    ///
    /// # Cancel safety
    /// Readiness is not consumed: nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (stream, _) = listener.accept().await?;
    /// # client.try_write(b"ping")?;
    /// let mut buffer = [0; 64];
    /// let count = loop {
    ///     stream.readable().await?;
    ///     match stream.try_read(&mut buffer) {
    ///         Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
    ///         result => break result?,
    ///     }
    /// };
    /// assert_eq!(&buffer[..count], b"ping");
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// # Examples
    /// ```
    /// # use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.writable().await?;
    /// assert_eq!(stream.try_write(b"ping")?, 4);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await
    }

    /// Waits until the stream is ready for something in `interest`; otherwise as
    /// [`readable`](Self::readable).
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

    /// The address of this end.
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

    pub(super) fn source(&self) -> &mio::net::TcpStream {
        self.io.get_ref()
    }

    pub(super) fn io(&self) -> &Watched<mio::net::TcpStream> {
        &self.io
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
