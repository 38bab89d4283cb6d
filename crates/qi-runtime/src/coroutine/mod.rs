//! Stackful coroutines: straight-line code that waits anywhere, in any depth of calls.
//!
//! A coroutine is a task like any other: [`spawn_coroutine`](crate::spawn_coroutine) gives a
//! [`TaskHandle`](crate::TaskHandle), and priorities, statistics, cancellation and panics are those of
//! tasks. Until it begins any worker may take it; then it stays on that thread, so values that are not
//! `Send`, thread-locals and guards of locks may be kept over a suspension.
//!
//! Inside, any future can be waited for: [`wait`]`(future)`, or as a method, [`Wait::wait`]. So every
//! async operation of this crate has its straight-line twin:
//!
//! | in a future | in a coroutine |
//! |---|---|
//! | `handle.join().await` | `handle.join().wait()` |
//! | `receiver.recv().await` | `receiver.recv().wait()`, or `blocking_recv()` |
//! | `mutex.lock().await` | `mutex.lock().wait()`, or `blocking_lock()` |
//! | `time::sleep(d).await` | [`sleep`]`(d)` |
//! | `select! { … }` | [`select!`](crate::coroutine::select) `{ … }` |
//! | `net::TcpStream`, with `futures-io` | [`net::TcpStream`], with [`std::io::Read`] and `Write` |
//! | `yield_now().await` | [`yield_now`]`()` |
//! | `scope(…).await` | [`scope`]`(…)`, whose children run in parallel and borrow |
//!
//! `block_on` and the `blocking_…` twins suspend as well. On a thread that runs no task, or a blocking
//! call, all of them block. In the poll of a future they panic: there is nothing to suspend.
//!
//! # Examples
//! ```
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(2).build().unwrap();
//! use qi_runtime::coroutine::{Wait, yield_now};
//! use qi_runtime::channel::mpsc;
//!
//! let (sender, mut receiver) = mpsc::bounded(4);
//! let producer = runtime.spawn_coroutine(move || {
//!     for number in 0..100 {
//!         sender.send(number).wait().unwrap();
//!         yield_now();
//!     }
//! });
//! let consumer = runtime.spawn_coroutine(move || {
//!     let mut sum = 0;
//!     while let Some(number) = receiver.recv().wait() {
//!         sum += number;
//!     }
//!     sum
//! });
//! assert_eq!(runtime.block_on(consumer)?, 4950);
//! runtime.block_on(producer)?;
//! # Ok::<(), qi_runtime::JoinError>(())
//! ```

mod io;
pub mod net;
mod scope;

pub use io::Io;
pub use qi_stackful::{
    Cancelled, CoroutineBuilder as Builder, CoroutineStats, StackError, StackPoolStats, Wait,
    in_coroutine, shield, stack_remaining, try_wait, wait, yield_now,
};
pub use scope::{Scope, SpawnCoroutine, scope};

#[doc(inline)]
pub use crate::__coroutine_select as select;
use crate::time::{self, Elapsed, Instant};
use std::future::IntoFuture;
use std::time::Duration;

/// Sleeps for at least `duration`. The coroutine is suspended; a thread is blocked.
///
/// # Panics
/// On a thread that works for no runtime; in the poll of a future.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::coroutine;
/// use std::time::Duration;
/// let task = runtime.spawn_coroutine(|| coroutine::sleep(Duration::from_millis(1)));
/// runtime.block_on(task)?;
/// # Ok::<(), qi_runtime::JoinError>(())
/// ```
#[track_caller]
pub fn sleep(duration: Duration) {
    wait(time::sleep(duration));
}

/// As [`sleep`], until a moment.
///
/// # Panics
/// As there.
#[track_caller]
pub fn sleep_until(deadline: Instant) {
    wait(time::sleep_until(deadline));
}

/// Waits for `future`, but not longer than `duration`.
///
/// # Errors
/// [`Elapsed`]; the future is dropped then.
///
/// # Panics
/// As [`sleep`].
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::coroutine;
/// use std::{future::pending, time::Duration};
/// let task = runtime.spawn_coroutine(|| {
///     coroutine::timeout(Duration::from_millis(1), pending::<()>()).is_err()
/// });
/// assert!(runtime.block_on(task)?);
/// # Ok::<(), qi_runtime::JoinError>(())
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    wait(time::timeout(duration, future.into_future()))
}

/// [`select!`](crate::select) in straight-line code: waits for the first of several futures, and runs
/// its branch. Bodies are part of a future: they may `.await`, and give their value to the whole, but
/// not leave the code around.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::{coroutine, time};
/// use std::{future::pending, time::Duration};
/// let task = runtime.spawn_coroutine(|| {
///     coroutine::select! {
///         () = pending() => "never",
///         () = time::sleep(Duration::from_millis(1)) => "time is up",
///     }
/// });
/// assert_eq!(runtime.block_on(task)?, "time is up");
/// # Ok::<(), qi_runtime::JoinError>(())
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __coroutine_select {
    ($($branches:tt)*) => {
        $crate::coroutine::wait(async { $crate::select! { $($branches)* } })
    };
}
