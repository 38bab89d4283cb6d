//! One runtime with an account of everything that is done on it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use qi_runtime::{AsyncRuntime, Handle, RuntimeStats, TaskHandle};

use crate::ledger::Ledger;

/// A runtime as the scenes see it. Cheap to clone; keeps no runtime alive.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) handle: Handle,
    pub(crate) ledger: Arc<Ledger>,
    /// The runtime's worker threads.
    pub(crate) workers: usize,
    account: Arc<Account>,
}

/// The counts. Relaxed throughout: read when the runtime's threads have ended.
#[derive(Default)]
struct Account {
    futures: AtomicU64,
    dropped: AtomicU64,
    completed: AtomicU64,
    cancelled: AtomicU64,
    failed: AtomicU64,
}

/// Lives in a future, and counts that it was dropped.
struct Token(Arc<Account>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Relaxed);
    }
}

impl Stage {
    pub(crate) fn new(runtime: &AsyncRuntime, ledger: &Arc<Ledger>) -> Self {
        let handle = runtime.handle().clone();
        let workers = runtime.stats().worker_threads;
        Self { handle, ledger: ledger.clone(), workers, account: Arc::default() }
    }

    fn token(&self) -> Token {
        self.account.futures.fetch_add(1, Relaxed);
        Token(self.account.clone())
    }

    pub(crate) fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let token = self.token();
        self.handle.spawn(async move {
            let _token = token;
            future.await
        })
    }

    pub(crate) fn spawn_pinned<C, F>(&self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let token = self.token();
        self.handle.spawn_pinned(move || {
            let future = make();
            async move {
                let _token = token;
                future.await
            }
        })
    }

    pub(crate) fn spawn_blocking<C, T>(&self, call: C) -> TaskHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let token = self.token();
        self.handle.spawn_blocking(move || {
            let _token = token;
            call()
        })
    }

    /// Waits for a task's end, and books it. `None`: it was cancelled, or panicked.
    pub(crate) async fn settle<T>(&self, task: TaskHandle<T>) -> Option<T> {
        let joined = self.ledger.within("a task's end", task).await?;
        let (counter, result) = match joined {
            Ok(value) => (&self.account.completed, Some(value)),
            Err(error) if error.is_panic() => (&self.account.failed, None),
            Err(_) => (&self.account.cancelled, None),
        };
        counter.fetch_add(1, Relaxed);
        result
    }

    /// After the end: everything adds up. `settled`: every handle was waited for.
    pub(crate) fn close(self, when: &str, settled: bool) {
        let Self { handle, ledger, account, .. } = self;
        let stats = handle.stats();
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        let (futures, dropped) = (get(&account.futures), get(&account.dropped));
        if futures != dropped {
            ledger.leak(&format!("{when}: {futures} futures made, {dropped} dropped"));
        }
        ledger.check(futures == stats.spawned_tasks, || {
            format!("{when}: {futures} tasks made, {} counted", stats.spawned_tasks)
        });
        let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
        ledger
            .check(ended == stats.spawned_tasks, || format!("{when}: {ended} ended of {futures}"));
        // A task that was overdue has ended unseen.
        if settled && !ledger.has_overdue() {
            let own = [&account.completed, &account.cancelled, &account.failed].map(get);
            let theirs = [stats.completed_tasks, stats.cancelled_tasks, stats.failed_tasks];
            ledger.check(own == theirs, || format!("{when}: outcomes {own:?}, counted {theirs:?}"));
        }
        nothing_left(when, &stats, &ledger);
        ledger.add_tasks(futures);
    }
}

/// The runtime's own books: nothing active, queued, registered, or held in memory.
fn nothing_left(when: &str, stats: &RuntimeStats, ledger: &Ledger) {
    let left = [
        ("active tasks", stats.active_tasks),
        ("queued tasks", stats.queued_tasks),
        ("entries in the global queue", stats.global_queue_depth as u64),
        ("blocking threads", stats.blocking_threads as u64),
        ("chunks of task memory", stats.memory_chunks as u64),
        ("timers", stats.timers()),
        ("I/O sources", stats.io_sources() as u64),
    ];
    for (what, count) in left {
        if count > 0 {
            ledger.leak(&format!("{when}: {count} {what} left"));
        }
    }
}
