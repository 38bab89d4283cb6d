//! Stackful coroutines as tasks: the stacks of [`qi_coroutine`] under the workers of [`qi_sched`].
//!
//! ```text
//!   spawn(f) ──► a task, stealable until it begins ──► first poll: a stack from the seat's cache
//!                                                        │
//!   worker ── poll ──► CoroutineTask ── switch ──► f() ─► g() ─► wait(future)
//!                          ▲                                        │ Pending
//!                          └──────────── switch back ◄──────────────┘
//! ```
//!
//! A coroutine's [`TaskHandle`](qi_sched::TaskHandle) is one like any other: states, statistics,
//! priorities, panics and cancellation are the scheduler's. Inside, [`wait`] suspends; so does
//! `block_on`, and with it every blocking twin of a primitive.
//!
//! It is a crate of its own because the two below know nothing of each other, and because the runtime
//! above, which adds timers and sockets, is to stay free of unsafe code.
//!
//! # Examples
//! ```
//! use qi_sched::Scheduler;
//! use qi_stackful::{Coroutines, Wait, spawn};
//!
//! let scheduler = Scheduler::builder().worker_threads(2).stacks(Coroutines::new()).build()?;
//! let sum = scheduler.block_on(async {
//!     spawn(|| {
//!         let children: Vec<_> = (0..10).map(|n| spawn(move || n * n)).collect();
//!         children.into_iter().map(|child| child.join().wait().unwrap()).sum::<u32>()
//!     })
//!     .join()
//!     .await
//! })?;
//! assert_eq!(sum, 285);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod along;
mod builder;
mod coroutines;
mod task;
mod wait;

pub use builder::{CoroutineBuilder, spawn, spawn_migratable};
pub use coroutines::{CoroutineStats, Coroutines};
pub use qi_coroutine::{
    Cancelled, Guards, StackError, StackPoolConfig, StackPoolStats, in_coroutine, overflow, shield,
    stack_remaining,
};
pub use wait::{Wait, try_wait, wait, yield_now};

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
