//! Channels and locks for Qi's tasks: they know priorities, spend the budget and lose nothing.
#![forbid(unsafe_code)]

#[allow(dead_code, reason = "the blocking twins of the primitives that follow")]
mod blocking;
#[allow(dead_code, unused_imports, unused_macros, reason = "for the primitives that follow")]
mod sync;
#[allow(dead_code, reason = "for the primitives that follow")]
mod wake;
