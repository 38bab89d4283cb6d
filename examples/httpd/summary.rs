//! What the server has done.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Sums over all connections that have ended. Each keeps its own [`Tally`] meanwhile, so that
/// requests share no counter.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    connections: AtomicU64,
    requests: AtomicU64,
    refused: AtomicU64,
    bytes: AtomicU64,
}

/// What one connection has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    /// Answered with a status from 400 on.
    pub(crate) refused: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    pub(crate) fn add(&self, tally: Tally) {
        // Relaxed: sums that are read when nobody adds any more.
        self.connections.fetch_add(1, Relaxed);
        self.requests.fetch_add(tally.requests, Relaxed);
        self.refused.fetch_add(tally.refused, Relaxed);
        self.bytes.fetch_add(tally.bytes, Relaxed);
    }

    /// The sums; `cut_off` connections did not end in time.
    pub(crate) fn summary(&self, cut_off: usize) -> Summary {
        // Relaxed: as above.
        Summary {
            connections: self.connections.load(Relaxed),
            requests: self.requests.load(Relaxed),
            refused: self.refused.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            cut_off,
        }
    }
}

/// The sums, to be printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) bytes: u64,
    pub(crate) cut_off: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, requests, refused, bytes, cut_off } = self;
        write!(
            f,
            "stopped: {requests} requests ({refused} refused) on {connections} connections, \
             {bytes} bytes sent, {cut_off} connections cut off"
        )
    }
}
