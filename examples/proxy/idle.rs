//! Connections on which nothing moves: noticed without a timer for each.
//!
//! # Protocol
//! A connection notes, at each transfer, the number of the present period, which one task counts up.
//! At the end of a period that task tells connections that have noted nothing for two of them to
//! end; so one is cut off after one to two periods of silence, and a transfer costs a relaxed store.

use futures_util::io::{AsyncRead, AsyncWrite};
use qi_runtime::net::TcpStream;
use qi_runtime::sync::CancellationToken;
use qi_runtime::time::{Duration, sleep};
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// Those who are watched.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    period: AtomicU32,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
}

/// What a connection notes, and how it is told.
#[derive(Debug, Default)]
struct Activity {
    seen: AtomicU32,
    end: CancellationToken,
}

/// A connection's place among the watched; it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    watch: Arc<Watch>,
    number: u64,
    activity: Arc<Activity>,
}

impl Watch {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let activity = Arc::new(Activity::default());
        // Relaxed, here and below: a period more or less is the same.
        activity.seen.store(self.period.load(Relaxed), Relaxed);
        let mut present = self.present();
        let number = present.next;
        present.next += 1;
        present.connections.insert(number, activity.clone());
        drop(present);
        Place { watch: self.clone(), number, activity }
    }

    /// Counts periods, without end.
    pub(crate) async fn run(self: Arc<Self>, period: Duration) {
        loop {
            sleep(period).await;
            let now = self.period.fetch_add(1, Relaxed) + 1;
            let silent =
                |activity: &&Arc<Activity>| now.wrapping_sub(activity.seen.load(Relaxed)) >= 2;
            let silent: Vec<_> =
                self.present().connections.values().filter(silent).cloned().collect();
            for activity in silent {
                activity.end.cancel();
            }
        }
    }
}

impl Place {
    /// Told to end.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.activity.end
    }

    /// The stream, noting its transfers here.
    pub(crate) fn noting(&self, stream: TcpStream) -> Noting<'_> {
        Noting { stream, place: self }
    }

    fn note(&self) {
        self.activity.seen.store(self.watch.period.load(Relaxed), Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.watch.present().connections.remove(&self.number);
    }
}

/// A stream that notes its transfers.
#[derive(Debug)]
pub(crate) struct Noting<'a> {
    stream: TcpStream,
    place: &'a Place,
}

impl AsyncRead for Noting<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.place.note();
        Poll::Ready(count)
    }
}

impl AsyncWrite for Noting<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.place.note();
        Poll::Ready(count)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
