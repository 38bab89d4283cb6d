//! What Unix systems differ in: error numbers, the option for binding, and raw descriptors.

use super::listener::TcpListener;
use super::stream::TcpStream;
use super::tcp_socket::TcpSocket;
use super::udp::UdpSocket;
use socket2::Socket;
use std::io;

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

/// Lends the descriptor of what a type stands on, which its method of that name gives.
macro_rules! lends_descriptor {
    ($($lender:ty => $source:ident),+) => {$(
        impl std::os::fd::AsFd for $lender {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(self.$source())
            }
        }

        impl std::os::fd::AsRawFd for $lender {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(self.$source())
            }
        }
    )+};
}

pub(crate) use lends_descriptor;

lends_descriptor!(TcpStream => source, TcpListener => source, TcpSocket => socket, UdpSocket => source);
