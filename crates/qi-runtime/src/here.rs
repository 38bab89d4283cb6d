//! The runtime that the calling thread works for, for what is made without naming one.

use crate::driver::ReactorDriver;
use qi_reactor::Reactor;
use qi_sched::NoRuntimeError;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// What is said when there is no runtime with timers and sockets on the thread.
#[track_caller]
fn no_runtime() -> ! {
    panic!("{NoRuntimeError}")
}

/// Calls `code` with the current runtime's driver.
///
/// # Panics
/// On a thread that works for no runtime.
#[track_caller]
pub(crate) fn with_driver<R>(code: impl FnOnce(&ReactorDriver) -> R) -> R {
    let found = qi_sched::context::with_driver(|driver| {
        driver.as_any().downcast_ref::<ReactorDriver>().map(code)
    });
    match found.flatten() {
        Some(result) => result,
        None => no_runtime(),
    }
}

/// The present moment on the current runtime's clock; on the system's where there is no runtime.
pub(crate) fn now() -> Instant {
    let found = qi_sched::context::with_driver(|driver| {
        driver.as_any().downcast_ref::<ReactorDriver>().map(|driver| driver.reactor().now())
    });
    found.flatten().unwrap_or_else(Instant::now)
}

/// Calls `code` with the current runtime's driver, or returns an error for I/O functions.
pub(crate) fn try_with_driver<R>(code: impl FnOnce(&ReactorDriver) -> R) -> io::Result<R> {
    let found = qi_sched::context::with_driver(|driver| {
        driver.as_any().downcast_ref::<ReactorDriver>().map(code)
    });
    let reactor = found.flatten().ok_or_else(|| io::Error::other(NoRuntimeError))?;
    refuse_in_simulation()?;
    Ok(reactor)
}

/// An error where the thread's runtime is simulated: what the system's network does cannot be repeated.
pub(crate) fn refuse_in_simulation() -> io::Result<()> {
    let simulated = qi_sched::context::with_driver(|driver| {
        driver.as_any().downcast_ref::<ReactorDriver>().is_some_and(ReactorDriver::is_simulated)
    });
    if simulated == Some(true) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a simulated runtime has no part of the system's network, see simulation::net",
        ));
    }
    Ok(())
}

/// The current runtime's reactor, or an error for I/O functions.
pub(crate) fn reactor() -> io::Result<Arc<Reactor>> {
    try_with_driver(|driver| driver.reactor().clone())
}

/// The shard of `reactor` that is nearest to the calling thread.
pub(crate) fn place(reactor: &Reactor) -> usize {
    let here = qi_sched::context::with_driver(|driver| {
        driver.as_any().downcast_ref::<ReactorDriver>().map(ReactorDriver::shard_here)
    });
    here.flatten().unwrap_or(0) % reactor.shards()
}
