//! hyper's time limits as timers of the runtime.

use crate::driver::ReactorDriver;
use crate::handle::Handle;
use crate::time::Sleep;
use qi_sched::NoRuntimeError;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as StdInstant};

/// Timers of a runtime, for hyper's builders: on the runtime's clock, a test clock included.
///
/// # Examples
/// ```
/// use hyper::rt::Timer as _;
/// use qi_runtime::AsyncRuntime;
/// use qi_runtime::hyper::Timer;
/// use std::time::Duration;
/// let runtime = AsyncRuntime::builder().worker_threads(1).build()?;
/// let timer = Timer::new(runtime.handle().clone());
/// let begun = timer.now();
/// runtime.block_on(timer.sleep(Duration::from_millis(2)));
/// assert!(timer.now() - begun >= Duration::from_millis(2));
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    handle: Handle,
}

impl Timer {
    /// Timers of that runtime.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Timers of the runtime that the calling thread works for.
    ///
    /// # Panics
    /// On a thread that works for none.
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        Self::new(Handle::current())
    }

    /// As [`current`](Self::current).
    ///
    /// # Errors
    /// [`NoRuntimeError`] on a thread that works for no runtime.
    pub fn try_current() -> Result<Self, NoRuntimeError> {
        Handle::try_current().map(Self::new)
    }

    fn driver(&self) -> &ReactorDriver {
        match self.handle.reactor_driver() {
            Some(driver) => driver,
            // A scheduler that runs without this crate has no timers.
            None => panic!("{NoRuntimeError}"),
        }
    }
}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Pause(Sleep::after(self.driver(), duration)))
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Pause(Sleep::until(self.driver(), deadline.into())))
    }

    fn now(&self) -> StdInstant {
        self.driver().reactor().now()
    }

    /// Moves the timer in place. hyper moves one per request.
    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, new_deadline: StdInstant) {
        match sleep.as_mut().downcast_mut_pin::<Pause>() {
            Some(pause) => pause.get_mut().0.reset(new_deadline),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

/// A sleep, as hyper sees it.
#[derive(Debug)]
struct Pause(Sleep);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl hyper::rt::Sleep for Pause {}
