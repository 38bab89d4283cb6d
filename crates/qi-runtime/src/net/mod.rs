//! Sockets: TCP, UDP, those of Unix, and the lookup of names.
//!
//! # Readiness
//! A socket is watched by the event queue of the worker that first finds nothing to do on it, from
//! that moment on. A request that is answered at once costs no more than its own system call, and a
//! read that fills only a part of its buffer spares the next one the attempt that would block.
//! Reading, writing, connecting and accepting take a unit each of the task's cooperative budget, so
//! a task whose peer is always ready still lets others run.
//!
//! # Where
//! A socket belongs to the runtime it was made in, and wakes whoever waits for it: it can be moved
//! to a task of another runtime, or be used by any executor. When its runtime has shut down, waiting
//! for it is an error.
//!
//! # Examples
//! ```
//! use futures_util::io::{AsyncReadExt, AsyncWriteExt};
//! use qi_runtime::net::{TcpListener, TcpStream};
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! # runtime.block_on(async {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let server = qi_runtime::spawn(async move {
//!     let (mut stream, _peer) = listener.accept().await?;
//!     stream.write_all(b"hello").await
//! });
//! let mut stream = TcpStream::connect(address).await?;
//! let mut text = String::new();
//! stream.read_to_string(&mut text).await?;
//! assert_eq!(text, "hello");
//! server.join().await.expect("it does not panic")
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accept;
mod addr;
mod connect;
mod cooperate;
mod error;
mod hops;
mod incoming;
mod keepalive;
mod listener;
mod lookup;
mod owned;
mod split;
mod stream;
mod stream_io;
mod stream_option;
mod tcp_socket;
mod transfer;
mod udp;

#[cfg(unix)]
#[path = "option/unix.rs"]
mod unix_option;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "option/linux.rs"]
mod linux_option;

#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;

#[cfg(unix)]
#[path = "os/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "os/windows.rs"]
mod os;

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
#[path = "vectored/flagged.rs"]
mod vectored;
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
#[path = "vectored/plain.rs"]
mod vectored;
#[cfg(all(
    unix,
    not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ))
))]
#[path = "vectored/plain_unix.rs"]
mod vectored_unix;

pub use addr::ToSocketAddrs;
pub(crate) use addr::{Resolution, resolve};
pub use error::AddressError;
pub use incoming::Incoming;
pub use keepalive::TcpKeepalive;
pub use listener::TcpListener;
pub use lookup::{ResolvedAddrs, lookup_host};
pub use owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use qi_reactor::Interest;
pub use split::{ReadHalf, WriteHalf};
pub use std::net::Shutdown;
pub use stream::TcpStream;
pub use tcp_socket::TcpSocket;
pub use udp::{DatagramBatch, UdpSocket};
#[cfg(unix)]
pub use unix::{UnixDatagram, UnixListener, UnixStream};
