//! A storm of signals, at every thread of a runtime that is at work: interrupted calls are tried again,
//! and nobody is told.

use crate::support::{Scratch, pattern, runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::Signal as Number;
use qi_runtime::AsyncRuntime;
use qi_runtime::fs;
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::process::Command;
use qi_runtime::signal::unix::{SignalKind, signal};
use qi_runtime::time::{Duration, Instant, sleep};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// Nobody else's, in this program.
const STORM: Number = Number::SIGVTALRM;

const WORKERS: usize = 2;

/// The threads that sit on the seats, and one for blocking calls.
fn threads(runtime: &AsyncRuntime) -> Vec<Pthread> {
    let mut threads = BTreeSet::new();
    while threads.len() < WORKERS {
        let tasks: Vec<_> =
            (0..WORKERS).map(|_| runtime.spawn(async { pthread_self() as u64 })).collect();
        threads.extend(tasks.into_iter().map(|task| runtime.block_on(task).expect("no panic")));
    }
    let blocking = runtime.spawn_blocking(|| pthread_self() as u64);
    threads.insert(runtime.block_on(blocking).expect("no panic"));
    threads.into_iter().map(|thread| thread as Pthread).collect()
}

/// Sockets, files, a child and timers, all of which must go well.
async fn work(scratch: &Scratch, round: u64) -> io::Result<()> {
    let sent = pattern(1 << 20, round);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let echo = qi_runtime::spawn(async move {
        let (stream, _) = listener.accept().await?;
        futures_util::io::copy(&stream, &mut &stream).await
    });
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    let bytes = sent.clone();
    let writing = qi_runtime::spawn(async move {
        writer.write_all(&bytes).await?;
        writer.close().await
    });
    let mut got = Vec::new();
    reader.read_to_end(&mut got).await?;
    assert!(got == sent, "the echo differs");
    writing.join().await.expect("no panic")?;
    echo.join().await.expect("no panic")?;

    let path = scratch.path("file");
    fs::write(&path, &sent).await?;
    fs::copy(&path, scratch.path("copy")).await?;
    assert!(fs::read(scratch.path("copy")).await? == sent, "the copy differs");

    let status = Command::new("sleep").arg("0.01").status().await?;
    assert!(status.success(), "{status:?}");
    let begun = Instant::now();
    sleep(Duration::from_millis(2)).await;
    assert!(begun.elapsed() >= Duration::from_millis(2), "an interrupted sleep is not a short one");
    Ok(())
}

#[test]
fn a_storm_of_signals_interrupts_nothing_that_anybody_is_told_of() {
    watched(|| {
        let runtime = runtime(WORKERS);
        let kind = SignalKind::from_raw(STORM as i32);
        let mut signals = runtime.handle().enter(|| signal(kind)).expect("it can be handled");
        let targets = threads(&runtime);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let storm = scope.spawn(|| {
                let mut struck = 0_u64;
                // Once at least, however late this thread begins.
                loop {
                    for target in &targets {
                        // One that has ended is nobody's mistake.
                        struck += u64::from(pthread_kill(*target, STORM).is_ok());
                    }
                    if over.load(SeqCst) {
                        return struck;
                    }
                    thread::yield_now();
                }
            });
            let scratch = Scratch::new();
            for round in 0..3 {
                let outcome = runtime.block_on(work(&scratch, round));
                outcome.expect("a signal is no error");
            }
            over.store(true, SeqCst);
            assert!(storm.join().expect("no panic") > 0);
        });
        runtime.block_on(async {
            assert_eq!(signals.recv().await, Some(()), "it was heard as well");
        });
        drop(signals);
        runtime.shutdown().expect("nothing is left behind");
    });
}
