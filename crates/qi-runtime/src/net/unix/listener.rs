//! Listening for connections within the machine.

use super::stream::UnixStream;
use crate::here;
use crate::net::accept::{Patience, Retry};
use crate::net::cooperate::{cooperative, readiness};
use crate::net::os::lends_descriptor;
use futures_util::stream::{self, Stream};
use qi_reactor::{Delay, Interest, Reactor, Watched};
use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// Accepts connections from processes of the same machine. Only on Unix.
///
/// Dropping it leaves its file behind; see [`net::unix`](super#names).
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// use qi_runtime::net::{UnixListener, UnixStream};
/// # let folder = std::env::temp_dir().join(format!("qi-doc-listener-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let path = folder.join("service");
/// let listener = UnixListener::bind(&path)?;
/// let mut client = UnixStream::connect(&path).await?;
/// let (mut server, _) = listener.accept().await?;
/// client.write_all(b"ping").await?;
/// let mut got = [0; 4];
/// server.read_exact(&mut got).await?;
/// assert_eq!(&got, b"ping");
/// std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # })?;
/// # std::fs::remove_dir(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnixListener {
    io: Watched<mio::net::UnixListener>,
    reactor: Arc<Reactor>,
}

impl UnixListener {
    /// Listens under a name, which must not exist yet.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the file exists, also when nobody listens on it any
    /// more; the system's other errors; an error on a thread that works for no runtime.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens on an address, which may be an abstract name.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let reactor = here::reactor()?;
        Self::watch(reactor, mio::net::UnixListener::bind_addr(address)?)
    }

    /// Takes over a listener of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    /// The system's error; an error on a thread that works for no runtime.
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        let reactor = here::reactor()?;
        listener.set_nonblocking(true)?;
        Self::watch(reactor, mio::net::UnixListener::from_std(listener))
    }

    fn watch(reactor: Arc<Reactor>, listener: mio::net::UnixListener) -> io::Result<Self> {
        let io = Watched::lazy(reactor.clone(), here::place, listener, Interest::READABLE)?;
        Ok(Self { io, reactor })
    }

    /// Gives the listener back to the standard library. It stays non-blocking.
    ///
    /// # Errors
    /// The system's error; the listener is closed then.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        self.io.into_inner().map(Into::into)
    }

    /// Waits for a connection, and gives it with its peer's address, which is unnamed for most
    /// clients.
    ///
    /// It is as patient as [`TcpListener::accept`](crate::net::TcpListener::accept): without
    /// descriptors it pauses and tries again.
    ///
    /// # Errors
    /// What concerns the listener itself, for instance that its runtime has shut down.
    ///
    /// # Cancel safety
    /// A connection is taken and returned by the same poll: none is lost when it is dropped.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let mut patience = Patience::new();
        loop {
            match cooperative(self.io.read_with(mio::net::UnixListener::accept)).await {
                Ok((stream, peer)) => return Ok((UnixStream::watch(&self.reactor, stream)?, peer)),
                Err(error) => match patience.judge(error)? {
                    Retry::AtOnce => {}
                    Retry::After(pause) => {
                        Delay::after(&self.reactor, here::place(&self.reactor), pause).await?;
                    }
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

    /// All connections, one after the other, without end; an error does not end it either.
    pub fn incoming(&self) -> Pin<Box<dyn Stream<Item = io::Result<UnixStream>> + Send + '_>> {
        Box::pin(stream::unfold(self, |listener| async move {
            Some((listener.accept().await.map(|(stream, _)| stream), listener))
        }))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source().local_addr()
    }

    /// Takes the error that the listener has to report, if any.
    ///
    /// # Errors
    /// The system's error in finding out.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source().take_error()
    }

    fn source(&self) -> &mio::net::UnixListener {
        self.io.get_ref()
    }
}

lends_descriptor!(UnixListener => source);

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}
