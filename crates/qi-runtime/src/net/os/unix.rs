//! What Unix systems differ in: error numbers, the option for binding, and raw descriptors.

use super::listener::TcpListener;
use super::stream::TcpStream;
use super::tcp_socket::TcpSocket;
use super::udp::UdpSocket;
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

/// Whether the answer to a request to connect means that the outcome is not known yet.
pub(super) fn is_connecting(error: &io::Error) -> bool {
    is_in_progress(error) || error.kind() == io::ErrorKind::Interrupted
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

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source().as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.source().as_raw_fd()
    }
}
