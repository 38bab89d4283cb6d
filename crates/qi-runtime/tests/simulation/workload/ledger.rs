//! The books of the workload: what was made, and what became of it.
#![forbid(unsafe_code)]

use qi_runtime::RuntimeStats;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was made, and what became of it.
#[derive(Default)]
pub(super) struct Ledger {
    futures: AtomicU64,
    futures_dropped: AtomicU64,
    blocking: AtomicU64,
    values: Mutex<Vec<Fate>>,
    wrong: Mutex<Vec<String>>,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    dropped: u32,
    /// The sender was told that it is sent.
    sent: bool,
    received: u32,
    returned: bool,
}

/// Lives as long as the future that it was made for.
pub(super) struct Guard(Arc<Ledger>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.futures_dropped.fetch_add(1, SeqCst);
    }
}

/// A value that is sent.
pub(super) struct Value {
    number: usize,
    ledger: Arc<Ledger>,
}

impl Value {
    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn was_received(&self) {
        self.ledger.values()[self.number].received += 1;
    }

    pub(super) fn was_returned(&self) {
        self.ledger.values()[self.number].returned = true;
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.ledger.values()[self.number].dropped += 1;
    }
}

impl Ledger {
    fn values(&self) -> MutexGuard<'_, Vec<Fate>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn guard(self: &Arc<Self>) -> Guard {
        self.futures.fetch_add(1, SeqCst);
        Guard(self.clone())
    }

    pub(super) fn count_blocking(&self) {
        self.blocking.fetch_add(1, SeqCst);
    }

    pub(super) fn value(self: &Arc<Self>) -> Value {
        let mut values = self.values();
        values.push(Fate::default());
        Value { number: values.len() - 1, ledger: self.clone() }
    }

    pub(super) fn was_sent(&self, number: usize) {
        self.values()[number].sent = true;
    }

    /// Something that must hold does not.
    pub(super) fn wrong(&self, what: impl Into<String>) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    pub(super) fn expect(&self, holds: bool, what: &str) {
        if !holds {
            self.wrong(what);
        }
    }

    /// Futures made and not dropped.
    pub(super) fn live(&self) -> u64 {
        self.futures.load(SeqCst) - self.futures_dropped.load(SeqCst)
    }

    /// Whether everything that was made has ended as it should, once all is over. (I78)
    pub(super) fn balance(&self, stats: &RuntimeStats) -> Result<(), String> {
        if let Some(wrong) = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).first() {
            return Err(wrong.clone());
        }
        let (made, dropped) = (self.futures.load(SeqCst), self.futures_dropped.load(SeqCst));
        if made != dropped {
            return Err(format!("{made} futures were made, and {dropped} dropped"));
        }
        let spawned = made + self.blocking.load(SeqCst);
        if stats.spawned_tasks != spawned {
            return Err(format!("{spawned} tasks were spawned, {} counted", stats.spawned_tasks));
        }
        for (number, fate) in self.values().iter().enumerate() {
            let lost = fate.sent && fate.received == 0;
            let twice = fate.received > 1 || fate.dropped != 1;
            let both = fate.returned && (fate.received > 0 || fate.sent);
            if lost || twice || both {
                return Err(format!("value {number}: {fate:?}"));
            }
        }
        Ok(())
    }
}
