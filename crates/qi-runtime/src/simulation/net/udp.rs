//! Datagrams.
#![forbid(unsafe_code)]

use super::address::{local, resolve_from_here};
use super::network::Network;
use super::packet::{Content, Packet};
use super::state::Socket;
use crate::net::ToSocketAddrs;
use qi_sched::coop;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

/// The longest datagram, in bytes.
const LONGEST: usize = 65_507;

/// A socket for datagrams, which may be lost, come twice, or in another order.
///
/// # Examples
/// ```
/// use qi_runtime::AsyncRuntime;
/// use qi_runtime::simulation::net::UdpSocket;
/// let simulation = AsyncRuntime::builder().simulated(1).build()?;
/// simulation.run(async {
///     let (one, other) = (UdpSocket::bind("0.0.0.0:1").await?, UdpSocket::bind("0.0.0.0:2").await?);
///     one.send_to(b"hello", other.local_addr()?).await?;
///     let mut buffer = [0; 16];
///     let (length, from) = other.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..length], from), (&b"hello"[..], one.local_addr()?));
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UdpSocket {
    network: Network,
    address: SocketAddr,
    peer: Mutex<Option<SocketAddr>>,
}

impl UdpSocket {
    /// Makes a socket at an address of the host that the code runs on; port 0 stands for a free one.
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
            let address = state.bind(address, true)?;
            state.sockets.insert(address, Socket::default());
            io::Result::Ok(address)
        })?;
        Ok(Self { network, address, peer: Mutex::new(None) })
    }

    /// Says to whom [`send`](Self::send) sends and from whom [`recv`](Self::recv) receives.
    ///
    /// # Errors
    /// An address or name that is none.
    ///
    /// # Cancel safety
    /// It does not wait.
    pub async fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        let peer = self.resolve(&address)?;
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some(peer);
        Ok(())
    }

    /// Sends a datagram. That it is on its way is all that is known.
    ///
    /// # Errors
    /// An address or name that is none; `InvalidInput` for more than 65,507 bytes.
    ///
    /// # Cancel safety
    /// It is sent, or not, as a whole.
    pub async fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], to: A) -> io::Result<usize> {
        let to = self.resolve(&to)?;
        self.send_one(bytes, to).await
    }

    /// Sends a datagram to the connected peer.
    ///
    /// # Errors
    /// `NotConnected`; and as [`send_to`](Self::send_to).
    ///
    /// # Cancel safety
    /// As [`send_to`](Self::send_to).
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let to = self.peer_addr()?;
        self.send_one(bytes, to).await
    }

    /// Receives a datagram and says from whom. What the buffer has no room for is lost.
    ///
    /// # Errors
    /// None so far.
    ///
    /// # Cancel safety
    /// No datagram is lost.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|cx| self.poll_recv(cx, buffer, None)).await
    }

    /// Receives a datagram from the connected peer; those of others are dropped.
    ///
    /// # Errors
    /// `NotConnected`.
    ///
    /// # Cancel safety
    /// No datagram is lost.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let peer = self.peer_addr()?;
        poll_fn(|cx| self.poll_recv(cx, buffer, Some(peer))).await.map(|(length, _)| length)
    }

    /// The socket's own address.
    ///
    /// # Errors
    /// None so far.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    /// The connected peer's address.
    ///
    /// # Errors
    /// `NotConnected`.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let peer = *self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        peer.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn resolve<A: ToSocketAddrs>(&self, address: &A) -> io::Result<SocketAddr> {
        let addresses = resolve_from_here(&self.network.lock(), address)?;
        addresses.into_iter().next().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    async fn send_one(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        if bytes.len() > LONGEST {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        poll_fn(|cx| coop::poll_proceed(cx).map(qi_sched::coop::Progress::made_progress)).await;
        self.network.change(|state, now, _| {
            let content = Content::Datagram(bytes.to_vec());
            state.send(now, Packet { from: self.address, to, content });
        });
        Ok(bytes.len())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        peer: Option<SocketAddr>,
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let progress = ready!(coop::poll_proceed(cx));
        let mut state = self.network.lock();
        let Some(socket) = state.sockets.get_mut(&self.address) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        while let Some((from, bytes)) = socket.inbox.pop_front() {
            if peer.is_some_and(|peer| peer != from) {
                continue;
            }
            drop(state);
            let length = bytes.len().min(buffer.len());
            buffer[..length].copy_from_slice(&bytes[..length]);
            progress.made_progress();
            return Poll::Ready(Ok((length, from)));
        }
        if !socket.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            socket.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        let socket = self.network.lock().sockets.remove(&self.address);
        // Its wakers go outside of the lock.
        drop(socket);
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpSocket").field("address", &self.address).finish_non_exhaustive()
    }
}
