//! One blocking call as a future: whoever drops the future does not want the call any more.
//!
//! A call that has not begun is cancelled then. One that has cannot be stopped: it ends unheard, and
//! what it returns is dropped by the thread that ran it.

use crate::error::RuntimeError;
use crate::handle::Handle;
use qi_sched::TaskHandle;
use std::io;
use std::panic::resume_unwind;

/// Runs `work` on a thread for blocking calls of the current runtime.
///
/// # Errors
/// Those of `work`; an error where there is no runtime, or when it shuts down before the call began.
pub(crate) async fn call<T, W>(work: W) -> io::Result<T>
where
    T: Send + 'static,
    W: FnOnce() -> io::Result<T> + Send + 'static,
{
    let handle = Handle::try_current().map_err(io::Error::other)?;
    call_on(&handle, work).await
}

/// As [`call`], on the runtime of `handle`.
pub(crate) async fn call_on<T, W>(handle: &Handle, work: W) -> io::Result<T>
where
    T: Send + 'static,
    W: FnOnce() -> io::Result<T> + Send + 'static,
{
    let mut task = Wanted(handle.spawn_blocking(work));
    match (&mut task.0).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        // Cancelled by a shutdown.
        Err(_) => Err(RuntimeError::Stopped.into()),
    }
}

/// A call that nobody needs any more once this is dropped.
struct Wanted<T>(TaskHandle<T>);

impl<T> Drop for Wanted<T> {
    fn drop(&mut self) {
        // An error says that it has begun or ended: nothing is left to be done.
        let _ = self.0.cancel();
    }
}
