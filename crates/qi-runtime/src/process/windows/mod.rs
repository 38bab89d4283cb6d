//! What processes are on Windows: pipes that block, ends told by the system's pool of threads.

mod command;
mod exit;
mod pipe;

pub(super) use exit::{ExitWatch, reap};
pub(super) use pipe::{PipeReader, PipeWriter};
