//! The elastic pool for blocking calls: threads come with the calls and go when there are none.
//!
//! A call is a task like any other, with the same memory, states and handle; only its queue and
//! its threads are apart.
//!
//! # When the system refuses a thread
//! The threads that are there come to the call, and the monitor asks again: they may all be waiting
//! for the very calls that are queued. Without a thread in the pool, or without a monitor, a worker
//! runs the call: late and in the way of others, but run. (I49)
#![forbid(unsafe_code)]

use crate::scheduler::Shared;
use crate::task::TaskRef;
use crate::worker::{Context, run_task};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Threads for blocking calls.
#[derive(Debug)]
pub(crate) struct BlockingPool {
    inner: Mutex<Inner>,
    work: Condvar,
    /// Calls wait, and the system refused a thread for them.
    short: AtomicBool,
    max_threads: usize,
    keep_alive: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<TaskRef>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl BlockingPool {
    pub(crate) fn new(max_threads: usize, keep_alive: Duration) -> Self {
        let short = AtomicBool::new(false);
        Self { inner: Mutex::default(), work: Condvar::new(), short, max_threads, keep_alive }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No user code runs under the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a call, and starts a thread for it if none is free.
    pub(crate) fn push(shared: &Arc<Shared>, call: TaskRef) {
        let pool = &shared.blocking;
        let mut inner = pool.lock();
        inner.queue.push_back(call);
        if shared.is_alone() {
            // Whoever steps the workers runs it.
            return;
        }
        if !pool.lacks_thread(&inner) {
            drop(inner);
            pool.work.notify_one();
            return;
        }
        if let Err(error) = Self::add_thread(shared, inner) {
            tracing::warn!(%error, "no thread for blocking calls");
        }
    }

    /// Whether the calls want another thread. Idle ones are counted until they have taken a call,
    /// so several pushes in a row start several threads.
    fn lacks_thread(&self, inner: &Inner) -> bool {
        inner.idle < inner.queue.len() && inner.threads < self.max_threads
    }

    fn add_thread(shared: &Arc<Shared>, mut inner: MutexGuard<'_, Inner>) -> io::Result<()> {
        inner.threads += 1;
        drop(inner);
        let name = format!("{}-blocking", shared.config.thread_name);
        let thread_shared = shared.clone();
        let started = shared.start_thread(name, move || serve(&thread_shared));
        if started.is_err() {
            shared.blocking.without_new_thread(shared);
        }
        started
    }

    #[cold]
    fn without_new_thread(&self, shared: &Arc<Shared>) {
        let mut inner = self.lock();
        inner.threads -= 1;
        let deserted = inner.threads == 0;
        drop(inner);
        // Relaxed: the monitor is called after it, with a fence.
        self.short.store(true, Relaxed);
        if deserted || !shared.monitor.call(shared) {
            self.hand_to_workers(shared);
        }
    }

    /// Whether calls wait for a thread that the system refused.
    pub(crate) fn is_short(&self) -> bool {
        // Relaxed: a hint; what is looked at then is behind the lock.
        self.short.load(Relaxed)
    }

    /// Asks again for the thread that was refused. `Ok(false)`: it is not needed any more.
    pub(crate) fn try_again(shared: &Arc<Shared>) -> io::Result<bool> {
        let pool = &shared.blocking;
        let inner = pool.lock();
        // Relaxed: set again by a refusal. One that comes between is asked for at its own push.
        pool.short.store(false, Relaxed);
        if inner.closed || !pool.lacks_thread(&inner) {
            return Ok(false);
        }
        Self::add_thread(shared, inner).map(|()| true)
    }

    /// Leaves the queued calls to the workers.
    pub(crate) fn hand_to_workers(&self, shared: &Shared) {
        let calls = std::mem::take(&mut self.lock().queue);
        for call in calls {
            let lane = call.state.load().lane();
            shared.inject(call, lane);
        }
    }

    /// Calls that wait for a thread.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    /// Takes one of the waiting calls, for whoever steps workers by hand.
    pub(crate) fn take(&self, index: usize) -> Option<TaskRef> {
        self.lock().queue.remove(index)
    }

    /// Threads leave as soon as the queue is empty.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
    }

    /// Drops hints that nobody will take any more.
    pub(crate) fn drop_queue(&self) {
        let queue = std::mem::take(&mut self.lock().queue);
        drop(queue);
    }

    /// Threads now, and how many of them are idle.
    pub(crate) fn threads(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.threads, inner.idle)
    }

    /// The next call, or `None` when the thread is to end.
    fn next(&self, shared: &Shared) -> Option<TaskRef> {
        let mut inner = self.lock();
        let mut waited = false;
        loop {
            if let Some(call) = inner.queue.pop_front() {
                return Some(call);
            }
            if inner.closed || waited {
                inner.threads -= 1;
                return None;
            }
            inner.idle += 1;
            if shared.watches_idle() {
                drop(inner);
                shared.look_idle();
                inner = self.lock();
            }
            let (guard, timeout) = self
                .work
                .wait_timeout_while(inner, self.keep_alive, |inner| {
                    inner.queue.is_empty() && !inner.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            inner = guard;
            inner.idle -= 1;
            waited = timeout.timed_out();
        }
    }
}

fn serve(shared: &Arc<Shared>) {
    let context = Context::new(shared.clone(), None);
    context.enter(|| {
        while let Some(call) = shared.blocking.next(shared) {
            run_task(&context, call);
        }
        shared.look_idle();
    });
}
