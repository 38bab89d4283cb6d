//! What Windows differs in: error numbers, the option for binding, and raw sockets.

use super::listener::TcpListener;
use super::stream::TcpStream;
use super::tcp_socket::TcpSocket;
use super::udp::UdpSocket;
use socket2::Socket;
use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

// https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const WSAEMFILE: i32 = 10024;
const WSAEINPROGRESS: i32 = 10036;
const WSAENOBUFS: i32 = 10055;

/// Whether the process or the system is out of sockets or memory.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(WSAEMFILE | WSAENOBUFS))
}

/// Errors of a connection that have no [`io::ErrorKind`]: none here.
pub(super) fn is_broken_connection(_: &io::Error) -> bool {
    false
}

/// Whether a connection is still being made.
pub(super) fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAEINPROGRESS)
}

/// Whether the answer to a request to connect means that the outcome is not known yet.
pub(super) fn is_connecting(error: &io::Error) -> bool {
    is_in_progress(error) || error.kind() == io::ErrorKind::WouldBlock
}

/// Nothing: here the option of Unix would let two servers share a port by accident.
pub(super) fn prepare_to_bind(_: &Socket) -> io::Result<()> {
    Ok(())
}

impl AsSocket for TcpStream {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.source().as_socket()
    }
}

impl AsRawSocket for TcpStream {
    fn as_raw_socket(&self) -> RawSocket {
        self.source().as_raw_socket()
    }
}

impl AsSocket for TcpListener {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.source().as_socket()
    }
}

impl AsRawSocket for TcpListener {
    fn as_raw_socket(&self) -> RawSocket {
        self.source().as_raw_socket()
    }
}

impl AsSocket for TcpSocket {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.socket().as_socket()
    }
}

impl AsRawSocket for TcpSocket {
    fn as_raw_socket(&self) -> RawSocket {
        self.socket().as_raw_socket()
    }
}

impl AsSocket for UdpSocket {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.source().as_socket()
    }
}

impl AsRawSocket for UdpSocket {
    fn as_raw_socket(&self) -> RawSocket {
        self.source().as_raw_socket()
    }
}
