//! Waiting for the end of a child.

use crate::error::RuntimeError;
use qi_sync::Notify;
use qi_sys::windows::ExitWait;
use std::io;
use std::os::windows::io::AsHandle;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

/// How the end of one child is noticed.
#[derive(Default)]
pub(in crate::process) enum ExitWatch {
    /// Taken out of a child that is dropped.
    #[default]
    Nothing,
    /// Nobody has waited yet.
    Later,
    /// The end is a notification, which is stored until somebody waits for it.
    Waiting(ExitWait, Arc<Notify>),
}

impl ExitWatch {
    pub(in crate::process) fn here() -> io::Result<Self> {
        Ok(Self::Later)
    }

    /// Waits for the end. Cancel safe: the end stays to be seen.
    pub(in crate::process) async fn exit(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        if let Self::Later = self {
            let ended = Arc::new(Notify::new());
            let teller = ended.clone();
            let process = child.as_handle().try_clone_to_owned()?;
            *self = Self::Waiting(ExitWait::new(process, move || teller.notify_one())?, ended);
        }
        let Self::Waiting(_wait, ended) = self else { return Err(RuntimeError::Stopped.into()) };
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            ended.notified().await;
        }
    }
}

/// Nothing is left of a process here when its last handle is closed.
pub(in crate::process) fn reap(child: Child, watch: ExitWatch) {
    drop((child, watch));
}
