//! smol: async-executor on N threads, each inside `block_on`, as `smol::spawn` itself sets it up.
//!
//! The long-lived runtime is the leaked (`static`) executor, the fastest that smol offers (a third
//! less time per spawn than the owned one, measured); the one that is made and unmade is the owned
//! executor, the only one that can be unmade.

use std::future::{self, Future};
use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_executor::StaticExecutor;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smol::{Async, Executor, Task, Timer};

use super::{Disposable, ECHO_BUFFER, Peer};

static EXECUTOR: OnceLock<&'static StaticExecutor> = OnceLock::new();

fn executor() -> &'static StaticExecutor {
    EXECUTOR.get().expect("the executor was started")
}

/// smol with a leaked executor.
pub(crate) struct Smol;

impl Peer for Smol {
    type Join<T: Send + 'static> = Task<T>;

    fn start(workers: usize) -> Self {
        let executor: &'static StaticExecutor =
            EXECUTOR.get_or_init(|| Executor::<'static>::new().leak());
        for _ in 0..workers {
            thread::spawn(|| smol::block_on(executor.run(future::pending::<()>())));
        }
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn_outside<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        executor().spawn(future)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        executor().spawn(future)
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        executor().spawn(future).detach();
    }

    async fn cancel_one() {
        let task = executor().spawn(future::pending::<()>());
        futures_lite::future::yield_now().await;
        task.cancel().await;
    }

    async fn sleep(length: Duration) {
        Timer::after(length).await;
    }

    fn timeout<F>(length: Duration, future: F) -> impl Future<Output = bool> + Send
    where
        F: Future<Output = ()> + Send,
    {
        let finished = async {
            future.await;
            true
        };
        futures_lite::future::or(finished, async move {
            Timer::after(length).await;
            false
        })
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }

    async fn echo(listener: TcpListener) {
        let listener = Async::new(listener).expect("smol takes the listener over");
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = smol::net::TcpStream::from(stream);
            executor()
                .spawn(async move {
                    stream.set_nodelay(true).ok();
                    let mut buffer = [0; ECHO_BUFFER];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        if stream.write_all(&buffer[..count]).await.is_err() {
                            break;
                        }
                    }
                })
                .detach();
        }
    }
}

/// smol with an executor of its own and threads that leave when told.
pub(crate) struct Owned {
    executor: Arc<Executor<'static>>,
    stop: smol::channel::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Disposable for Owned {
    fn create(workers: usize) -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = smol::channel::unbounded::<()>();
        let threads = (0..workers)
            .map(|_| {
                let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
                thread::spawn(move || {
                    // The receiver errs once the sender is gone: that is the signal.
                    smol::block_on(executor.run(stopped.recv())).ok();
                })
            })
            .collect();
        Self { executor, stop, threads }
    }

    fn detach<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.executor.spawn(future).detach();
    }

    fn dispose(self) {
        drop(self.stop);
        for thread in self.threads {
            thread.join().expect("an executor thread does not panic");
        }
        drop(self.executor);
    }
}
