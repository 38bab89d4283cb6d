//! The upstream servers, in turns.

use qi_runtime::net::TcpStream;
use qi_runtime::time::{Duration, timeout};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Debug)]
pub(crate) struct Upstreams {
    addresses: Vec<String>,
    next: AtomicUsize,
    patience: Duration,
}

impl Upstreams {
    pub(crate) fn new(addresses: Vec<String>, patience: Duration) -> Self {
        Self { addresses, next: AtomicUsize::new(0), patience }
    }

    /// Connects to the next server; to the one after it if that does not answer, and so on, each
    /// once.
    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        // Relaxed: any order of turns will do.
        let first = self.next.fetch_add(1, Relaxed);
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for turn in 0..self.addresses.len() {
            let address = &self.addresses[first.wrapping_add(turn) % self.addresses.len()];
            match timeout(self.patience, TcpStream::connect(address.as_str())).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }
}
