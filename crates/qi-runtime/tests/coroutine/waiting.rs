//! Futures and straight-line code wait for each other, through all the primitives.

use super::support::{Event, until};
use super::{on, on_one_and_four};
use qi_runtime::channel::{mpsc, oneshot};
use qi_runtime::coroutine::{self, Wait, net, wait};
use qi_runtime::{AsyncRuntime, Handle, TaskStatus, time};
use std::future::{pending, poll_fn};
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

#[test]
fn channels_join_coroutines_with_futures() {
    on_one_and_four(|runtime| {
        let (sender, mut receiver) = mpsc::bounded(2);
        let from_future = sender.clone();
        let future = runtime.spawn(async move {
            for number in 0..200_u64 {
                from_future.send(number).await.unwrap();
            }
        });
        let coroutine = runtime.spawn_coroutine(move || {
            for number in 200..400_u64 {
                sender.send(number).wait().unwrap();
            }
        });
        let sum = runtime.spawn_coroutine(move || {
            let mut sum = 0;
            while let Some(number) = receiver.recv().wait() {
                sum += number;
            }
            sum
        });
        assert_eq!(runtime.block_on(sum).unwrap(), 79_800);
        runtime.block_on(future).unwrap();
        runtime.block_on(coroutine).unwrap();
    });
}

#[test]
fn the_blocking_twins_suspend_and_stop_nobody() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let threads = || {
            let stats = runtime.stats();
            stats.blocking_threads as u64 + stats.extra_workers_started + stats.stalls
        };
        let (sender, receiver) = oneshot::channel();
        let handle = runtime.handle().clone();
        let waiter = runtime.spawn_coroutine(move || {
            let first = receiver.blocking_recv().unwrap();
            // Suspends, too: the only worker goes on meanwhile.
            first + handle.block_on(qi_runtime::spawn(async { 2 })).unwrap()
        });
        until(|| waiter.status() == TaskStatus::Waiting);
        let sent = runtime.spawn_coroutine(move || sender.send(40).unwrap());
        runtime.block_on(sent).unwrap();
        assert_eq!(runtime.block_on(waiter).unwrap(), 42);
        assert_eq!(threads(), 0, "nobody blocked a thread");
    });
}

#[test]
fn sleeping_is_never_too_short_and_a_timeout_ends_a_wait() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| {
            let begun = Instant::now();
            coroutine::sleep(Duration::from_millis(3));
            coroutine::sleep_until(time::Instant::now() + Duration::from_millis(2));
            assert!(begun.elapsed() >= Duration::from_millis(5));
            coroutine::timeout(Duration::from_millis(1), pending::<()>()).unwrap_err();
            coroutine::timeout(Duration::from_secs(60), async { 7 }).unwrap()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 7);
    });
}

#[test]
fn select_takes_the_first() {
    on_one_and_four(|runtime| {
        let (sender, mut receiver) = mpsc::unbounded::<u32>();
        let task = runtime.spawn_coroutine(move || {
            let mut got = Vec::new();
            loop {
                let next = coroutine::select! {
                    number = receiver.recv() => number,
                    () = pending() => None,
                };
                match next {
                    Some(number) => got.push(number),
                    None => return got,
                }
            }
        });
        for number in 0..3 {
            sender.send(number).wait().unwrap();
        }
        drop(sender);
        assert_eq!(runtime.block_on(task).unwrap(), [0, 1, 2]);
    });
}

#[test]
fn straight_line_servers_and_clients_talk_by_tcp() {
    on_one_and_four(|runtime| {
        let listener = runtime.block_on(async {
            qi_runtime::net::TcpListener::bind("127.0.0.1:0").await.map(net::TcpListener::new)
        });
        let listener = listener.unwrap();
        let address = listener.local_addr().unwrap();
        let server = runtime.spawn_coroutine(move || {
            let connections: Vec<_> = (0..8)
                .map(|_| {
                    let (stream, _) = listener.accept().unwrap();
                    qi_runtime::spawn_coroutine(move || {
                        for line in BufReader::new(&stream).lines() {
                            writeln!(&stream, "{}!", line.unwrap()).unwrap();
                        }
                    })
                })
                .collect();
            connections.into_iter().for_each(|connection| connection.join().wait().unwrap());
        });
        let clients: Vec<_> = (0..8)
            .map(|number| {
                runtime.spawn_coroutine(move || {
                    let mut stream = net::TcpStream::connect(address).unwrap();
                    write!(stream, "hello {number}\ngood bye\n").unwrap();
                    stream.shutdown(std::net::Shutdown::Write).unwrap();
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).unwrap();
                    assert_eq!(answer, format!("hello {number}!\ngood bye!\n"));
                })
            })
            .collect();
        for client in clients {
            runtime.block_on(client).unwrap();
        }
        runtime.block_on(server).unwrap();
    });
}

#[test]
fn outside_of_coroutines_waiting_blocks_a_thread_and_is_refused_to_a_poll() {
    on_one_and_four(|runtime| {
        assert_eq!(wait(async { 1 }), 1, "a thread that works for nobody");
        let entered = runtime.handle().enter(|| {
            coroutine::sleep(Duration::from_millis(1));
            wait(runtime.spawn(async { 2 })).unwrap()
        });
        assert_eq!(entered, 2);
        let call = runtime.spawn_blocking(|| qi_runtime::spawn(async { 3 }).join().wait().unwrap());
        assert_eq!(runtime.block_on(call).unwrap(), 3);
        let refused = runtime.spawn(async { coroutine::sleep(Duration::ZERO) });
        let panic = runtime.block_on(refused).unwrap_err().into_panic();
        let text = panic.downcast_ref::<&str>().unwrap();
        assert!(text.contains("await the future"), "{text}");
    });
}

#[test]
fn a_future_that_a_coroutine_polls_may_itself_wait() {
    on_one_and_four(|runtime| {
        let event = Event::new();
        let waited_for = event.clone();
        let task = runtime.spawn_coroutine(move || {
            // The poll suspends in its midst, with the stack that is under it.
            wait(poll_fn(move |_| {
                waited_for.clone().wait();
                Poll::Ready(5)
            }))
        });
        until(|| event.waiting() == 1);
        event.set();
        assert_eq!(runtime.block_on(task).unwrap(), 5);
    });
}

#[test]
fn a_coroutine_may_wait_for_another_runtime() {
    on_one_and_four(|runtime| {
        let other = Arc::new(AsyncRuntime::builder().worker_threads(1).build().unwrap());
        let there = other.clone();
        let task = runtime.spawn_coroutine(move || {
            let sum = there.block_on(async {
                time::sleep(Duration::from_millis(1)).await;
                qi_runtime::spawn(async { 4 }).await.unwrap()
            });
            sum + there.spawn_coroutine(|| 5).join().wait().unwrap()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 9);
        other.shutdown().unwrap();
        assert!(Handle::try_current().is_err());
    });
}
