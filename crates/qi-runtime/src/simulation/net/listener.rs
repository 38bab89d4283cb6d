//! Listening for connections.
#![forbid(unsafe_code)]

use super::address::local;
use super::network::Network;
use super::packet::Side;
use super::state::Listener;
use super::stream::TcpStream;
use crate::net::ToSocketAddrs;
use qi_sched::coop;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

/// Accepts connections, as [`qi_runtime::net::TcpListener`](crate::net::TcpListener) does.
pub struct TcpListener {
    network: Network,
    address: SocketAddr,
}

impl TcpListener {
    /// Listens on an address of the host that the code runs on; port 0 stands for a free one.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable` for another host's, and an error outside of simulations.
    ///
    /// # Cancel safety
    /// It does not wait.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let network = Network::current()?;
        let address = network.change(|state, _, _| {
            let address = local(state, &address)?;
            let address = state.bind(address, false)?;
            state.listeners.insert(address, Listener::default());
            io::Result::Ok(address)
        })?;
        Ok(Self { network, address })
    }

    /// The next connection, and who made it.
    ///
    /// # Errors
    /// None so far.
    ///
    /// # Cancel safety
    /// No connection is lost.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let progress = ready!(coop::poll_proceed(cx));
        let mut state = self.network.lock();
        let Some(listener) = state.listeners.get_mut(&self.address) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let Some(connection) = listener.queue.pop_front() else {
            if !listener.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                listener.waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        };
        let Some(peer) = state.connections.get(&connection) else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        };
        let peer = peer.end(Side::Client).address;
        drop(state);
        progress.made_progress();
        Poll::Ready(Ok((TcpStream::new(&self.network, connection, Side::Server), peer)))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// None so far.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        self.network.change(|state, now, _| {
            let listener = state.listeners.remove(&self.address);
            for connection in listener.into_iter().flat_map(|listener| listener.queue) {
                state.leave(now, connection, Side::Server, true);
            }
        });
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener").field("address", &self.address).finish_non_exhaustive()
    }
}
