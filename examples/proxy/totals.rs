//! What the proxy has done, for the line at its end.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counted by all connections. Relaxed throughout: they are figures, read when all have ended.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) broken: AtomicU64,
    pub(crate) silent: AtomicU64,
    pub(crate) up: AtomicU64,
    pub(crate) down: AtomicU64,
}

/// The figures at the end.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) accepted: u64,
    /// No upstream server answered.
    pub(crate) refused: u64,
    /// Ended by an error of one side.
    pub(crate) broken: u64,
    /// Cut off because nothing moved.
    pub(crate) silent: u64,
    /// Bytes of connections that ended in order.
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// Still there when the grace was over.
    pub(crate) cut_off: usize,
}

impl Totals {
    pub(crate) fn summary(&self, cut_off: usize) -> Summary {
        Summary {
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            broken: self.broken.load(Relaxed),
            silent: self.silent.load(Relaxed),
            up: self.up.load(Relaxed),
            down: self.down.load(Relaxed),
            cut_off,
        }
    }
}

/// One more of something.
pub(crate) fn count(what: &AtomicU64) {
    what.fetch_add(1, Relaxed);
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, refused, broken, silent, up, down, cut_off } = self;
        write!(
            f,
            "stopped: {accepted} connections ({refused} without a server, {broken} broken, \
             {silent} silent), {up} bytes up, {down} bytes down, {cut_off} cut off"
        )
    }
}
