//! What the tests of several crates share: futures polled by hand and dropped at every poll,
//! wakers that count, record or misbehave, values that count their drops, a watchdog, an event, dice.
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
mod event;
mod hand;
mod own_program;
mod poll;
mod seeded;
mod token;
mod waker;
mod watched;

pub use drop_at_every_poll::{DropAtEveryPoll, Run, Summary};
pub use event::Event;
pub use hand::Hand;
pub use own_program::own_program;
pub use poll::{poll_once, poll_with};
pub use seeded::Seeded;
pub use token::{Ledger, Token};
pub use waker::{WakeCount, WakeLog, waker_fn, waker_fn_with_drop};
pub use watched::{until, watched, watched_for};
