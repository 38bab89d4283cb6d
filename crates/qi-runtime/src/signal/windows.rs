//! Events of the console.
//!
//! Here the usual effect comes back when nobody listens any more. After an event that ends the process
//! ([`ctrl_close`], [`ctrl_logoff`], [`ctrl_shutdown`]) there are a few seconds, up to what the
//! system grants, and no way to prevent it.

use futures_util::stream::Stream;
use qi_sys::windows::{ConsoleEvent, ConsoleListener, listen};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

pub(super) type CtrlCListener = ConsoleSignal;

/// The runtime keeps nothing for them.
#[derive(Debug, Default)]
pub(crate) struct Hub;

pub(super) fn listen_for_ctrl_c() -> io::Result<ConsoleSignal> {
    ctrl_c()
}

/// Listens for Ctrl-C from now on.
///
/// # Errors
/// The system's error if it refuses the handler.
pub fn ctrl_c() -> io::Result<ConsoleSignal> {
    ConsoleSignal::new(ConsoleEvent::CtrlC)
}

/// Listens for Ctrl-Break from now on.
///
/// # Errors
/// The system's error if it refuses the handler.
pub fn ctrl_break() -> io::Result<ConsoleSignal> {
    ConsoleSignal::new(ConsoleEvent::CtrlBreak)
}

/// Listens for the closing of the console's window from now on.
///
/// # Errors
/// The system's error if it refuses the handler.
pub fn ctrl_close() -> io::Result<ConsoleSignal> {
    ConsoleSignal::new(ConsoleEvent::Close)
}

/// Listens for the end of the user's session from now on. Services are told.
///
/// # Errors
/// The system's error if it refuses the handler.
pub fn ctrl_logoff() -> io::Result<ConsoleSignal> {
    ConsoleSignal::new(ConsoleEvent::Logoff)
}

/// Listens for the machine's shutdown from now on. Services are told.
///
/// # Errors
/// The system's error if it refuses the handler.
pub fn ctrl_shutdown() -> io::Result<ConsoleSignal> {
    ConsoleSignal::new(ConsoleEvent::Shutdown)
}

/// A listener for one event of the console, which is also a `Stream`; what it reports is told
/// [above](super). It needs no runtime.
pub struct ConsoleSignal {
    event: ConsoleEvent,
    state: Arc<Mutex<State>>,
    _listener: ConsoleListener,
}

#[derive(Default)]
struct State {
    came: bool,
    waker: Option<Waker>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing under it can panic half-way.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ConsoleSignal {
    fn new(event: ConsoleEvent) -> io::Result<Self> {
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let listener = listen(event, move || {
            let mut state = lock(&shared);
            state.came = true;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        })?;
        Ok(Self { event, state, _listener: listener })
    }

    /// Waits for the event. Never `None`: that is for listeners of other platforms.
    ///
    /// # Cancel safety
    /// No event is lost: one that was not reported is, by the next call.
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`recv`](Self::recv), for poll functions. The last waker is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.state);
        if std::mem::take(&mut state.came) {
            return Poll::Ready(Some(()));
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl Stream for ConsoleSignal {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_recv(cx)
    }
}

impl fmt::Debug for ConsoleSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleSignal").field("event", &self.event).finish_non_exhaustive()
    }
}
