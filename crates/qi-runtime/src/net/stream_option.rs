//! The options of a connection that every platform has.

use super::hops;
use super::keepalive::TcpKeepalive;
use super::stream::TcpStream;
use socket2::SockRef;
use std::io;
use std::time::Duration;

impl TcpStream {
    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// The system's error.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.source().nodelay()
    }

    /// Sets whether small writes are sent at once instead of being gathered (`TCP_NODELAY`).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.source().set_nodelay(on)
    }

    /// The time to live of its packets, in hops (the hop limit of IPv6).
    ///
    /// # Errors
    /// The system's error.
    pub fn ttl(&self) -> io::Result<u32> {
        hops::get(&self.option(), self.local_addr()?.is_ipv6())
    }

    /// Sets the time to live of its packets, in hops (the hop limit of IPv6).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        hops::set(&self.option(), self.local_addr()?.is_ipv6(), hops)
    }

    /// How long closing waits for unsent data, in whole seconds (`SO_LINGER`). `None`: it does not
    /// wait, the system sends on in the background.
    ///
    /// # Errors
    /// The system's error.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.option().linger()
    }

    /// Sets how long closing waits for unsent data; fractions of a second are cut off. Zero resets
    /// the connection instead of closing it, and drops what is unsent. Longer times may block the
    /// thread that drops the stream.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_linger(&self, time: Option<Duration>) -> io::Result<()> {
        self.option().set_linger(time)
    }

    /// Whether the system asks a silent peer if it is still there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// The system's error.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.option().keepalive()
    }

    /// Sets when the system asks a silent peer if it is still there; `None`: never. This is how a
    /// half-open connection, whose peer vanished without a word, comes to an end.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_keepalive(&self, keepalive: Option<&TcpKeepalive>) -> io::Result<()> {
        match keepalive {
            Some(keepalive) => self.option().set_tcp_keepalive(&keepalive.to_socket2()),
            None => self.option().set_keepalive(false),
        }
    }

    /// The size of the system's buffer for data that was received, in bytes (`SO_RCVBUF`). Linux tells
    /// twice what was set, its own bookkeeping included.
    ///
    /// # Errors
    /// The system's error.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.option().recv_buffer_size()
    }

    /// Sets the size of the system's buffer for data that was received, in bytes.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.option().set_recv_buffer_size(bytes)
    }

    /// The size of the system's buffer for data to be sent, in bytes (`SO_SNDBUF`). Linux tells twice
    /// what was set.
    ///
    /// # Errors
    /// The system's error.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.option().send_buffer_size()
    }

    /// Sets the size of the system's buffer for data to be sent, in bytes.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.option().set_send_buffer_size(bytes)
    }

    pub(super) fn option(&self) -> SockRef<'_> {
        SockRef::from(self.source())
    }
}
