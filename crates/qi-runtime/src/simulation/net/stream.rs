//! A stream between two hosts.
#![forbid(unsafe_code)]

use super::connect::connect;
use super::network::Network;
use super::packet::{Piece, Side};
use super::state::State;
use crate::net::ToSocketAddrs;
use futures_util::io::{AsyncRead, AsyncWrite};
use qi_sched::coop;
use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A connection, as [`qi_runtime::net::TcpStream`](crate::net::TcpStream): read and written through the
/// `futures-io` traits, which references have as well.
///
/// Dropped, it ends the stream; with bytes that were not read it breaks it off, as the system does.
pub struct TcpStream {
    network: Network,
    connection: u64,
    side: Side,
}

impl TcpStream {
    pub(super) fn new(network: &Network, connection: u64, side: Side) -> Self {
        Self { network: network.clone(), connection, side }
    }

    /// Connects from the host that the code runs on.
    ///
    /// # Errors
    /// `ConnectionRefused` if nobody listens there, `TimedOut` after 75 s without an answer, `NotFound` for
    /// an unknown name; outside of simulations an error that says so.
    ///
    /// # Cancel safety
    /// A connection that comes about too late is broken off.
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        connect(address).await
    }

    /// Ends writing, or reading, or both. What is sent to an end that does not read any more is lost.
    ///
    /// # Errors
    /// None so far.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.network.change(|state, now, woken| {
            if how != Shutdown::Read {
                state.finish(now, self.connection, self.side);
            }
            if how != Shutdown::Write {
                if let Some(connection) = state.connections.get_mut(&self.connection) {
                    connection.stop_reading(self.side, woken);
                }
            }
        });
        Ok(())
    }

    /// The address of this end.
    ///
    /// # Errors
    /// None so far.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address(self.side)
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// None so far.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.address(self.side.other())
    }

    /// Does nothing: there is no delay to be spared.
    ///
    /// # Errors
    /// None.
    pub fn set_nodelay(&self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    fn address(&self, side: Side) -> io::Result<SocketAddr> {
        let state = self.network.lock();
        let connection = state.connections.get(&self.connection);
        connection
            .map(|connection| connection.end(side).address)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn poll_read_some(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let result = ready!(self.network.change(|state, _, woken| {
            let chance = 1 + state.dice.index(buffer.len());
            let Some(connection) = state.connections.get_mut(&self.connection) else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            let end = connection.end_mut(self.side);
            if end.inbox.is_empty() && !buffer.is_empty() {
                return match end.empty_read() {
                    Some(result) => Poll::Ready(result),
                    None => {
                        end.wait(cx.waker());
                        Poll::Pending
                    }
                };
            }
            // Now and then less than there is: nobody may rely on more.
            let most = if chance % 4 == 0 { chance.min(buffer.len()) } else { buffer.len() };
            Poll::Ready(Ok(connection.read(self.side, &mut buffer[..most], woken)))
        }));
        progress.made_progress();
        Poll::Ready(result)
    }

    fn poll_write_some(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let result = ready!(self.network.change(|state, now, _| {
            let count = match self.admit(state, cx, bytes.len()) {
                Poll::Ready(Ok(count)) => count,
                other => return other,
            };
            if count > 0 {
                let piece = Piece::Bytes(bytes[..count].to_vec());
                state.send_piece(now, self.connection, self.side, piece);
            }
            Poll::Ready(Ok(count))
        }));
        progress.made_progress();
        Poll::Ready(result)
    }

    /// How many of so many bytes are taken now.
    fn admit(
        &self,
        state: &mut State,
        cx: &mut Context<'_>,
        wanted: usize,
    ) -> Poll<io::Result<usize>> {
        let cut = 1 + state.dice.index(wanted);
        let Some(connection) = state.connections.get_mut(&self.connection) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let end = connection.end_mut(self.side);
        if let Some(error) = end.write_error() {
            return Poll::Ready(Err(error));
        }
        if wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        if end.room() == 0 {
            end.wait(cx.waker());
            return Poll::Pending;
        }
        // Now and then only a part is taken.
        let taken = if cut % 4 == 0 { cut } else { wanted }.min(wanted).min(end.room());
        end.unread += taken;
        Poll::Ready(Ok(taken))
    }
}

impl AsyncRead for &TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some(cx, buffer)
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_some(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some(cx, buffer)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_some(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        self.network.change(|state, now, _| state.leave(now, self.connection, self.side, false));
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream")
            .field("local", &self.local_addr().ok())
            .field("peer", &self.peer_addr().ok())
            .finish_non_exhaustive()
    }
}
