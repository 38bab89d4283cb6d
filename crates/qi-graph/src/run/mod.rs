//! A run: what its runners share.
//!
//! ```text
//!            a node ends (settle.rs)                          idle workers
//!   successors' counts ──► ready nodes ──► set (queue.rs) ───► runner (runner.rs) ──► node's code
//!        ▲                                   ▲                   │ suspends: the node keeps this
//!        └───────────────────────────────────┼───────────────────┘ runner, another one takes over
//!                                            └── pauses between attempts
//! ```

mod ending;
mod handle;
mod limit;
mod prepare;
mod queue;
mod record;
mod runner;
mod settle;
mod sleepers;
mod turns;
mod watchdog;

pub use ending::StopReason;
pub use handle::{Canceller, Run};
pub(crate) use limit::{Limit, Places};
pub(crate) use prepare::start;
pub(crate) use record::Content;
pub use record::NodeStatus;
pub(crate) use record::Store;
pub(crate) use settle::Trouble;

use crate::draw::Bar;
use crate::event::{Event, Observer, Step};
use crate::names::Names;
use crate::options::OnFailure;
use crate::plan::Plan;
use limit::Place;
use qi_runtime::time::Instant;
use qi_runtime::{Handle, TaskPriority};
use queue::{Help, Queue};
use record::Slot;
use runner::Runner;
use settle::Gate;
use sleepers::Sleepers;
use std::collections::HashMap;
use std::sync::atomic::{
    AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Locks; a panic elsewhere leaves nothing half done under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything about one run. It outlives the run as the report.
pub(crate) struct Shared {
    /// The graph that handles must belong to.
    pub(crate) graph: u64,
    pub(crate) names: Names,
    pub(crate) plan: Plan,
    pub(crate) slots: Vec<Slot>,
    gates: Vec<Gate>,
    readers: Option<Vec<AtomicU32>>,
    queue: Mutex<Queue>,
    places: Places,
    sleepers: Sleepers,
    handle: Handle,
    on_failure: OnFailure,
    has_deadline: bool,
    seed: u64,
    observer: Option<Arc<Observer>>,
    /// Why the run stopped before its nodes had ended; see [`StopReason`].
    stopped: AtomicU8,
    /// Tasks and blocking calls of this run that are not gone, and who is just starting it.
    live: AtomicUsize,
    begun: Instant,
    elapsed_ns: AtomicU64,
    end: Mutex<ending::End>,
    /// What happened to the nodes that did not end well.
    pub(crate) troubles: Mutex<HashMap<u32, Trouble>>,
    /// The node that failed first.
    pub(crate) first_failure: Mutex<Option<u32>>,
    /// Attempts that failed, and what inner runs did: for the timeline.
    pub(crate) extra_bars: Mutex<Vec<Bar>>,
    /// The run and the node that this one is part of.
    outer: Option<Outer>,
}

/// What an inner run keeps of the outer one.
struct Outer {
    name: String,
    live: Live,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("nodes", &self.slots.len()).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn store(&self) -> Store<'_> {
        Store { slots: &self.slots, readers: self.readers.as_deref() }
    }

    /// Nanoseconds since the run began, on the runtime's clock, whichever thread asks. Where that
    /// stands still nodes take no time, however long they compute.
    #[inline]
    fn now_ns(&self) -> u64 {
        let elapsed = self.handle.now().duration_since(self.begun);
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// How long the run took.
    pub(crate) fn elapsed(&self) -> Duration {
        // Relaxed: whoever has a report has seen the end under its lock.
        Duration::from_nanos(self.elapsed_ns.load(Relaxed))
    }

    /// Tells the observer of a step, if there is one.
    #[inline]
    fn tell(&self, node: u32, step: impl FnOnce() -> Step) {
        if let Some(observer) = &self.observer {
            observer.tell(Event {
                node: self.names.get(node).into(),
                at: Duration::from_nanos(self.now_ns()),
                step: step(),
            });
        }
    }

    /// The lane of a task that begins now for a node.
    pub(crate) fn lane(&self, node: u32) -> TaskPriority {
        lock(&self.queue).lane(self.gates[node as usize].turn())
    }

    /// Spawns a runner that counts as active already. One that is to run elsewhere is queued
    /// globally, which wakes an idle worker at once; others are left to this worker, from which
    /// they are stolen if it does not come to them.
    fn spawn_runner(self: &Arc<Self>, help: Help, place: Option<Place>) {
        let runner = Runner::new(Live::new(self.clone()), help.lane, place);
        let spawn = || {
            drop(self.handle.task().priority(help.lane).name("graph").spawn(runner));
        };
        if help.elsewhere { self.handle.enter(spawn) } else { spawn() }
    }

    /// Starts a runner if there is work for one more.
    pub(crate) fn look_for_work(self: &Arc<Self>) {
        let help = self.call_help(&mut lock(&self.queue));
        if let Some(help) = help {
            self.spawn_runner(help, None);
        }
    }

    /// One more runner, if there is a node for it and a place for that.
    #[inline]
    fn call_help(self: &Arc<Self>, queue: &mut Queue) -> Option<Help> {
        if queue.is_empty() || !self.places.has_room(self) { None } else { queue.call_help() }
    }
}

/// Keeps a run from ending.
pub(crate) struct Live(Arc<Shared>);

impl Live {
    pub(crate) fn new(run: Arc<Shared>) -> Self {
        // Relaxed: whoever makes one has one already, or is starting the run.
        run.live.fetch_add(1, Relaxed);
        Self(run)
    }

    pub(crate) fn run(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Pairs with the other drops: the last one sees all that was done in the run.
        if self.0.live.fetch_sub(1, AcqRel) == 1 {
            self.0.complete();
        }
    }
}
