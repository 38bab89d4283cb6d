//! Many datagrams by a system call for each, where there is none for many.

use super::batch::{DatagramBatch, Filled};
use mio::net::UdpSocket;
use std::io;
use std::net::SocketAddr;

/// Fills `batch` with what is there. `WouldBlock` if nothing is.
pub(super) fn receive(socket: &UdpSocket, batch: &mut DatagramBatch) -> io::Result<usize> {
    let (places, filled) = batch.refill();
    for place in places {
        match socket.recv_from(place) {
            Ok((length, from)) => filled.push(Filled { length, from }),
            Err(error) if filled.is_empty() => return Err(error),
            // What was received counts. The next call meets the error again, if it is to stay.
            Err(_) => break,
        }
    }
    Ok(filled.len())
}

/// Sends as many as there is room for. `WouldBlock` if there is none.
pub(super) fn send(socket: &UdpSocket, datagrams: &[(&[u8], SocketAddr)]) -> io::Result<usize> {
    for (sent, (bytes, to)) in datagrams.iter().enumerate() {
        match socket.send_to(bytes, *to) {
            Ok(_) => {}
            Err(error) if sent == 0 => return Err(error),
            Err(_) => return Ok(sent),
        }
    }
    Ok(datagrams.len())
}
