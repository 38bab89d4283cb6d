//! Futures side by side in one task: `select!`, `join!`, `try_join!`, `race!`.
//!
//! # Why not those of futures-util
//! Its `select!` wants futures that are fused and unpinned, and knows neither conditions, patterns
//! that may not match, nor `else`; its `join!` needs a crate of procedural macros, which every user
//! would compile. What serves from there is used: [`FuturesUnordered`] in scopes and sets, and
//! [`MaybeDone`] here.
//!
//! # How they behave
//! * **Fairness.** Each poll begins with another branch (by chance in `select!`, in turns in
//!   `join!`), unless `biased;` is said. Otherwise a first branch that is always ready, or
//!   that spends the budget, would keep the others waiting.
//! * **Cancel safety.** A `select!` drops the branches that lost, wherever they were. `join!` drops
//!   nothing before its own end, `try_join!` on the first error.
//! * **Budget.** All branches spend that of the one task they are in. When it is spent they answer
//!   `Pending`, and the task comes back in its turn.
//!
//! All is `macro_rules` and `pin!`: no procedural macros, no unsafe code.
//!
//! [`FuturesUnordered`]: futures_util::stream::FuturesUnordered
//! [`MaybeDone`]: futures_util::future::MaybeDone
#![forbid(unsafe_code)]

mod join;
mod select;

/// What the macros' expansions call. No part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use futures_util::future::{MaybeDone, TryMaybeDone, maybe_done, try_maybe_done};
    pub use std::future::{Future, IntoFuture, poll_fn};
    pub use std::task::Poll;

    /// What a `select!` came to: the output of this branch, or what the rest came to.
    #[doc(hidden)]
    #[derive(Debug)]
    pub enum Out<T, R> {
        /// The output of this branch.
        This(T),
        /// What one of the branches after it gave; `()` after the last.
        Rest(R),
    }

    /// The branch to begin with.
    #[must_use]
    pub fn any_of(branches: usize) -> usize {
        qi_sched::context::random_below(branches)
    }

    /// The branch that comes `turn` turns after the `first`.
    #[must_use]
    pub fn wrapped(first: usize, turn: usize, branches: usize) -> usize {
        first.wrapping_add(turn) % branches
    }

    /// The output of a future that is known to be done.
    pub fn taken<T>(output: Option<T>) -> T {
        output.expect("a joined future is done, and its output is taken once")
    }
}
