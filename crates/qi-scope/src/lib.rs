//! Structure for Qi's tasks: what is begun in a place ends there.
//!
//! Parallel, borrowing and non-blocking: of these three a scope can have two, because a future may be
//! forgotten ([`std::mem::forget`]) while its children use what it borrowed. So there are three forms:
//!
//! | form | parallel | borrows | its caller meanwhile |
//! |---|---|---|---|
//! | [`scope`] | no: the children live in the parent's future | yes | suspends |
//! | [`scope_blocking`] | yes | yes | blocks its thread |
//! | [`JoinSet`], [`TaskGroup`] | yes | no | suspends, or does something else |
//!
//! Besides: [`select!`], [`join!`], [`try_join!`] and [`race!`] for futures that go on side by side in
//! one task; and what children inherit: [`with_cancellation`], [`known_deadline`].
//!
//! # Examples
//! ```
//! # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
//! let names = ["ada".to_owned(), "grace".to_owned()];
//! let letters = scheduler.block_on(qi_scope::scope(async |scope| {
//!     let first = scope.spawn(async { names[0].len() });
//!     let second = scope.spawn(async { names[1].len() });
//!     first.await + second.await
//! }));
//! assert_eq!(letters, 8);
//! ```
#![deny(unsafe_code)]

mod blocking;
mod combine;
mod error;
mod group;
mod inherit;
mod scope;
mod set;
mod slot;

pub use blocking::{BlockingScope, ScopedTask, scope_blocking, scope_blocking_on};
pub use error::{ChildError, GroupError, PanicPayload, Stopped};
pub use group::{OnError, TaskGroup};
pub use inherit::{
    cancellation, child_cancellation, deadline, known_deadline, until_cancelled, with_cancellation,
};
pub use scope::{LocalScope, Scope, ScopeFuture, ScopedChild, scope, scope_local};
pub use set::{Builder, JoinSet};

#[doc(hidden)]
pub use combine::__private;

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
