//! A one-thread executor and counting wakers, just enough to drive a reactor in tests.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use qi_reactor::Reactor;

/// After this long a test that waits is considered hung. It only ever ends a failing test.
pub(crate) const HUNG: Duration = Duration::from_secs(60);

/// Counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicUsize);

impl Counter {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&counter));
        (counter, waker)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls a future once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

struct Runnable {
    flag: AtomicBool,
    reactor: Arc<Reactor>,
    shard: usize,
}

impl Wake for Runnable {
    fn wake(self: Arc<Self>) {
        // SeqCst: tests prefer the plainest reasoning.
        self.flag.store(true, Ordering::SeqCst);
        self.reactor.unpark(self.shard);
    }
}

/// Runs futures on the calling thread, parked in one shard while none of them is runnable.
pub(crate) struct Executor<'a> {
    reactor: Arc<Reactor>,
    shard: usize,
    tasks: Vec<(Arc<Runnable>, Task<'a>)>,
}

impl<'a> Executor<'a> {
    pub(crate) fn new(reactor: &Arc<Reactor>, shard: usize) -> Self {
        Self { reactor: Arc::clone(reactor), shard, tasks: Vec::new() }
    }

    pub(crate) fn spawn(&mut self, future: impl Future<Output = ()> + 'a) {
        let runnable = Arc::new(Runnable {
            flag: AtomicBool::new(true),
            reactor: Arc::clone(&self.reactor),
            shard: self.shard,
        });
        self.tasks.push((runnable, Box::pin(future)));
    }

    /// Runs until every future has completed.
    pub(crate) fn run(mut self) {
        let (watchdog, waker) = Counter::new();
        let hung = self.reactor.deadline_after(HUNG);
        let key = self.reactor.set_timer(self.shard, hung, waker).ok();
        while !self.tasks.is_empty() {
            let mut idle = true;
            self.tasks.retain_mut(|(runnable, task)| {
                if !runnable.flag.swap(false, Ordering::SeqCst) {
                    return true;
                }
                idle = false;
                let waker = Waker::from(Arc::clone(runnable));
                task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
            });
            assert_eq!(watchdog.count(), 0, "{} tasks hang", self.tasks.len());
            if idle {
                self.reactor.park(self.shard);
            }
        }
        if let Some(key) = key {
            self.reactor.drop_timer(self.shard, key);
        }
    }
}

/// Runs one future and returns what it returned.
pub(crate) fn block_on<T>(
    reactor: &Arc<Reactor>,
    shard: usize,
    future: impl Future<Output = T>,
) -> T {
    let mut result = None;
    let mut executor = Executor::new(reactor, shard);
    executor.spawn(async {
        result = Some(future.await);
    });
    executor.run();
    result.expect("the executor runs its futures to the end")
}

/// Lets the executor's other tasks run once.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
