//! Named pipes of Windows: streams of bytes within a machine, under names like `\\.\pipe\service`.
//!
//! # Servers
//! A pipe has as many *instances* as there are clients at once, and one more that the next client
//! finds. So a server makes an instance, waits until a client has connected to it, makes the next one,
//! and then serves the first:
//!
//! ```no_run
//! use qi_runtime::net::windows::named_pipe::ServerOptions;
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! # runtime.block_on(async {
//! let name = r"\\.\pipe\service";
//! let mut free = ServerOptions::new().first_instance(true).create(name)?;
//! loop {
//!     free.connect().await?;
//!     let mut connected = std::mem::replace(&mut free, ServerOptions::new().create(name)?);
//!     qi_runtime::spawn(async move {
//!         qi_runtime::io::copy(&mut &connected, &mut &connected).await?;
//!         connected.disconnect()
//!     });
//! }
//! # #[allow(unreachable_code, reason = "names the error")]
//! # std::io::Result::Ok(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Ends
//! There is no half-close: closing the writing of a pipe does nothing, dropping it ends both ways. What
//! was written is accepted by the system at once and delivered in the background; a server that drops
//! or disconnects the pipe before the client has read may take it back.

use crate::here;
use crate::net::cooperate::{cooperative, readiness};
use crate::net::transfer::{Put, reads, writes};
use mio::windows::NamedPipe;
use qi_reactor::{Interest, Watched};
use qi_winpipe::Instance;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::os::windows::io::{AsRawHandle, RawHandle};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// How an instance of a pipe is made.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions(Instance);

impl ServerOptions {
    /// Both directions, any number of instances, clients of this machine only, 64 KiB of buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether creating fails if there is an instance of that name already: a server's first one
    /// should, so that nobody else answers its clients.
    #[must_use]
    pub fn first_instance(mut self, on: bool) -> Self {
        self.0.is_first = on;
        self
    }

    /// Whether clients may send.
    #[must_use]
    pub fn access_inbound(mut self, on: bool) -> Self {
        self.0.is_inbound = on;
        self
    }

    /// Whether clients may receive.
    #[must_use]
    pub fn access_outbound(mut self, on: bool) -> Self {
        self.0.is_outbound = on;
        self
    }

    /// Whether clients of other machines may connect.
    #[must_use]
    pub fn remote_clients(mut self, on: bool) -> Self {
        self.0.takes_remote = on;
        self
    }

    /// How many instances there may be, from 1 to 254. All instances of a name say the same.
    #[must_use]
    pub fn max_instances(mut self, most: u8) -> Self {
        self.0.most_instances = most.clamp(1, 254);
        self
    }

    /// The size of the system's buffer in each direction, in bytes.
    #[must_use]
    pub fn buffer_size(mut self, bytes: u32) -> Self {
        self.0.buffer_size = bytes;
        self
    }

    /// Makes an instance.
    ///
    /// # Errors
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if it is to be the first and is not;
    /// the system's other errors; an error on a thread that works for no runtime.
    pub fn create<N: AsRef<OsStr>>(&self, name: N) -> io::Result<NamedPipeServer> {
        let reactor = here::reactor()?;
        let pipe = qi_winpipe::create(name.as_ref(), &self.0)?;
        Ok(NamedPipeServer { io: Watched::lazy(reactor, here::place, pipe, BOTH)? })
    }
}

/// How a client opens a pipe.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    reads: bool,
    writes: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { reads: true, writes: true }
    }
}

impl ClientOptions {
    /// For both directions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it is opened for reading.
    #[must_use]
    pub fn read(mut self, on: bool) -> Self {
        self.reads = on;
        self
    }

    /// Whether it is opened for writing.
    #[must_use]
    pub fn write(mut self, on: bool) -> Self {
        self.writes = on;
        self
    }

    /// Opens the pipe.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) without such a pipe; ERROR_PIPE_BUSY (231) while all its
    /// instances have clients: wait, and try again; the system's other errors; an error on a thread
    /// that works for no runtime.
    pub fn open<N: AsRef<OsStr>>(&self, name: N) -> io::Result<NamedPipeClient> {
        let reactor = here::reactor()?;
        let pipe = qi_winpipe::open(name.as_ref(), self.reads, self.writes)?;
        Ok(NamedPipeClient { io: Watched::lazy(reactor, here::place, pipe, BOTH)? })
    }
}

/// An instance of a pipe: the server's end of one connection, or of none yet. Made by
/// [`ServerOptions`].
pub struct NamedPipeServer {
    io: Watched<NamedPipe>,
}

/// A client's end of a pipe. Made by [`ClientOptions`].
pub struct NamedPipeClient {
    io: Watched<NamedPipe>,
}

reads!(NamedPipeServer, &NamedPipeServer, NamedPipeClient, &NamedPipeClient);
writes!(NamedPipeServer, &NamedPipeServer, NamedPipeClient, &NamedPipeClient);

impl NamedPipeServer {
    /// Waits until a client has connected.
    ///
    /// # Errors
    /// The system's error.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped: the next call finds the client.
    pub async fn connect(&self) -> io::Result<()> {
        cooperative(self.io.write_with(NamedPipe::connect)).await
    }

    /// Cuts the client off; another one can connect after that. What it has not read is lost.
    ///
    /// # Errors
    /// The system's error.
    pub fn disconnect(&mut self) -> io::Result<()> {
        self.io.get_ref().disconnect()
    }
}

/// What both ends can do.
macro_rules! ends {
    ($($end:ty),+) => {$(
        impl $end {
            /// Waits until something in `interest` is worth trying. It may return for nothing, and it
            /// always does at first.
            ///
            /// # Errors
            /// If the runtime has shut down.
            ///
            /// # Cancel safety
            /// Readiness is not consumed: nothing is lost when it is dropped.
            pub async fn ready(&self, interest: Interest) -> io::Result<()> {
                readiness(&self.io, interest).await
            }

            /// Reads what is there.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing;
            /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) if the other end is gone; the system's error.
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.io.try_read_with(|mut pipe| pipe.read(buffer))
            }

            /// Writes what there is room for, and says how many bytes that was.
            ///
            /// # Errors
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room; the system's error.
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.io.try_write_with(|pipe| pipe.put(bytes))
            }

            fn watched(&self) -> &Watched<NamedPipe> {
                &self.io
            }

            /// There is no half-close.
            fn end(&self) -> io::Result<()> {
                Ok(())
            }
        }

        impl fmt::Debug for $end {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.io.get_ref().fmt(f)
            }
        }

        impl AsRawHandle for $end {
            fn as_raw_handle(&self) -> RawHandle {
                self.io.get_ref().as_raw_handle()
            }
        }
    )+};
}

ends!(NamedPipeServer, NamedPipeClient);

impl Put for NamedPipe {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn put_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(buffers)
    }
}
