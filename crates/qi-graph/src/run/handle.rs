//! A run as its owner holds it.

use super::Shared;
use super::ending::StopReason;
use crate::report::Report;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

/// A graph that runs. Await it for the [`Report`]; it goes on without being awaited.
///
/// Dropping it cancels the run, unless it was [detached](Self::detach).
///
/// # Cancel safety
/// Dropping it cancels the run: nodes that are suspended are dropped on a worker, soon after. To
/// wait in a `select` without that, poll it by reference.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, StopReason};
/// let mut graph = Graph::new();
/// let never = graph.node("never").run(async |()| {
///     std::future::pending::<()>().await;
///     Ok(())
/// });
/// let run = graph.start_on(runtime.handle(), Options::new())?;
/// assert!(!run.is_finished());
/// run.cancel();
/// let report = runtime.block_on(run); // when all of it is gone
/// assert_eq!(report.stop_reason(), Some(StopReason::Cancelled));
/// assert!(report.get(&never).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a run that is dropped is cancelled"]
pub struct Run {
    /// `None` once the report was given.
    shared: Option<Arc<Shared>>,
}

impl Run {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared: Some(shared) }
    }

    /// A handle that can cancel the run.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller { shared: self.shared.as_ref().map_or_else(Weak::new, Arc::downgrade) }
    }

    /// Cancels the run: nodes that are suspended are dropped, nodes that have not begun never do.
    /// Await it to learn when all is gone.
    pub fn cancel(&self) {
        if let Some(shared) = &self.shared {
            shared.stop(StopReason::Cancelled);
        }
    }

    /// Lets the run go on by itself.
    pub fn detach(mut self) {
        if let Some(shared) = self.shared.take() {
            shared.forget_waiter();
        }
    }

    /// Whether the run has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.has_ended())
    }
}

impl Future for Run {
    type Output = Report;

    /// # Panics
    /// If it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        let shared = self.shared.as_ref().expect("a run is not polled after it was ready");
        let Poll::Ready(progress) = qi_runtime::coop::poll_proceed(cx) else {
            return Poll::Pending;
        };
        if !shared.poll_end(cx.waker()) {
            return Poll::Pending;
        }
        progress.made_progress();
        let shared = self.shared.take().expect("looked at above");
        Poll::Ready(Report::new(shared))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.stop(StopReason::Cancelled);
            shared.forget_waiter();
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// Cancels a run. Can be cloned; keeps nothing alive.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options};
/// let mut graph = Graph::new();
/// graph.node("for ever").run(async |()| Ok(std::future::pending::<()>().await));
/// let run = graph.start_on(runtime.handle(), Options::new())?;
/// let canceller = run.canceller();
/// let thread = std::thread::spawn(move || canceller.cancel());
/// assert!(runtime.block_on(run).check().is_err());
/// thread.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Canceller {
    shared: Weak<Shared>,
}

impl Canceller {
    /// Cancels the run; see [`Run::cancel`]. Nothing happens if it has ended.
    pub fn cancel(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.stop(StopReason::Cancelled);
        }
    }
}
