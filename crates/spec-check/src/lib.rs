//! Plays the compiler crate of the specification: all it says is `pub use qi_runtime as runtime`.
#![forbid(unsafe_code)]

#[cfg(doctest)]
mod guide;

pub use qi_runtime as runtime;
