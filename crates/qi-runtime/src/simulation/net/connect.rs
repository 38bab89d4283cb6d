//! Connecting: the wish, the answer, and giving up.
#![forbid(unsafe_code)]

use super::address::resolve_from_here;
use super::host;
use super::network::Network;
use super::packet::{Content, Packet, Side};
use super::state::Dial;
use super::stream::TcpStream;
use crate::net::ToSocketAddrs;
use crate::time;
use qi_sched::coop;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How long a connection may take to come about.
const LIMIT: Duration = Duration::from_secs(75);

pub(super) async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<TcpStream> {
    let network = Network::current()?;
    let addresses = resolve_from_here(&network.lock(), &address)?;
    let mut outcome = Err(io::ErrorKind::InvalidInput.into());
    for address in addresses {
        outcome = dial(&network, address).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

async fn dial(network: &Network, to: SocketAddr) -> io::Result<TcpStream> {
    let mut attempt = Attempt::new(network, to)?;
    let answered = poll_fn(|cx| attempt.poll_answer(cx));
    time::timeout(LIMIT, answered).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// A wish for a connection, which ends with this.
struct Attempt<'a> {
    network: &'a Network,
    dial: u64,
}

impl<'a> Attempt<'a> {
    fn new(network: &'a Network, to: SocketAddr) -> io::Result<Self> {
        let dial = network.change(|state, now, _| {
            let from = state.bind(SocketAddr::new(host::here(), 0), false)?;
            let dial = state.fresh_id();
            state.dials.insert(dial, Dial::default());
            state.send(now, Packet { from, to, content: Content::Dial { dial } });
            io::Result::Ok(dial)
        })?;
        Ok(Self { network, dial })
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let progress = ready!(coop::poll_proceed(cx));
        let answer = {
            let mut state = self.network.lock();
            let Some(dial) = state.dials.get_mut(&self.dial) else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            if dial.answer.is_none() {
                dial.waiting = vec![cx.waker().clone()];
            }
            dial.answer.take()
        };
        let Some(answer) = answer else { return Poll::Pending };
        progress.made_progress();
        Poll::Ready(match answer {
            Some(connection) => Ok(TcpStream::new(self.network, connection, Side::Client)),
            None => Err(io::ErrorKind::ConnectionRefused.into()),
        })
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.network.change(|state, now, _| {
            let dial = state.dials.remove(&self.dial);
            // Answered, and nobody took it.
            if let Some(connection) = dial.and_then(|dial| dial.answer).flatten() {
                state.leave(now, connection, Side::Client, true);
            }
        });
    }
}
