//! The one signal that every platform has.

use super::os;
use crate::error::RuntimeError;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Listens for Ctrl-C from now on, and is ready when it was pressed. (On Unix: when the process got
/// SIGINT, from whomever.)
///
/// One made after another may miss what comes in between: who wants each of them keeps one listener,
/// `signal::unix::signal(SignalKind::interrupt())` or `signal::windows::ctrl_c()`.
///
/// # Errors
/// The future's: that of installing the handler; the runtime has shut down. On Unix an error on a
/// thread that works for no runtime.
///
/// # Cancel safety
/// A Ctrl-C that came and was not reported is forgotten with the future, and does *not* end the
/// process; see [the module](super).
///
/// # Examples
/// A server that ends its work, and the process at the second request:
/// ```no_run
/// use qi_runtime::{AsyncRuntime, select, signal};
///
/// # async fn serve() -> std::io::Result<()> { std::future::pending().await }
/// # async fn finish() {}
/// # let runtime = AsyncRuntime::builder().build()?;
/// runtime.block_on(async {
///     select! {
///         served = serve() => return served,
///         pressed = signal::ctrl_c() => pressed?,
///     }
///     qi_runtime::spawn(async {
///         if signal::ctrl_c().await.is_ok() {
///             std::process::exit(130);
///         }
///     });
///     finish().await;
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ctrl_c() -> CtrlC {
    CtrlC(Inner::from(os::listen_for_ctrl_c()))
}

/// Future of [`ctrl_c`].
#[must_use = "futures do nothing unless polled"]
pub struct CtrlC(Inner);

enum Inner {
    Listening(os::CtrlCListener),
    /// Told at the first poll.
    Refused(Option<io::Error>),
}

impl From<io::Result<os::CtrlCListener>> for Inner {
    fn from(listener: io::Result<os::CtrlCListener>) -> Self {
        match listener {
            Ok(listener) => Self::Listening(listener),
            Err(error) => Self::Refused(Some(error)),
        }
    }
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Inner::Refused(error) => {
                let again = || RuntimeError::Stopped.into();
                Poll::Ready(Err(error.take().unwrap_or_else(again)))
            }
            Inner::Listening(listener) => {
                let came = ready!(listener.poll_recv(cx));
                Poll::Ready(came.ok_or_else(|| RuntimeError::Stopped.into()))
            }
        }
    }
}

impl fmt::Debug for CtrlC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtrlC").finish_non_exhaustive()
    }
}
