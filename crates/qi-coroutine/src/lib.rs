//! Stackful coroutines as futures, with a pool of guarded stacks. It needs no runtime.
//!
//! A [`Coroutine`] is a closure with a stack of its own. As a [`Future`] it runs when it is polled;
//! inside of it, [`wait`] polls any future, and where that is not ready the whole call chain, however
//! deep, is suspended until the coroutine is polled again. So straight-line code waits for futures,
//! and futures wait for straight-line code.
//!
//! ```text
//!   poll(cx) ──► Coroutine ──► its stack: f() ─► g() ─► wait(future) ─► future.poll(cx)
//!                    ▲                                      │ Pending
//!                    └────────── Poll::Pending ◄────────────┘ the stack stays as it is
//! ```
//!
//! Stacks come from a [`StackPool`]: reserved address space, a guard below each stack, memory only
//! where it was touched; a [`StackCache`] in front of it belongs to one thread and takes no lock.
//!
//! # Examples
//! ```
//! use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig, wait};
//!
//! fn deep(n: u32) -> u32 {
//!     if n == 0 { wait(async { 7 }) } else { deep(n - 1) + 1 }
//! }
//!
//! let pool = StackPool::new(StackPoolConfig::default())?;
//! let coroutine = Coroutine::new(pool.take(None)?, Label::new("deep"), || deep(10));
//! let sum = qi_coroutine::block_on(coroutine)?;
//! assert_eq!(sum, 17);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Future`]: std::future::Future
#![cfg_attr(
    not(qi_fiber),
    allow(dead_code, reason = "threads have stacks of their own; only the books are kept then")
)]

mod along;
mod arena;
mod cache;
mod cancel;
mod config;
mod coroutine;
mod embedder;
mod engine;
mod error;
mod head;
mod label;
mod memory;
pub mod overflow;
mod park;
mod pool;
mod slot;
mod stack;
mod stats;
#[cfg(qi_fiber)]
mod tsan;
mod wait;

pub use along::Along;
pub use cache::StackCache;
pub use cancel::Cancelled;
pub use config::{Guards, StackPoolConfig};
pub use coroutine::{Coroutine, Outcome, Portable};
pub use embedder::{Blocked, BlockedWhy, Embedder};
pub use error::StackError;
pub use label::Label;
pub use park::block_on;
pub use pool::StackPool;
pub use stack::Stack;
pub use stats::StackPoolStats;
pub use wait::{
    Current, current, in_coroutine, shield, stack_remaining, suspend, try_wait, wait, wait_inside,
    yield_now,
};
