//! What the structures promise, by topic. Every body runs under a watchdog, so that a hang fails.
#![forbid(unsafe_code)]

mod auto_traits;
mod blocking_scope;
mod forgotten;
mod group;
mod inherit;
mod join;
mod join_set;
mod scope;
mod select;
mod support;
