//! The time to live of packets, which IPv4 and IPv6 keep under different names.

use socket2::Socket;
use std::io;

pub(super) fn get(socket: &Socket, is_v6: bool) -> io::Result<u32> {
    if is_v6 { socket.unicast_hops_v6() } else { socket.ttl_v4() }
}

pub(super) fn set(socket: &Socket, is_v6: bool, hops: u32) -> io::Result<()> {
    if is_v6 { socket.set_unicast_hops_v6(hops) } else { socket.set_ttl_v4(hops) }
}
