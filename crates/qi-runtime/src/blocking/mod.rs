//! What blocks, made asynchronous: calls as futures, and files as streams.

mod call;
mod device;
mod job;
mod state;
mod stream;
mod wake;

pub(crate) use call::{call, call_on};
pub(crate) use device::Device;
pub(crate) use stream::Stream;
