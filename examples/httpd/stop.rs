//! The graceful end: who must be told, and when all have gone.
//!
//! # Protocol
//! A connection that waits for its next request registers its waker and then looks at the flag; a
//! stop sets the flag and then wakes all. The atomic wakers order the two, so one of them sees the
//! other. The list of connections is locked when one comes and when one goes, not per request.

use futures_util::task::AtomicWaker;
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// Whether the server is to stop, and who is still there.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    requested: AtomicBool,
    /// Of the server's own future, which accepts and at the end waits for the connections.
    server: AtomicWaker,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    next: u64,
    wakers: HashMap<u64, Arc<AtomicWaker>>,
}

/// A connection's place in the list; it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    stop: Arc<Stop>,
    number: u64,
    waker: Arc<AtomicWaker>,
}

impl Stop {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks everybody to stop.
    pub(crate) fn request(&self) {
        // Relaxed: see the head of the file.
        self.requested.store(true, Relaxed);
        self.server.wake();
        let wakers: Vec<_> = self.present().wakers.values().cloned().collect();
        for waker in wakers {
            waker.wake();
        }
    }

    pub(crate) fn is_requested(&self) -> bool {
        // Relaxed: see the head of the file.
        self.requested.load(Relaxed)
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let waker = Arc::new(AtomicWaker::new());
        let mut present = self.present();
        let number = present.next;
        present.next += 1;
        present.wakers.insert(number, waker.clone());
        drop(present);
        Place { stop: self.clone(), number, waker }
    }

    /// For the server: ready when a stop is requested.
    pub(crate) fn poll_requested(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.server.register(cx.waker());
        if self.is_requested() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// How many connections there are.
    pub(crate) fn count(&self) -> usize {
        self.present().wakers.len()
    }

    /// For the server: waits until no connection is left.
    pub(crate) async fn all_gone(&self) {
        poll_fn(|cx| {
            self.server.register(cx.waker());
            if self.count() == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Place {
    /// For a connection: ready when a stop is requested.
    pub(crate) fn poll_requested(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.stop.is_requested() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.stop.present();
        present.wakers.remove(&self.number);
        let last = present.wakers.is_empty();
        drop(present);
        if last {
            self.stop.server.wake();
        }
    }
}
