//! Notices in debug builds that a scheduler is used in a forked child, where it has no threads.
#![forbid(unsafe_code)]

/// The process that a scheduler was made in.
#[derive(Debug)]
pub(crate) struct HomeProcess {
    id: u32,
}

impl HomeProcess {
    pub(crate) fn here() -> Self {
        Self { id: std::process::id() }
    }

    /// After a `fork` only `exec` is supported: the child has none of the worker threads, and their
    /// locks may be held for ever. Costs a system call, so release builds do without.
    ///
    /// # Panics
    /// In a debug build, in any other process than the one the scheduler was made in.
    #[inline]
    #[track_caller]
    pub(crate) fn check(&self) {
        if cfg!(debug_assertions) {
            assert!(
                self.id == std::process::id(),
                "this Qi scheduler was made in process {}: after a fork only exec is supported",
                self.id
            );
        }
    }
}
