//! What the tests of the network share: runtimes, a watchdog, connected pairs, patterns of bytes.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use qi_runtime::AsyncRuntime;
use qi_runtime::net::{TcpListener, TcpStream};
pub(crate) use qi_test_kit::watched;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::task::{Context, Poll, Waker};

pub(crate) const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

pub(crate) fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("a runtime starts")
}

/// Runs a test as a task, on a runtime of one worker and on one of four.
pub(crate) fn on_1_and_4_workers<F, R>(test: F)
where
    F: Fn() -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    watched(move || {
        for workers in [1, 4] {
            let runtime = runtime(workers);
            let outcome = runtime.block_on(runtime.spawn(test()).join());
            if let Err(error) = outcome {
                resume_unwind(error.into_panic());
            }
            assert_eq!(runtime.stats().io_sources(), 0, "every socket has left the event queues");
            runtime.shutdown().expect("nothing is left behind");
        }
    });
}

/// A listener on a free port, and its address.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(LOOPBACK).await.expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Both ends of one connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listen().await;
    let one = TcpStream::connect(address).await.expect("somebody listens");
    let (other, _) = listener.accept().await.expect("somebody connects");
    (one, other)
}

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Bytes that tell from each other at any shift.
pub(crate) fn pattern(length: usize, salt: u64) -> Vec<u8> {
    let mut dice = Dice(salt);
    (0..length).map(|_| dice.roll(256) as u8).collect()
}

/// Reproducible randomness.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `bound`.
    pub(crate) fn roll(&mut self, bound: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
