//! What a task is told to do, and what all tasks of a run share.
#![forbid(unsafe_code)]

use crate::Plan;
use qi_sched::{AbortHandle, TaskPriority, coop};
use qi_test_kit::{Ledger, Token};
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

pub(super) const PLACES: usize = 4;
pub(super) const MOST_TASKS: usize = 40;
const MOST_DEEDS: usize = 5;
/// Children of children of children have none.
const DEEPEST: usize = 3;

/// What a task panics with when it was told to.
pub(super) struct Told;

/// One thing to do.
#[derive(Clone, Debug)]
enum Deed {
    Yield,
    /// Waits until a place is woken.
    Wait(usize),
    Wake(usize),
    /// Has a child, and waits for it in one of the two ways, or leaves it alone.
    Child(Script, usize),
    /// Cancels the task of this number, which may be itself.
    Cancel(usize),
    Panic,
}

/// What a task does.
#[derive(Clone, Debug, Default)]
pub(super) struct Script(Vec<Deed>);

impl Script {
    pub(super) fn drawn(plan: &mut Plan<'_>, depth: usize) -> Self {
        let count = plan.below(MOST_DEEDS + 1);
        let deeds = (0..count).map(|_| match plan.below(12) {
            0..=2 => Deed::Yield,
            3..=5 => Deed::Wait(plan.below(PLACES)),
            6 => Deed::Wake(plan.below(PLACES)),
            7..=9 if depth < DEEPEST => {
                let manner = plan.below(4);
                Deed::Child(Self::drawn(plan, depth + 1), manner)
            }
            10 => Deed::Cancel(plan.below(MOST_TASKS)),
            11 => Deed::Panic,
            _ => Deed::Yield,
        });
        Self(deeds.collect())
    }
}

/// What is known of a task from inside.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) watch: AbortHandle,
    /// Whether it has returned, by itself.
    pub(super) returned: bool,
    pub(super) panicked: bool,
    /// Whether it stands in a wait that was not woken.
    pub(super) waits: bool,
}

#[derive(Default)]
pub(super) struct Inner {
    /// By number; empty between the number and the spawn.
    pub(super) tasks: Vec<Option<Known>>,
    /// Whose future is gone.
    pub(super) dropped: Vec<bool>,
    waiting: [Vec<(usize, Waker)>; PLACES],
    /// Wakers of waits that were given up: they may be called, and do nothing.
    pub(super) stale: Vec<Waker>,
}

/// What all tasks of a run share.
#[derive(Clone, Default)]
pub(super) struct World {
    inner: Arc<Mutex<Inner>>,
    pub(super) ledger: Ledger,
}

impl World {
    /// Nothing that runs under this lock may run a task's code.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for one more task, if there may be one.
    pub(super) fn number(&self) -> Option<usize> {
        let mut inner = self.lock();
        (inner.tasks.len() < MOST_TASKS).then(|| {
            inner.tasks.push(None);
            inner.dropped.push(false);
            inner.tasks.len() - 1
        })
    }

    pub(super) fn know(&self, number: usize, watch: AbortHandle) {
        let known = Known { watch, returned: false, panicked: false, waits: false };
        self.lock().tasks[number] = Some(known);
    }

    fn note(&self, number: usize, change: impl FnOnce(&mut Known)) {
        let mut inner = self.lock();
        change(inner.tasks[number].as_mut().expect("known before it is polled"));
    }

    /// The future of a task. The guard is made before it, which may never be polled.
    pub(super) fn task(
        &self,
        number: usize,
        script: Script,
    ) -> Pin<Box<dyn Future<Output = Token> + Send>> {
        let guard = Guard { world: self.clone(), number };
        Box::pin(async move {
            let world = guard.world.clone();
            for deed in script.0 {
                world.perform(number, deed).await;
            }
            world.note(number, |known| known.returned = true);
            drop(guard);
            world.ledger.token(number)
        })
    }

    async fn perform(&self, number: usize, deed: Deed) {
        match deed {
            Deed::Yield => coop::yield_now().await,
            Deed::Wait(place) => self.wait(number, place).await,
            Deed::Wake(place) => self.wake(place),
            Deed::Cancel(number) => {
                let inner = self.lock();
                let known = inner.tasks.get(number).and_then(Option::as_ref);
                let watch = known.map(|known| known.watch.clone());
                drop(inner);
                // Whether it is in time is the model's business where it can be known.
                let _ = watch.map(|watch| watch.cancel());
            }
            Deed::Panic => {
                self.note(number, |known| known.panicked = true);
                resume_unwind(Box::new(Told));
            }
            Deed::Child(script, manner) => self.child(script, manner).await,
        }
    }

    async fn child(&self, script: Script, manner: usize) {
        let Some(number) = self.number() else { return };
        let lane = TaskPriority::DESCENDING[number % 4];
        let task = qi_sched::Handle::current().spawn_with_priority(self.task(number, script), lane);
        self.know(number, task.abort_handle());
        let ended = match manner {
            0 => task.join().await,
            1 => task.await,
            _ => return,
        };
        if let Ok(token) = ended {
            assert_eq!(token.number(), number, "another task's result");
        }
    }

    /// Waits until the place is woken after it began to wait.
    async fn wait(&self, number: usize, place: usize) {
        self.note(number, |known| known.waits = true);
        let _waits = Waits { world: self, number };
        let mut is_there = false;
        poll_fn(|cx| {
            let mut inner = self.lock();
            let known = inner.tasks[number].as_ref().expect("known before it is polled");
            if !known.waits {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut is_there, true) {
                inner.waiting[place].push((number, cx.waker().clone()));
            }
            Poll::Pending
        })
        .await;
    }

    pub(super) fn wake(&self, place: usize) {
        let woken = {
            let mut inner = self.lock();
            let woken = std::mem::take(&mut inner.waiting[place]);
            for (number, _) in &woken {
                if let Some(known) = &mut inner.tasks[*number] {
                    known.waits = false;
                }
            }
            woken
        };
        for (_, waker) in woken {
            waker.wake_by_ref();
            let mut inner = self.lock();
            if inner.stale.len() < MOST_TASKS {
                inner.stale.push(waker);
            }
        }
    }
}

struct Waits<'a> {
    world: &'a World,
    number: usize,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.world.note(self.number, |known| known.waits = false);
    }
}

/// Notes that the future is gone.
struct Guard {
    world: World,
    number: usize,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut inner = self.world.lock();
        let was_dropped = std::mem::replace(&mut inner.dropped[self.number], true);
        assert!(!was_dropped, "dropped twice");
    }
}
