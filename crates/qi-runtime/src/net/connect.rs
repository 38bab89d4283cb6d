//! Making a connection, to one address or to the quickest of many.
//!
//! # Protocol
//! The system begins to connect and answers at once. The outcome is known when the socket becomes
//! writable *and* has an error or a peer: a spurious event shows neither, and is waited out. The
//! first look comes before any event, because on the loopback the connection stands by then.
//!
//! Of many addresses one is tried after the other (RFC 8305, "Happy Eyeballs"): the next attempt
//! begins when the last one has failed, or [`STAGGER`] after it began, and the first that stands
//! wins; the others are given up. The families take turns, beginning with that of the first address,
//! so that a broken IPv6 (or IPv4) costs one pause and not one for each of its addresses.

use super::addr::ToSocketAddrs;
use super::cooperate::cooperative;
use super::error::AddressError;
use super::lookup::lookup_host;
use super::os;
use super::stream::TcpStream;
use crate::here;
use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use qi_reactor::{Delay, Reactor};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long one attempt has the field to itself: what section 5 of RFC 8305 recommends.
const STAGGER: Duration = Duration::from_millis(250);

/// Tries the addresses as the head of the file says; the last one's error is the caller's.
pub(super) async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<TcpStream> {
    let reactor = here::reactor()?;
    let mut addresses = lookup_host(address).await?;
    match (addresses.next(), addresses.len()) {
        (None, _) => Err(AddressError::None.into()),
        (Some(only), 0) => open(&reactor, only)?.await,
        (Some(first), _) => {
            let all = interleaved(std::iter::once(first).chain(addresses));
            // Attempts weigh, and are over soon.
            Box::pin(race(&reactor, all)).await
        }
    }
}

/// The families in turns, beginning with that of the first address; within each the given order.
fn interleaved(addresses: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut same = VecDeque::new();
    let mut other = VecDeque::new();
    for address in addresses {
        let is_same =
            same.front().is_none_or(|first: &SocketAddr| first.is_ipv4() == address.is_ipv4());
        if is_same { same.push_back(address) } else { other.push_back(address) }
    }
    let mut all = VecDeque::with_capacity(same.len() + other.len());
    while !same.is_empty() || !other.is_empty() {
        all.extend(same.pop_front());
        all.extend(other.pop_front());
    }
    all
}

async fn race(
    reactor: &Arc<Reactor>,
    mut addresses: VecDeque<SocketAddr>,
) -> io::Result<TcpStream> {
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::from(AddressError::None);
    loop {
        if let Some(address) = addresses.pop_front() {
            match open(reactor, address) {
                Ok(attempt) => attempts.push(attempt),
                Err(error) => {
                    last = error;
                    continue;
                }
            }
        }
        if attempts.is_empty() {
            return Err(last);
        }
        let ended = if addresses.is_empty() {
            attempts.next().await
        } else {
            let pause = Delay::after(reactor, here::place(reactor), STAGGER);
            match select(attempts.next(), pause).await {
                Either::Left((ended, _)) => ended,
                // Of no consequence if the timer failed: the next attempt will say what is wrong.
                Either::Right(_) => continue,
            }
        };
        match ended {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => last = error,
            None => {}
        }
    }
}

/// Begins to connect with a socket of its own.
fn open(
    reactor: &Arc<Reactor>,
    address: SocketAddr,
) -> io::Result<impl Future<Output = io::Result<TcpStream>> + use<>> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    begin(reactor, socket, address)
}

/// Begins to connect; the future is ready when the outcome is known.
pub(super) fn begin(
    reactor: &Arc<Reactor>,
    socket: Socket,
    address: SocketAddr,
) -> io::Result<impl Future<Output = io::Result<TcpStream>> + use<>> {
    match socket.connect(&address.into()) {
        Err(error) if !os::is_connecting(&error) => return Err(error),
        _ => {}
    }
    let stream = TcpStream::watch(reactor, mio::net::TcpStream::from_std(socket.into()))?;
    Ok(async move {
        cooperative(stream.io().write_with(look)).await?;
        Ok(stream)
    })
}

/// `WouldBlock` while there is no outcome.
fn look(stream: &mio::net::TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotConnected || os::is_in_progress(&error) => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(texts: &[&str]) -> Vec<String> {
        let addresses = texts.iter().map(|text| text.parse().expect("an address"));
        interleaved(addresses).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn families_take_turns_beginning_with_the_first() {
        let given = ["[::1]:1", "[::1]:2", "[::1]:3", "1.1.1.1:1", "1.1.1.1:2"];
        let wanted = ["[::1]:1", "1.1.1.1:1", "[::1]:2", "1.1.1.1:2", "[::1]:3"];
        assert_eq!(order(&given), wanted);
        assert_eq!(order(&["1.1.1.1:1", "[::1]:1"]), ["1.1.1.1:1", "[::1]:1"]);
        assert!(order(&[]).is_empty());
    }
}
