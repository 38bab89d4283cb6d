//! Blocking a thread on a future: from outside, and inside a task.
//!
//! A worker that blocks gives its seat to another thread first, so nothing else stops. The tasks
//! pinned to it cannot move: it runs them itself, on top of the blocked one's stack, until the
//! future is ready. If the system refuses another thread, the blocked one keeps the seat and steps
//! it itself.
#![forbid(unsafe_code)]

use super::covered::Block;
use super::shared::Shared;
use crate::coop;
use crate::stackful;
use crate::worker::slot::Parker;
use crate::worker::thread::{hand_over, run_pinned};
use crate::worker::{Context, Step, ThreadSlot, be_awake, context, park, step};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

/// Runs `future` to its end on the calling thread; code with a stack of its own suspends instead.
/// `shielded`: it does so even if it is cancelled.
pub(crate) fn block_on<F: Future>(shared: &Arc<Shared>, future: F, shielded: bool) -> F::Output {
    shared.process.check();
    let mut future = pin!(future);
    let root = Context::new(shared.clone(), None);
    let poll = |future: Pin<&mut F>, cx: &mut std::task::Context<'_>| {
        let at_home =
            context::with(|here| here.is_some_and(|here| Arc::ptr_eq(&here.shared, shared)));
        if at_home { future.poll(cx) } else { root.enter(|| future.poll(cx)) }
    };
    if let Some(output) = stackful::suspend_instead(future.as_mut(), shielded, poll) {
        return output;
    }
    context::with_worker(|worker| match worker {
        Some(worker) => block_worker(worker, shared, future),
        None => block_thread(shared, future),
    })
}

/// Runs `call`, which may block, after giving the worker's seat to another thread. Elsewhere it is
/// just called.
///
/// Use it for a blocking call in the middle of a task that cannot be moved into `spawn_blocking`.
/// Afterwards the task goes on without a seat until its next suspension point.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let task = scheduler.spawn(async {
///     qi_sched::block_in_place(|| std::fs::read_dir(".").map(Iterator::count))
/// });
/// assert!(scheduler.block_on(task).unwrap().is_ok());
/// ```
pub fn block_in_place<R>(call: impl FnOnce() -> R) -> R {
    context::with_worker(|worker| worker.map(hand_over));
    call()
}

/// Wakes a thread that is no worker.
struct ThreadWaker {
    parker: Arc<Parker>,
}

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.parker.unpark();
    }
}

fn block_thread<F: Future>(shared: &Arc<Shared>, mut future: Pin<&mut F>) -> F::Output {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::new(ThreadWaker { parker: parker.clone() }));
    let mut cx = std::task::Context::from_waker(&waker);
    let root = Context::new(shared.clone(), None);
    root.enter(|| {
        let _watched = WatchedRoot::new(shared, &parker);
        root.with_frame(None, || {
            loop {
                shared.count_root_poll();
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    return output;
                }
                parker.park_watched(shared);
            }
        })
    })
}

/// A thread of the user's in a `block_on`, as those see it who look whether all sleep.
struct WatchedRoot<'a> {
    shared: &'a Arc<Shared>,
    parker: &'a Arc<Parker>,
}

impl<'a> WatchedRoot<'a> {
    fn new(shared: &'a Arc<Shared>, parker: &'a Arc<Parker>) -> Self {
        shared.watch_root(parker);
        Self { shared, parker }
    }
}

impl Drop for WatchedRoot<'_> {
    fn drop(&mut self) {
        self.shared.forget_root(self.parker);
    }
}

/// A worker of another scheduler in a `block_on`, likewise.
struct WatchedGuest<'a> {
    shared: &'a Shared,
    slot: &'a Arc<ThreadSlot>,
}

impl<'a> WatchedGuest<'a> {
    fn new(shared: &'a Shared, slot: &'a Arc<ThreadSlot>) -> Self {
        shared.watch_guest(slot);
        Self { shared, slot }
    }
}

impl Drop for WatchedGuest<'_> {
    fn drop(&mut self) {
        self.shared.forget_guest(self.slot);
    }
}

fn block_worker<F: Future>(
    worker: &Context,
    shared: &Arc<Shared>,
    mut future: Pin<&mut F>,
) -> F::Output {
    let Some(slot) = &worker.slot else { return block_thread(shared, future) };
    let handed_over = hand_over(worker);
    let block = Block::new(worker, slot);
    let below = worker.blocks.last().filter(|below| below.cover(&block));
    let waker = Waker::from(block.clone());
    let mut cx = std::task::Context::from_waker(&waker);
    // The future belongs to `shared`, which need not be the worker's own scheduler; nor need the
    // worker's context be the current one.
    let at_home = Arc::ptr_eq(shared, &worker.shared) && worker.is_current();
    let foreign = (!at_home).then(|| Context::new(shared.clone(), None));
    let _guest = (!Arc::ptr_eq(shared, &worker.shared)).then(|| WatchedGuest::new(shared, slot));
    worker.with_frame(None, || {
        let _restore = Restore {
            worker,
            yielding: worker.yielding.take(),
            budget: worker.budget.replace(coop::UNLIMITED),
            block: &block,
            below,
        };
        loop {
            let fresh = block.take_wake();
            if fresh {
                be_awake(worker);
                worker.shared.count_root_poll();
                let polled = match &foreign {
                    Some(foreign) => {
                        foreign.enter(|| foreign.with_frame(None, || future.as_mut().poll(&mut cx)))
                    }
                    None => future.as_mut().poll(&mut cx),
                };
                if let Poll::Ready(output) = polled {
                    return output;
                }
            }
            // What runs now and blocks lies above this block; what it polls itself is part of it.
            worker.blocks.push(block.clone());
            // Of a seat that it keeps it steps the tasks itself: that is no stall of the blocked one.
            let current = worker.replace_current(0);
            worker.enter(|| wait(worker, slot, shared, handed_over, fresh));
            worker.replace_current(current);
            worker.blocks.pop();
        }
    })
}

/// Gives the blocked task its marks back, also when the root future panics.
struct Restore<'a> {
    worker: &'a Context,
    yielding: bool,
    budget: u32,
    block: &'a Block,
    /// The block that this one covered.
    below: Option<Arc<Block>>,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.worker.budget.set(self.budget);
        self.worker.yielding.set(self.yielding);
        if let Some(below) = &self.below {
            below.uncover();
        }
        self.block.end();
    }
}

/// Does what the thread still can do, or sleeps until there is something.
fn wait(worker: &Context, slot: &ThreadSlot, host: &Arc<Shared>, handed_over: bool, fresh: bool) {
    if handed_over {
        if run_pinned(worker) {
            return;
        }
        if Arc::ptr_eq(host, &worker.shared) {
            slot.park(host);
        } else {
            slot.park_as_guest(&worker.shared, host);
        }
        return;
    }
    if worker.is_stepped() && worker.shared.driver.instead_of_sleep(fresh) {
        return;
    }
    match step(worker) {
        Step::Worked => {}
        Step::WouldPark if worker.is_stepped() => std::thread::yield_now(),
        Step::WouldPark => {
            park(worker);
        }
        // The scheduler closes, or a task run here gave the seat away: what is left comes to the
        // inbox.
        Step::Leave => {
            if !run_pinned(worker) {
                if worker.core().is_some() { park(worker) } else { slot.park(&worker.shared) }
            }
        }
    }
}
