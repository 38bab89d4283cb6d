//! Blocking calls and blocks inside tasks.
#![forbid(unsafe_code)]

use qi_runtime::simulation::{each_seed, net};
use qi_runtime::time::{Duration, sleep};
use qi_runtime::{AsyncRuntime, Handle, channel};
use std::io;

#[test]
fn blocking_calls_run_on_the_same_thread_at_a_moment_of_the_seeds() {
    each_seed(20, |seed| {
        let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
        let thread = std::thread::current().id();
        let sum = simulation.run(async move {
            let calls: Vec<_> = (0..10_u64)
                .map(|number| {
                    qi_runtime::spawn_blocking(move || {
                        assert_eq!(std::thread::current().id(), thread);
                        number
                    })
                })
                .collect();
            let mut sum = 0;
            for call in calls {
                sum += call.join().await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 45);
        simulation.finish().unwrap();
    });
}

#[test]
fn a_block_inside_a_task_or_a_call_goes_on_with_the_others() {
    each_seed(50, |seed| {
        let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
        simulation.run(async {
            let in_task = qi_runtime::spawn(async {
                let child = qi_runtime::spawn(async {
                    sleep(Duration::from_millis(3)).await;
                    1
                });
                Handle::current().block_on(child).unwrap()
            });
            let in_call = qi_runtime::spawn_blocking(|| {
                let handle = Handle::current();
                let child = handle.spawn(async {
                    sleep(Duration::from_millis(2)).await;
                    2
                });
                handle.block_on(child).unwrap()
            });
            assert_eq!(in_task.join().await.unwrap() + in_call.join().await.unwrap(), 3);
        });
        simulation.finish().unwrap();
    });
}

#[test]
fn blocking_sends_and_receives_meet_tasks() {
    each_seed(20, |seed| {
        let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
        simulation.run(async {
            let (sender, mut receiver) = channel::mpsc::bounded(1);
            let call = qi_runtime::spawn_blocking(move || {
                (0..20).for_each(|value| sender.blocking_send(value).unwrap());
            });
            // In a task: what the root itself does lies under the block of the call.
            let task = qi_runtime::spawn(async move {
                let mut received = Vec::new();
                while let Some(value) = receiver.recv().await {
                    received.push(value);
                }
                received
            });
            call.join().await.unwrap();
            assert_eq!(task.join().await.unwrap(), (0..20).collect::<Vec<_>>());
        });
        simulation.finish().unwrap();
    });
}

#[test]
fn sockets_of_the_system_are_refused_in_a_simulation_and_simulated_ones_outside() {
    let simulation = AsyncRuntime::builder().simulated(1).build().unwrap();
    simulation.run(async {
        let refused = qi_runtime::net::TcpListener::bind("127.0.0.1:0").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
        let refused = qi_runtime::net::TcpStream::connect("localhost:1").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    });
    let runtime = AsyncRuntime::builder().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        assert!(net::TcpListener::bind("127.0.0.1:0").await.is_err());
        assert!(net::TcpStream::connect("127.0.0.1:1").await.is_err());
        assert!(net::UdpSocket::bind("127.0.0.1:0").await.is_err());
    });
}
