//! What the tests of several crates share: futures polled by hand and dropped at every poll,
//! wakers that count, record or misbehave, values that count their drops.
//!
//! It knows nothing of Qi, so every crate's tests may use it, and it needs no runtime.
//!
//! # Examples
//! A future that waits for a flag, dropped at every point of every interleaving of its polls
//! with the one thing that the world does:
//! ```
//! use qi_test_kit::DropAtEveryPoll;
//! use std::cell::RefCell;
//! use std::future::poll_fn;
//! use std::task::{Poll, Waker};
//!
//! #[derive(Default)]
//! struct World {
//!     set: RefCell<bool>,
//!     waiter: RefCell<Option<Waker>>,
//! }
//!
//! let summary = DropAtEveryPoll::new(World::default)
//!     .may_keep_wakers() // This world forgets no waiter; a good one does.
//!     .steps(1, |world, _step| {
//!         *world.set.borrow_mut() = true;
//!         if let Some(waiter) = world.waiter.take() {
//!             waiter.wake();
//!         }
//!     })
//!     .run(
//!         |world| {
//!             Box::pin(poll_fn(|cx| {
//!                 if *world.set.borrow() {
//!                     return Poll::Ready(());
//!                 }
//!                 *world.waiter.borrow_mut() = Some(cx.waker().clone());
//!                 Poll::Pending
//!             }))
//!         },
//!         |world, _run| assert!(*world.set.borrow()),
//!     );
//! assert!(summary.completed > 0 && summary.dropped > 0);
//! ```
#![forbid(unsafe_code)]

mod drop_at_every_poll;
mod own_program;
mod poll;
mod token;
mod waker;

pub use drop_at_every_poll::{DropAtEveryPoll, Run, Summary};
pub use own_program::own_program;
pub use poll::{poll_once, poll_with};
pub use token::{Ledger, Token};
pub use waker::{WakeCount, WakeLog, waker_fn, waker_fn_with_drop};
