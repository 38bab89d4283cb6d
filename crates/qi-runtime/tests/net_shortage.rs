//! A listener without descriptors to accept with. It has a program of its own, and one test only:
//! while it runs, nobody in the process can open anything.
#![cfg(unix)]
#![forbid(unsafe_code)]

mod net_support;

use futures_util::StreamExt;
use futures_util::io::{AsyncRead, AsyncReadExt};
use net_support::{listen, runtime, watched};
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use qi_runtime::net::UnixListener;
use qi_runtime::{AsyncRuntime, TaskHandle};
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// Descriptors that the process may have; the runtime and the test harness need some.
const DESCRIPTORS: u32 = 64;

/// Opens files until the system refuses another one.
fn take_all_descriptors() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(nix::errno::Errno::EMFILE as i32));
                return taken;
            }
        }
        assert!(taken.len() <= DESCRIPTORS as usize, "the limit does not hold");
    }
}

/// The task polls, at first and after each pause.
fn wait_for_polls(runtime: &AsyncRuntime, task: &TaskHandle<Vec<u8>>, count: u32) {
    let polls = || {
        let tasks = runtime.stats().tasks();
        let found = tasks.iter().find(|info| info.id == task.id());
        found.expect("it has not ended: nobody can be accepted").polls
    };
    while polls() < count {
        thread::yield_now();
    }
}

/// `client` is connected, for the system: the listener has yet to accept it. `accepting` is a task that
/// accepts one connection and reads it to its end.
fn recovers(
    runtime: &AsyncRuntime,
    mut client: impl Write,
    accepting: impl FnOnce() -> TaskHandle<Vec<u8>>,
) {
    client.write_all(b"let me in").expect("there is room");
    drop(client);
    let taken = take_all_descriptors();
    let begun = Instant::now();
    let task = accepting();
    // Three attempts are two pauses, of 5 and 10 ms, and not a spin.
    wait_for_polls(runtime, &task, 3);
    assert!(begun.elapsed() >= Duration::from_millis(15), "the listener spins");
    drop(taken);
    let got = runtime.block_on(task.join()).expect("it does not panic");
    assert_eq!(got, b"let me in");
}

fn connect(address: SocketAddr) -> std::net::TcpStream {
    std::net::TcpStream::connect(address).expect("somebody listens")
}

async fn read_all(accepted: io::Result<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut got = Vec::new();
    accepted.expect("there is room now").read_to_end(&mut got).await.expect("an end");
    got
}

#[test]
fn accepting_goes_on_when_there_are_descriptors_again() {
    watched(|| {
        for workers in [1, 4] {
            let runtime = runtime(workers);
            let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("every process has one");
            setrlimit(Resource::RLIMIT_NOFILE, rlim_t::from(DESCRIPTORS), hard)
                .expect("it may be lowered");
            let (listener, address) = runtime.block_on(listen());
            let (other, other_address) = runtime.block_on(listen());
            recovers(&runtime, connect(address), || {
                runtime.spawn(async move {
                    read_all(listener.accept().await.map(|(stream, _)| stream)).await
                })
            });
            recovers(&runtime, connect(other_address), || {
                runtime.spawn(async move {
                    read_all(other.incoming().next().await.expect("it has no end")).await
                })
            });
            let path = std::env::temp_dir().join(format!("qi-shortage-{}", std::process::id()));
            let unix = runtime.handle().enter(|| UnixListener::bind(&path)).expect("a free name");
            let client = std::os::unix::net::UnixStream::connect(&path).expect("somebody listens");
            std::fs::remove_file(&path).expect("it is there");
            recovers(&runtime, client, || {
                runtime.spawn(async move {
                    read_all(unix.accept().await.map(|(stream, _)| stream)).await
                })
            });
            runtime.shutdown().expect("nothing is left behind");
        }
    });
}
