//! The elastic pool for blocking calls: threads come with the calls and go when there are none.
//!
//! A call is a task like any other, with the same memory, states and handle; only its queue and
//! its threads are apart. If the system refuses a first thread, the call is run by a worker: late
//! and in the way of others, but run.
#![forbid(unsafe_code)]

use crate::scheduler::Shared;
use crate::task::TaskRef;
use crate::worker::{Context, run_task};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Threads for blocking calls.
#[derive(Debug)]
pub(crate) struct BlockingPool {
    inner: Mutex<Inner>,
    work: Condvar,
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
        Self { inner: Mutex::default(), work: Condvar::new(), max_threads, keep_alive }
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
        // Idle threads are counted until they have taken a call, so several pushes in a row
        // start several threads.
        if inner.idle >= inner.queue.len() || inner.threads >= pool.max_threads {
            drop(inner);
            pool.work.notify_one();
            return;
        }
        inner.threads += 1;
        drop(inner);
        let name = format!("{}-blocking", shared.config.thread_name);
        let thread_shared = shared.clone();
        if let Err(error) = shared.start_thread(name, move || serve(&thread_shared)) {
            pool.without_new_thread(shared, &error);
        }
    }

    /// The system refused a thread. Others of the pool will come to the call; if there are none, a
    /// worker runs it.
    #[cold]
    fn without_new_thread(&self, shared: &Shared, error: &std::io::Error) {
        let mut inner = self.lock();
        inner.threads -= 1;
        let stranded =
            if inner.threads == 0 { std::mem::take(&mut inner.queue) } else { VecDeque::new() };
        drop(inner);
        tracing::warn!(%error, stranded = stranded.len(), "no thread for blocking calls");
        for call in stranded {
            let lane = call.state.load().lane();
            shared.inject(call, lane);
        }
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
    fn next(&self) -> Option<TaskRef> {
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
        while let Some(call) = shared.blocking.next() {
            run_task(&context, call);
        }
    });
}
