//! UDP: a socket, its datagrams one by one and many at once, and its options.

mod batch;
mod option;
mod socket;

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd"
))]
#[path = "many_at_once.rs"]
mod many;
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd"
)))]
#[path = "many_in_turn.rs"]
mod many;

pub use batch::DatagramBatch;
pub use socket::UdpSocket;
