//! Qi itself, through nothing but its public interface.

use std::future::{self, Future};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::async_runtime::TaskPriority;
use qi_runtime::{AsyncRuntime, Clock};

use super::{Disposable, ECHO_BUFFER, Peer};
use crate::sample::Sample;
use crate::workload::{self, Job, Wanted};

/// Qi as its users get it.
pub(crate) struct Qi(AsyncRuntime);

/// A Qi join that takes a panic for granted not to happen.
pub(crate) struct Join<T>(qi_runtime::Join<T>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("no task of a bench panics"))
    }
}

impl Qi {
    /// What its users get.
    pub(crate) fn runtime(&self) -> &AsyncRuntime {
        &self.0
    }
}

fn build(workers: usize, stack_pool_size: usize) -> AsyncRuntime {
    let builder = AsyncRuntime::builder().worker_threads(workers);
    builder.stack_pool_size(stack_pool_size).build().expect("a Qi runtime starts")
}

/// Time that passes by being read: what a scheduler decides by it is then the same in every run, on
/// a busy machine as well.
struct ReadClock {
    start: Instant,
    readings: AtomicU64,
}

/// Between two readings of a worker whose polls are short lie sixteen of them.
const PER_READING: Duration = Duration::from_micros(1);

impl Clock for ReadClock {
    fn now(&self) -> Instant {
        // Relaxed: one worker reads it, and the monitor now and then.
        let readings = self.readings.fetch_add(1, Relaxed);
        self.start + PER_READING * u32::try_from(readings).unwrap_or(u32::MAX)
    }
}

impl Peer for Qi {
    type Join<T: Send + 'static> = Join<T>;

    fn start(workers: usize) -> Self {
        Self(build(workers, 0))
    }

    fn start_slowed(workers: usize) -> Self {
        let builder = AsyncRuntime::builder().worker_threads(workers).stack_pool_size(0);
        let clock = ReadClock { start: Instant::now(), readings: AtomicU64::new(0) };
        let clock = Arc::new(clock);
        Self(builder.clock(clock).build().expect("a Qi runtime starts"))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn_outside<F>(&self, future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join(self.0.spawn(future).join())
    }

    fn spawn<F>(future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join(qi_runtime::spawn(future).join())
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(qi_runtime::spawn(future));
    }

    fn detach_urgent<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(qi_runtime::spawn_with_priority(future, TaskPriority::High));
    }

    fn extra_workers(&self) -> u64 {
        self.0.stats().extra_workers_started
    }

    async fn cancel_one() {
        let handle = qi_runtime::spawn(future::pending::<()>());
        qi_runtime::yield_now().await;
        handle.cancel().expect("a pending task can be cancelled");
        handle.join().await.expect_err("a cancelled task has no result");
    }

    fn sleep(length: Duration) -> impl Future<Output = ()> + Send {
        qi_runtime::time::sleep(length)
    }

    async fn timeout<F>(length: Duration, future: F) -> bool
    where
        F: Future<Output = ()> + Send,
    {
        qi_runtime::time::timeout(length, future).await.is_ok()
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        qi_runtime::yield_now()
    }

    async fn echo(listener: TcpListener) {
        let listener = qi_runtime::net::TcpListener::from_std(listener).expect("Qi takes it over");
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(qi_runtime::spawn(async move {
                stream.set_nodelay(true).ok();
                let mut buffer = [0; ECHO_BUFFER];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
            }));
        }
    }
}

/// Qi made and unmade, with so many coroutine stacks asked for.
pub(crate) struct Owned<const STACKS: usize>(AsyncRuntime);

impl<const STACKS: usize> Disposable for Owned<STACKS> {
    fn create(workers: usize) -> Self {
        Self(build(workers, STACKS))
    }

    fn detach<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.0.spawn(future));
    }

    fn dispose(self) {
        self.0.shutdown().expect("nothing is left behind");
    }
}

/// Qi's workloads; `None` for a name that is not among them.
pub(crate) fn run(workload: &str, job: &Job) -> Option<Sample> {
    match workload {
        "escalate" => Some(workload::escalate(job, Wanted::End, true)),
        "escalate-off" => Some(workload::escalate(job, Wanted::End, false)),
        "escalate-lock" => Some(workload::escalate(job, Wanted::Lock, true)),
        "escalate-lock-off" => Some(workload::escalate(job, Wanted::Lock, false)),
        "lifecycle-128" => workload::run_disposable::<Owned<128>>("lifecycle", job),
        _ => workload::run::<Qi>(workload, job)
            .or_else(|| workload::run_disposable::<Owned<0>>(workload, job))
            .or_else(|| crate::graph::measure(workload, job))
            .or_else(|| crate::stackful::run(workload, job)),
    }
}

/// Runs a kernel on Qi; `None` for a name that is not among them.
pub(crate) fn run_kernel(name: &str, turns: u64) -> Option<()> {
    crate::stackful::run_kernel(name, turns).or_else(|| workload::run_kernel::<Qi>(name, turns))
}
