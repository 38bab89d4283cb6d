//! The scope whose children are tasks of their own and borrow all the same: its caller blocks until
//! they have ended.
//!
//! ```text
//!   scope_blocking (this stack frame) ── body ──► BlockingScope::spawn ──► task of the scheduler
//!        │ returned or panicked                                               │ owns the child,
//!        ▼                                                                    │ then a Guard
//!   waits until the register is empty ◄────────── Guard dropped ◄─────────────┘
//! ```
//!
//! `scope.rs` holds the only unsafe code of this crate and the argument for it; `register.rs` knows
//! which children are left.

mod register;
mod run;
mod scope;
mod task;

pub use scope::{BlockingScope, scope_blocking, scope_blocking_on};
pub use task::ScopedTask;
