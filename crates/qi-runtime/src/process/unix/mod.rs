//! What processes are on Unix: pipes in the reactor, ends by descriptor or by signal.

mod command;
mod exit;
mod pipe;
mod reap;

#[cfg(target_os = "linux")]
#[path = "descriptor/pidfd.rs"]
mod descriptor;
#[cfg(not(target_os = "linux"))]
#[path = "descriptor/none.rs"]
mod descriptor;

pub(super) use exit::ExitWatch;
pub(super) use pipe::{PipeReader, PipeWriter};
pub(super) use reap::reap;
