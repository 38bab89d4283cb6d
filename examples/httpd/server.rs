//! Accepting connections until the stop, and waiting for them after it.

use crate::cache::Cache;
use crate::connection;
use crate::runtime::{Listener, Runtime};
use crate::site::Site;
use crate::stop::Stop;
use crate::summary::{Summary, Totals};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// How long requests in flight may take after the stop.
const GRACE: Duration = Duration::from_secs(5);

/// A pause after an error of the listener, which would otherwise come again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) site: Arc<Site>,
    pub(crate) cache: Cache,
    /// How long a client may be silent.
    pub(crate) timeout: Duration,
    pub(crate) stop: Arc<Stop>,
    pub(crate) totals: Totals,
}

impl Server {
    pub(crate) fn new(site: Site, timeout: Duration) -> Self {
        Self {
            site: Arc::new(site),
            cache: Cache::default(),
            timeout,
            stop: Arc::default(),
            totals: Totals::default(),
        }
    }
}

/// Serves until the stop is requested; then lets the requests in flight finish.
pub(crate) async fn serve<R: Runtime>(server: Arc<Server>, listener: R::Listener) -> Summary {
    while let Some(accepted) = accept_or_stop(&server.stop, &listener).await {
        match accepted {
            Ok(stream) => {
                let place = server.stop.enter();
                R::spawn(connection::serve::<R>(server.clone(), stream, place));
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                R::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = R::within(GRACE, server.stop.all_gone()).await;
    server.totals.summary(server.stop.count())
}

/// The next connection; `None` when the server is to stop.
async fn accept_or_stop<L: Listener>(stop: &Stop, listener: &L) -> Option<io::Result<L::Stream>> {
    let mut accepting = pin!(listener.accept());
    poll_fn(|cx| match stop.poll_requested(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => accepting.as_mut().poll(cx).map(Some),
    })
    .await
}
