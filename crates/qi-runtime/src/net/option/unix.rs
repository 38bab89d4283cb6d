//! TCP options of all Unix systems.

use crate::net::tcp_socket::TcpSocket;
use std::io;

impl TcpSocket {
    /// Whether several sockets may listen on one port and share its connections (`SO_REUSEPORT`).
    ///
    /// # Errors
    /// The system's error.
    pub fn reuse_port(&self) -> io::Result<bool> {
        self.socket().reuse_port()
    }

    /// Sets whether several sockets may listen on one port, before it is bound. Linux shares the
    /// connections among them; the BSDs and macOS give most to one.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_reuse_port(&self, on: bool) -> io::Result<()> {
        self.socket().set_reuse_port(on)
    }
}
