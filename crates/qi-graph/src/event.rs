//! What happens in a run, told while it happens.

use futures_util::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// One step of one node.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, Step};
/// use std::sync::{Arc, Mutex};
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let log = lines.clone();
/// let options = Options::new().observe(move |event| {
///     if let Step::Failed { error } = &event.step {
///         log.lock().unwrap().push(format!("{}: {error}", event.node));
///     }
/// });
/// let mut graph = Graph::new();
/// graph.node("parser").run(async |()| Err::<(), _>("expected `}`".into()));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), options)?);
/// assert!(report.check().is_err());
/// assert_eq!(*lines.lock().unwrap(), ["parser: expected `}`"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The node; in a graph that a node added, the names of both, with a `/` between them.
    pub node: Arc<str>,
    /// When, since the run that has the node began, on the runtime's clock.
    pub at: Duration,
    /// What.
    pub step: Step,
}

/// What a node did.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, Step};
/// use std::sync::{Arc, Mutex};
/// let begun = Arc::new(Mutex::new(Vec::new()));
/// let log = begun.clone();
/// let options = Options::new().observe(move |event| {
///     if let Step::Started { attempt } = event.step {
///         log.lock().unwrap().push(attempt);
///     }
/// });
/// let mut graph = Graph::new();
/// graph.node("only").compute(|()| Ok(()));
/// runtime.block_on(graph.start_on(runtime.handle(), options)?).check()?;
/// assert_eq!(*begun.lock().unwrap(), [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Its inputs are there: it waits for its turn.
    Queued,
    /// An attempt begins.
    Started {
        /// Which, counted from 1.
        attempt: u32,
    },
    /// An attempt failed, and another one follows.
    Retrying {
        /// Which attempt failed, counted from 1.
        attempt: u32,
        /// How long until the next.
        pause: Duration,
        /// What it failed with.
        error: String,
    },
    /// It has its result.
    Finished,
    /// Its last attempt failed.
    Failed {
        /// What it failed with.
        error: String,
    },
    /// It was not run.
    Skipped {
        /// Why.
        reason: String,
    },
    /// The run ended without it.
    Cancelled,
    /// Its result was taken over from an earlier run.
    Restored,
}

/// Who is told.
#[derive(Default)]
pub(crate) struct Observer {
    own: Option<Target>,
    /// The observer of the run around this one, and what to put before the names for it.
    outer: Option<(Arc<Self>, String)>,
    /// A call panicked, and is left out since.
    broken: AtomicBool,
}

enum Target {
    Call(Box<dyn Fn(&Event) + Send + Sync>),
    Channel(Sender),
}

impl Observer {
    pub(crate) fn call(call: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self { own: Some(Target::Call(Box::new(call))), ..Self::default() }
    }

    pub(crate) fn channel(sender: Sender) -> Self {
        Self { own: Some(Target::Channel(sender)), ..Self::default() }
    }

    /// Also tells the observer of the run around this one.
    pub(crate) fn within(mut self, outer: Arc<Self>, prefix: String) -> Self {
        self.outer = Some((outer, prefix));
        self
    }

    /// Tells of a step.
    pub(crate) fn tell(&self, event: Event) {
        if let Some((outer, prefix)) = &self.outer {
            outer.tell(Event { node: format!("{prefix}{}", event.node).into(), ..event.clone() });
        }
        match &self.own {
            None => {}
            Some(Target::Channel(sender)) => sender.send(event),
            Some(Target::Call(call)) => {
                // Relaxed: one call too many does no harm.
                let ok = self.broken.load(Relaxed)
                    || catch_unwind(AssertUnwindSafe(|| call(&event))).is_ok();
                if !ok {
                    self.broken.store(true, Relaxed);
                }
            }
        }
    }

    /// The run has ended.
    pub(crate) fn end(&self) {
        if let Some(Target::Channel(sender)) = &self.own {
            sender.close();
        }
    }
}

/// The steps of all nodes as a stream; it ends when the run has. Made by
/// [`Options::events`](crate::Options::events).
///
/// # Cancel safety
/// No event is lost with a future of the next one.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use futures_util::StreamExt;
/// use qi_graph::{Graph, Options, Step};
/// let mut graph = Graph::new();
/// graph.node("only").run(async |()| Ok(()));
/// let (options, events) = Options::new().events();
/// let run = graph.start_on(runtime.handle(), options)?;
/// let steps: Vec<Step> = runtime.block_on(async {
///     run.await;
///     events.map(|event| event.step).collect().await
/// });
/// assert_eq!(steps, [Step::Queued, Step::Started { attempt: 1 }, Step::Finished]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "events are taken from the stream"]
pub struct Events {
    shared: Arc<Channel>,
}

#[derive(Default)]
struct Channel {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// The run, with its end of the channel, is gone.
    closed: bool,
    /// The stream is gone: events are of no use.
    unheard: bool,
    waker: Option<Waker>,
}

impl Channel {
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The run's end of the channel.
pub(crate) struct Sender(Arc<Channel>);

impl Sender {
    pub(crate) fn send(&self, event: Event) {
        let waker = self.0.change(|state| {
            if !state.unheard {
                state.events.push_back(event);
            }
            state.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// There will be no more events.
    fn close(&self) {
        let waker = self.0.change(|state| {
            state.closed = true;
            state.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.close();
    }
}

impl Events {
    pub(crate) fn channel() -> (Sender, Self) {
        let shared = Arc::<Channel>::default();
        (Sender(shared.clone()), Self { shared })
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.shared.change(|state| state.events.pop_front())
    }

    /// Waits for the next event; `None` when the run has ended and all were taken.
    ///
    /// # Cancel safety
    /// No event is lost when it is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let Poll::Ready(progress) = qi_runtime::coop::poll_proceed(cx) else {
            return Poll::Pending;
        };
        // Cloned before the lock is taken: a waker is somebody else's code.
        let waker = cx.waker().clone();
        let (answer, old) = self.shared.change(|state| match state.events.pop_front() {
            Some(event) => (Poll::Ready(Some(event)), Some(waker)),
            None if state.closed => (Poll::Ready(None), Some(waker)),
            None => (Poll::Pending, state.waker.replace(waker)),
        });
        drop(old);
        if answer.is_ready() {
            progress.made_progress();
        }
        answer
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let waiting = self.shared.change(|state| {
            state.unheard = true;
            (std::mem::take(&mut state.events), state.waker.take())
        });
        drop(waiting);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.shared.change(|state| state.events.len());
        f.debug_struct("Events").field("waiting", &waiting).finish_non_exhaustive()
    }
}
