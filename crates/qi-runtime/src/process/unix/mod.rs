//! What processes are on Unix: pipes in the reactor, ends by descriptor or by signal.

mod command;
mod exit;
mod pipe;
mod reap;

// It is watched as it is, so the edges must be the system's.
#[cfg(all(target_os = "linux", not(mio_unsupported_force_poll_poll)))]
#[path = "descriptor/pidfd.rs"]
mod descriptor;
#[cfg(not(all(target_os = "linux", not(mio_unsupported_force_poll_poll))))]
#[path = "descriptor/none.rs"]
mod descriptor;

pub(super) use exit::ExitWatch;
pub(super) use pipe::{PipeReader, PipeWriter};
pub(super) use reap::reap;
