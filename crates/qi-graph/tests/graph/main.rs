//! The tests of the graph crate, by topic.
#![forbid(unsafe_code)]

mod blocking;
mod bounds;
mod cancelling;
mod clock;
mod events;
mod failing;
mod flow;
mod inner;
mod invalid;
mod large;
mod order;
mod pictures;
mod resuming;
mod retrying;
mod support;
mod taken_away;
