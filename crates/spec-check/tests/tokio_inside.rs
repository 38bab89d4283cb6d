//! The feature `tokio`: what Tokio's timers and sockets need is there on every thread that polls
//! or drops tasks, be it a worker, its substitute, an extra one, or one for blocking calls.
#![forbid(unsafe_code)]

use qi_compiler::runtime::{AsyncRuntime, Handle, TaskStatus, block_in_place, spawn_local};
use std::collections::HashSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// After this long a test is considered hung. It only ever ends a failing test.
const HUNG: Duration = Duration::from_secs(60);

/// Runs a test's body with a Qi runtime that was made inside a Tokio runtime, on a thread outside
/// of both.
fn inside_tokio(workers: usize, body: impl FnOnce(&AsyncRuntime) + Send + 'static) {
    let (done, ended) = channel();
    let thread = thread::spawn(move || {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("Tokio starts");
        let runtime = {
            let _entered = tokio.enter();
            AsyncRuntime::builder().worker_threads(workers).build().expect("in range")
        };
        body(&runtime);
        runtime.shutdown().expect("nothing is stuck");
        let _ = done.send(());
    });
    if ended.recv_timeout(HUNG) == Err(RecvTimeoutError::Timeout) {
        eprintln!("the test hangs");
        std::process::abort();
    }
    if let Err(payload) = thread.join() {
        std::panic::resume_unwind(payload);
    }
}

/// Sleeps on Tokio's clock; gives the thread that it went on on.
async fn tokio_sleep() -> ThreadId {
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(begun.elapsed() >= Duration::from_millis(2), "early");
    thread::current().id()
}

#[test]
fn tokio_sleeps_in_tasks_on_every_worker() {
    inside_tokio(2, |runtime| {
        let tasks: Vec<_> = (0..2)
            .map(|worker| {
                let task = runtime.task().home_worker(worker).expect("there are two");
                task.spawn_pinned(tokio_sleep)
            })
            .chain((0..100).map(|_| runtime.spawn(tokio_sleep())))
            .collect();
        for task in tasks {
            runtime.block_on(task).expect("Tokio's context is there");
        }
    });
}

#[test]
fn tokio_sleeps_on_substitutes_and_in_nested_block_on() {
    inside_tokio(1, |runtime| {
        let mut threads = HashSet::new();
        for _ in 0..3 {
            let handle = runtime.handle().clone();
            let task = runtime.spawn(async move {
                // The seat goes to a substitute, which runs the child.
                let child = handle.spawn(tokio_sleep());
                let here = thread::current().id();
                let there = handle.block_on(child).expect("Tokio's context is there");
                assert_ne!(here, there, "nobody took the seat over");
                let nested = handle.block_on(tokio_sleep());
                assert_eq!(nested, here);
                block_in_place(|| handle.block_on(tokio_sleep()));
                [here, there]
            });
            threads.extend(runtime.block_on(task).expect("Tokio's context is there"));
        }
        assert!(threads.len() >= 2);
    });
}

#[test]
fn tokio_sleeps_in_blocking_calls_and_local_tasks() {
    inside_tokio(1, |runtime| {
        let call = runtime.spawn_blocking(|| Handle::current().block_on(tokio_sleep()));
        runtime.block_on(call).expect("Tokio's context is there");
        let local = runtime.spawn(async { spawn_local(tokio_sleep()).expect("on a worker").await });
        runtime.block_on(local).expect("it ends").expect("Tokio's context is there");
    });
}

#[test]
fn tokio_sleeps_on_an_extra_worker() {
    inside_tokio(1, |runtime| {
        let (begun, is_begun) = channel();
        let (stop, stopped) = channel::<()>();
        let stuck = runtime.spawn(async move {
            begun.send(thread::current().id()).expect("the test waits");
            let _ = stopped.recv();
        });
        let stuck_on = is_begun.recv().expect("it begins");
        let extra =
            runtime.block_on(runtime.spawn(tokio_sleep())).expect("an extra worker runs it");
        assert_ne!(extra, stuck_on);
        drop(stop);
        runtime.block_on(stuck).expect("it ends");
    });
}

#[test]
fn tokio_sockets_work_between_tasks() {
    inside_tokio(2, |runtime| {
        let echo = runtime.spawn(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let server = qi_compiler::runtime::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                let mut buffer = [0; 64];
                loop {
                    match stream.read(&mut buffer).await? {
                        0 => return Ok::<_, std::io::Error>(()),
                        read => stream.write_all(&buffer[..read]).await?,
                    }
                }
            });
            let mut client = TcpStream::connect(address).await?;
            for round in 0..100_u8 {
                client.write_all(&[round; 32]).await?;
                let mut answer = [0; 32];
                client.read_exact(&mut answer).await?;
                assert_eq!(answer, [round; 32]);
            }
            drop(client);
            server.await.map_err(std::io::Error::other)??;
            Ok::<_, std::io::Error>(())
        });
        runtime.block_on(echo).expect("no panic").expect("no error");
    });
}

#[test]
fn tokio_tasks_and_qi_tasks_wait_for_each_other() {
    inside_tokio(1, |runtime| {
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move {
            let there = tokio::spawn(async move {
                let back = handle.spawn(tokio_sleep());
                back.await.is_ok()
            });
            there.await.is_ok_and(|joined| joined)
        });
        assert!(runtime.block_on(task).expect("it ends"));
    });
}

#[test]
fn what_tokio_made_is_dropped_in_order_when_the_runtime_ends() {
    inside_tokio(2, |runtime| {
        let tasks: Vec<_> = (0..20)
            .map(|_| runtime.spawn(async { tokio::time::sleep(Duration::from_secs(3600)).await }))
            .collect();
        while tasks.iter().any(|task| task.status() != TaskStatus::Waiting) {
            thread::yield_now();
        }
        runtime.shutdown().expect("nothing is stuck");
        assert!(tasks.iter().all(|task| task.status() == TaskStatus::Cancelled));
    });
}

#[test]
fn without_a_tokio_runtime_around_everything_else_works() {
    let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("in range");
    let task = runtime.spawn(async {
        qi_compiler::runtime::time::sleep(Duration::from_millis(1)).await;
        tokio::runtime::Handle::try_current().is_err()
    });
    assert!(runtime.block_on(task).expect("it ends"), "there is no Tokio here");
}
