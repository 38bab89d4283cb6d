//! Many datagrams by one system call: recvmmsg and sendmmsg.

use super::batch::{DatagramBatch, Filled};
use mio::net::UdpSocket;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrLike, SockaddrStorage, recvmmsg, sendmmsg};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

/// The most that one call takes; Linux cuts off what is above (UIO_MAXIOV).
const MOST: usize = 1024;

/// Fills `batch` with what is there. `WouldBlock` if nothing is.
pub(super) fn receive(socket: &UdpSocket, batch: &mut DatagramBatch) -> io::Result<usize> {
    let count = batch.capacity().min(MOST);
    let (places, filled) = batch.refill();
    let mut slices: Vec<_> = places.take(count).map(|place| [IoSliceMut::new(place)]).collect();
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(count, None);
    let descriptor = socket.as_raw_fd();
    let received =
        recvmmsg(descriptor, &mut headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None)?;
    for message in received {
        let from = message.address.as_ref().and_then(to_std);
        let from = from.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        filled.push(Filled { length: message.bytes, from });
    }
    Ok(filled.len())
}

/// Sends as many as there is room for. `WouldBlock` if there is none.
pub(super) fn send(socket: &UdpSocket, datagrams: &[(&[u8], SocketAddr)]) -> io::Result<usize> {
    let datagrams = &datagrams[..datagrams.len().min(MOST)];
    let slices: Vec<_> = datagrams.iter().map(|(bytes, _)| [IoSlice::new(bytes)]).collect();
    let to: Vec<_> = datagrams.iter().map(|(_, to)| Some(SockaddrStorage::from(*to))).collect();
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(datagrams.len(), None);
    let descriptor = socket.as_raw_fd();
    let sent = sendmmsg(descriptor, &mut headers, &slices, to, [], MsgFlags::MSG_DONTWAIT)?;
    Ok(sent.count())
}

fn to_std(address: &SockaddrStorage) -> Option<SocketAddr> {
    match address.family()? {
        nix::sys::socket::AddressFamily::Inet => {
            address.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()))
        }
        _ => address.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())),
    }
}
