//! What senders and receivers of a watch channel share.
//!
//! # Protocol
//! The value lies behind a lock of its own, which the user's looks and changes hold. The word says
//! which version it is; it moves while a change holds the lock, so who holds it for a look knows
//! the version that it sees. A receiver that waits leaves WAITED in the word, under the lock of the
//! crowd, and looks at the version that this operation answers. A sender finds WAITED in the
//! operation that moves the version, and lets the crowd go: one of the two sees the other.
#![forbid(unsafe_code)]

use crate::crowd::Crowd;
use crate::sync::{AtomicU64, AtomicUsize, Mutex, lock};
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

const WAITED: u64 = 1;
/// The senders are gone.
const CLOSED: u64 = 1 << 1;
const ONE_VERSION: u64 = 1 << 2;

/// A value of the word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word(u64);

impl Word {
    pub(super) fn version(self) -> u64 {
        self.0 / ONE_VERSION
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }
}

pub(super) struct Shared<T> {
    value: RwLock<T>,
    word: AtomicU64,
    /// Receivers that wait for another version.
    pub(super) watchers: Mutex<Crowd>,
    /// Senders that wait until no receiver is left.
    pub(super) closers: Mutex<Crowd>,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
}

impl<T> Shared<T> {
    /// With one sender, and receivers that are yet to be counted.
    pub(super) fn new(first: T) -> Self {
        Self {
            value: RwLock::new(first),
            word: AtomicU64::new(0),
            watchers: Mutex::new(Crowd::new()),
            closers: Mutex::new(Crowd::new()),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(0),
        }
    }

    pub(super) fn word(&self) -> Word {
        // Acquire: who sees a version sees what its sender did before.
        Word(self.word.load(Acquire))
    }

    /// The word, after leaving behind that somebody waits. Under the lock of the watchers.
    pub(super) fn word_before_waiting(&self) -> Word {
        // AcqRel: of this and the move of the version, the second sees the first.
        Word(self.word.fetch_or(WAITED, AcqRel))
    }

    /// Looks at the value. A change that panicked has left it as it is.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.value.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the version; the caller holds the lock for a change, and calls [`Self::wake`] with the
    /// answer when it does not any more.
    pub(super) fn advance(&self) -> bool {
        // AcqRel: releases what the sender did, and sees who waits.
        self.word.fetch_add(ONE_VERSION, AcqRel) & WAITED != 0
    }

    /// Says that the senders are gone.
    pub(super) fn close(&self) {
        // AcqRel: as for `advance`.
        let waited = self.word.fetch_or(CLOSED, AcqRel) & WAITED != 0;
        self.wake(waited);
    }

    /// Lets the watchers go.
    pub(super) fn wake(&self, waited: bool) {
        if !waited {
            return;
        }
        let mut watchers = lock(&self.watchers);
        // AcqRel: who waits from now on finds the newer version first.
        self.word.fetch_and(!WAITED, AcqRel);
        let released = watchers.release_all();
        drop(watchers);
        released.wake();
    }
}
