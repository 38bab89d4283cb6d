//! Making a connection.
//!
//! # Protocol
//! The system begins to connect and answers at once. The outcome is known when the socket becomes
//! writable *and* has an error or a peer: a spurious event shows neither, and is waited out. The
//! first look comes before any event, because on the loopback the connection stands by then.

use super::addr::ToSocketAddrs;
use super::cooperate::cooperative;
use super::error::AddressError;
use super::lookup::lookup_host;
use super::os;
use super::stream::TcpStream;
use crate::here;
use qi_reactor::Reactor;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Tries all addresses in order; the last one's error is the caller's.
pub(super) async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<TcpStream> {
    let reactor = here::reactor()?;
    let mut outcome = Err(AddressError::None.into());
    for address in lookup_host(address).await? {
        outcome = connect_one(&reactor, address).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

async fn connect_one(reactor: &Arc<Reactor>, address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::watch(reactor, mio::net::TcpStream::connect(address)?)?;
    cooperative(stream.io().write_with(look)).await?;
    Ok(stream)
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
