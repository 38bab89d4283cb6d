//! One who listens for a signal.

use super::hub::{Hub, Source};
use super::kind::SignalKind;
use crate::here;
use futures_util::stream::Stream;
use qi_reactor::Reactor;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Listens for a signal from now on.
///
/// # Errors
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for a signal that
/// [cannot be handled](SignalKind::can_be_handled), the system's error for one that does not exist or
/// when it is out of descriptors; an error on a thread that works for no runtime.
///
/// # Examples
/// ```
/// use qi_runtime::signal::unix::{SignalKind, signal};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let mut hangups = signal(SignalKind::hangup())?;
/// # signal_hook::low_level::raise(1)?;
/// // … somebody sends SIGHUP …
/// hangups.recv().await;
/// println!("reading the settings again");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    here::try_with_driver(|driver| Signal::new(driver.reactor(), driver.as_ref(), kind))?
}

/// A listener for one signal, which is also a `Stream`. Made by [`signal`]; what it reports, and what
/// dropping it does not undo, is told [above](super::super).
pub struct Signal {
    kind: SignalKind,
    source: Arc<Source>,
    /// The last round that it knows of.
    seen: u64,
    /// Its place among those who wait for the next, left by `poll_recv`.
    place: Option<u64>,
}

/// The place of a future that waits.
struct Seat<'a> {
    source: &'a Source,
    place: Option<u64>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.source.leave(&mut self.place);
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        self.source.leave(&mut self.place);
    }
}

impl Signal {
    pub(crate) fn new(reactor: &Arc<Reactor>, hub: &Hub, kind: SignalKind) -> io::Result<Self> {
        if !kind.can_be_handled() {
            let text = format!("{kind:?} cannot be handled");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let source = hub.source(reactor, kind)?;
        let seen = source.begin()?;
        Ok(Self { kind, source, seen, place: None })
    }

    /// Waits for the signal. `None` when the runtime has shut down.
    ///
    /// # Cancel safety
    /// No signal is lost: one that was not reported is, by the next call.
    pub async fn recv(&mut self) -> Option<()> {
        let Self { source, seen, .. } = self;
        let known = *seen;
        let mut seat = Seat { source, place: None };
        let mut event = pin!(source.socket().read_with(|_| source.look(known)));
        let wait = |cx: &mut Context<'_>| match event.as_mut().poll(cx) {
            // A place among those who wait first, and then a look: see `hub`.
            Poll::Pending => source.poll_look(known, &mut seat.place, cx),
            ready => ready,
        };
        *seen = poll_fn(wait).await.ok()?;
        Some(())
    }

    /// As [`recv`](Self::recv), for poll functions. The last waker is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let Self { source, seen, place, .. } = self;
        let known = *seen;
        let round = ready!(match source.socket().poll_read_with(cx, |_| source.look(known)) {
            Poll::Pending => source.poll_look(known, place, cx),
            ready => ready,
        });
        Poll::Ready(round.ok().map(|round| *seen = round))
    }

    /// Which signal it is.
    #[must_use]
    pub fn kind(&self) -> SignalKind {
        self.kind
    }
}

impl Stream for Signal {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_recv(cx)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("kind", &self.kind).finish_non_exhaustive()
    }
}
