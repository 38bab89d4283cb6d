//! What Unix systems differ in: error numbers, the option for binding, and raw descriptors.

use super::listener::TcpListener;
use super::stream::TcpStream;
use socket2::Socket;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// Whether the process or the system is out of descriptors or memory.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

/// Errors of a connection that have no [`io::ErrorKind`].
pub(super) fn is_broken_connection(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN))
}

/// Whether a connection is still being made.
pub(super) fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Lets a server come back to its port while connections of its last life linger. A port that
/// somebody listens on stays refused.
pub(super) fn prepare_to_bind(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source().as_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.source().as_raw_fd()
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.source().as_raw_fd()
    }
}
