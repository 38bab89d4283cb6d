//! What a workload asks of an asynchronous peer, and the peers that answer in the same terms.
//!
//! Every function is the one that the peer's own users would call; where the idiom differs (stackful
//! coroutines, compute pools, another language) the peer has workloads of its own instead.

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

#[cfg(feature = "peers")]
pub(crate) mod channel;
pub(crate) mod floor;
#[cfg(feature = "peers")]
pub(crate) mod pool;
pub(crate) mod primitive;
pub(crate) mod qi;
#[cfg(feature = "peers")]
pub(crate) mod smol;
#[cfg(feature = "peers")]
pub(crate) mod tokio;

use primitive::Primitives;

/// An asynchronous runtime of Rust futures.
pub(crate) trait Peer: Primitives + Sized + Send + Sync + 'static {
    /// What awaiting a spawned task looks like.
    type Join<T: Send + 'static>: Future<Output = T> + Send + 'static;

    /// Starts the runtime with so many workers; it lives until the process ends.
    fn start(workers: usize) -> Self;

    /// Starts it for a run under callgrind, which makes everything dozens of times slower: a runtime
    /// that looks at the clock has to see time pass as slowly, or it would behave differently.
    fn start_slowed(workers: usize) -> Self {
        Self::start(workers)
    }

    /// Runs a future on the calling thread, outside the workers.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Spawns from a thread that is no worker.
    fn spawn_outside<F>(&self, future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Spawns from inside a task.
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Spawns from inside a task and keeps no handle.
    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Like `detach`, at a raised priority where the peer has such a thing.
    fn detach_urgent<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::detach(future);
    }

    /// Workers started beyond the configured ones, where the peer does such a thing.
    fn extra_workers(&self) -> u64 {
        0
    }

    /// Spawns a task that never ends by itself, lets it start, cancels it and waits for its end.
    fn cancel_one() -> impl Future<Output = ()> + Send;

    /// Sleeps.
    fn sleep(length: Duration) -> impl Future<Output = ()> + Send;

    /// Bounds a future in time; `false` when the time ran out.
    fn timeout<F>(length: Duration, future: F) -> impl Future<Output = bool> + Send
    where
        F: Future<Output = ()> + Send;

    /// Lets the other tasks run first.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Accepts connections for ever and gives each a task that sends back what it reads.
    fn echo(listener: TcpListener) -> impl Future<Output = ()> + Send;

    /// Runs a future as a task, on a worker, and waits for it here.
    fn run<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let join = self.spawn_outside(future);
        self.block_on(join)
    }
}

/// A runtime that can be made and unmade many times in one process.
pub(crate) trait Disposable: Sized {
    /// Makes a runtime with so many workers.
    fn create(workers: usize) -> Self;

    /// Spawns and keeps no handle.
    fn detach<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Unmakes the runtime: all tasks dropped, all threads joined, when it returns.
    fn dispose(self);
}

/// The buffer that every echo connection reads into, in bytes.
pub(crate) const ECHO_BUFFER: usize = 1024;
