//! TCP options that only Linux (and Android) has.

use crate::net::stream::TcpStream;
use crate::net::tcp_socket::TcpSocket;
use std::io;
use std::time::Duration;

impl TcpSocket {
    /// The network device that it is bound to, `None` if to any (`SO_BINDTODEVICE`).
    ///
    /// # Errors
    /// The system's error.
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.socket().device()
    }

    /// Binds it to a network device, for instance `b"eth0"`; `None`: to any.
    ///
    /// # Errors
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if the system allows that to
    /// administrators only; the system's other errors.
    pub fn bind_device(&self, device: Option<&[u8]>) -> io::Result<()> {
        self.socket().bind_device(device)
    }

    /// How long data may stay unacknowledged before the connection counts as broken
    /// (`TCP_USER_TIMEOUT`); `None`: as long as the system's own rules say.
    ///
    /// # Errors
    /// The system's error.
    pub fn user_timeout(&self) -> io::Result<Option<Duration>> {
        self.socket().tcp_user_timeout()
    }

    /// Sets how long data may stay unacknowledged, in whole milliseconds.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_user_timeout(&self, time: Option<Duration>) -> io::Result<()> {
        self.socket().set_tcp_user_timeout(time)
    }

    /// The type of service of its IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    /// The system's error.
    pub fn tos(&self) -> io::Result<u32> {
        self.socket().tos_v4()
    }

    /// Sets the type of service of its IPv4 packets.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.socket().set_tos_v4(tos)
    }

    /// The traffic class of its IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    /// The system's error, also for an IPv4 socket.
    pub fn traffic_class(&self) -> io::Result<u32> {
        self.socket().tclass_v6()
    }

    /// Sets the traffic class of its IPv6 packets.
    ///
    /// # Errors
    /// The system's error, also for an IPv4 socket.
    pub fn set_traffic_class(&self, class: u32) -> io::Result<()> {
        self.socket().set_tclass_v6(class)
    }
}

impl TcpStream {
    /// Whether what is received is acknowledged at once (`TCP_QUICKACK`). The system changes it by
    /// itself as the connection goes on.
    ///
    /// # Errors
    /// The system's error.
    pub fn quickack(&self) -> io::Result<bool> {
        self.option().tcp_quickack()
    }

    /// Sets whether what is received is acknowledged at once, until the system thinks otherwise.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_quickack(&self, on: bool) -> io::Result<()> {
        self.option().set_tcp_quickack(on)
    }

    /// How long data may stay unacknowledged before the connection counts as broken
    /// (`TCP_USER_TIMEOUT`); `None`: as long as the system's own rules say.
    ///
    /// # Errors
    /// The system's error.
    pub fn user_timeout(&self) -> io::Result<Option<Duration>> {
        self.option().tcp_user_timeout()
    }

    /// Sets how long data may stay unacknowledged, in whole milliseconds. With it a write to a peer
    /// that vanished fails in time; [`set_keepalive`](Self::set_keepalive) does that for reads.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_user_timeout(&self, time: Option<Duration>) -> io::Result<()> {
        self.option().set_tcp_user_timeout(time)
    }

    /// The type of service of its IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    /// The system's error.
    pub fn tos(&self) -> io::Result<u32> {
        self.option().tos_v4()
    }

    /// Sets the type of service of its IPv4 packets.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.option().set_tos_v4(tos)
    }
}
