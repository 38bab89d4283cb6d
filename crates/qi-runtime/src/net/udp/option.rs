//! Addresses and options of a UDP socket.

use super::socket::UdpSocket;
use crate::net::hops;
use socket2::SockRef;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

impl UdpSocket {
    /// The address of this socket.
    ///
    /// # Errors
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source().local_addr()
    }

    /// The peer that was chosen with [`connect`](Self::connect).
    ///
    /// # Errors
    /// The system's error.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source().peer_addr()
    }

    /// Takes the error that the socket has to report, if any.
    ///
    /// # Errors
    /// The system's error.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source().take_error()
    }

    /// Whether it may send to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    /// The system's error.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.source().broadcast()
    }

    /// Sets whether it may send to broadcast addresses.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.source().set_broadcast(on)
    }

    /// Whether this machine receives what it sends to IPv4 groups itself.
    ///
    /// # Errors
    /// The system's error.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.source().multicast_loop_v4()
    }

    /// Sets whether this machine receives what it sends to IPv4 groups itself. On Windows the
    /// receiving socket decides, elsewhere the sending one.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.source().set_multicast_loop_v4(on)
    }

    /// How far what it sends to IPv4 groups goes, in hops.
    ///
    /// # Errors
    /// The system's error.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.source().multicast_ttl_v4()
    }

    /// Sets how far what it sends to IPv4 groups goes, in hops; 1 is the local network.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_multicast_ttl_v4(&self, hops: u32) -> io::Result<()> {
        self.source().set_multicast_ttl_v4(hops)
    }

    /// Sets the interface, by its address, by which it sends to IPv4 groups.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_multicast_if_v4(&self, interface: &Ipv4Addr) -> io::Result<()> {
        SockRef::from(self.source()).set_multicast_if_v4(interface)
    }

    /// Whether this machine receives what it sends to IPv6 groups itself.
    ///
    /// # Errors
    /// The system's error.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.source().multicast_loop_v6()
    }

    /// Sets whether this machine receives what it sends to IPv6 groups itself.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.source().set_multicast_loop_v6(on)
    }

    /// How far what it sends to IPv6 groups goes, in hops.
    ///
    /// # Errors
    /// The system's error.
    pub fn multicast_hops_v6(&self) -> io::Result<u32> {
        SockRef::from(self.source()).multicast_hops_v6()
    }

    /// Sets how far what it sends to IPv6 groups goes, in hops.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_multicast_hops_v6(&self, hops: u32) -> io::Result<()> {
        SockRef::from(self.source()).set_multicast_hops_v6(hops)
    }

    /// Sets the interface, by its number, by which it sends to IPv6 groups.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_multicast_if_v6(&self, interface: u32) -> io::Result<()> {
        SockRef::from(self.source()).set_multicast_if_v6(interface)
    }

    /// Joins an IPv4 group on an interface; `0.0.0.0` leaves the choice to the system.
    ///
    /// # Errors
    /// The system's error.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.source().join_multicast_v4(group, interface)
    }

    /// Leaves an IPv4 group.
    ///
    /// # Errors
    /// The system's error.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.source().leave_multicast_v4(group, interface)
    }

    /// Joins an IPv6 group on an interface; 0 leaves the choice to the system.
    ///
    /// # Errors
    /// The system's error.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.source().join_multicast_v6(group, interface)
    }

    /// Leaves an IPv6 group.
    ///
    /// # Errors
    /// The system's error.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.source().leave_multicast_v6(group, interface)
    }

    /// The time to live of its datagrams, in hops (the hop limit of IPv6).
    ///
    /// # Errors
    /// The system's error.
    pub fn ttl(&self) -> io::Result<u32> {
        hops::get(&SockRef::from(self.source()), self.local_addr()?.is_ipv6())
    }

    /// Sets the time to live of its datagrams, in hops (the hop limit of IPv6).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        hops::set(&SockRef::from(self.source()), self.local_addr()?.is_ipv6(), hops)
    }

    /// The size of the system's buffer for what was received, in bytes. Linux tells twice what was set.
    ///
    /// # Errors
    /// The system's error.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(self.source()).recv_buffer_size()
    }

    /// Sets the size of the system's buffer for what was received; what does not fit is lost.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.source()).set_recv_buffer_size(bytes)
    }

    /// The size of the system's buffer for what is to be sent, in bytes. Linux tells twice what was set.
    ///
    /// # Errors
    /// The system's error.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(self.source()).send_buffer_size()
    }

    /// Sets the size of the system's buffer for what is to be sent.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.source()).set_send_buffer_size(bytes)
    }
}
