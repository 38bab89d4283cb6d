//! Sockets and pipes within one machine: [`UnixStream`], [`UnixListener`], [`UnixDatagram`], and
//! [`pipe`]. Only on Unix.
//!
//! # Names
//! A socket's name is a file. It is there until somebody removes it: neither dropping the listener nor
//! the end of the process does, and [`UnixListener::bind`] on a name that exists fails with
//! [`AddrInUse`](std::io::ErrorKind::AddrInUse). Servers usually remove a stale file before they bind;
//! whether somebody still listens on it is found out by connecting to it. On Linux a socket may have
//! an *abstract* name instead, which is no file and ends with the socket: make a [`SocketAddr`] with
//! `std::os::linux::net::SocketAddrExt::from_abstract_name`.
//!
//! # Descriptors and credentials
//! Messages may carry open descriptors, and on Linux who sent them: see [`Ancillary`]. Who is at the
//! other end of a connection is told by [`UnixStream::peer_cred`].

mod ancillary;
mod credentials;
mod datagram;
mod error;
mod listener;
mod owned;
pub mod pipe;
mod split;
mod stream;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "peer/linux.rs"]
mod peer;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "peer/other.rs"]
mod peer;

pub use ancillary::{Ancillary, MOST_DESCRIPTORS};
pub use credentials::Credentials;
pub use datagram::UnixDatagram;
pub use error::UnixError;
pub use listener::UnixListener;
pub use owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use split::{ReadHalf, WriteHalf};
pub use std::os::unix::net::SocketAddr;
pub use stream::UnixStream;
