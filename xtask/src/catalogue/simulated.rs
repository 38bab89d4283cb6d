//! Faults that are planted in the production code, one at a time, for the simulation to find.
//!
//! Each is a value of `cfg(qi_mutant = "NAME")`, as the mutants of the loom models are. `cargo xtask tidy`
//! sees to it that the sources have it.

/// Seeds within which a planted fault must be found.
pub(crate) const FOUND_WITHIN: u64 = 1_000;

/// One planted fault.
pub(crate) struct Planted {
    pub(crate) mutant: &'static str,
    /// What goes wrong.
    pub(crate) about: &'static str,
    /// Whether continuous integration plants it too: each costs a build of most of the workspace.
    pub(crate) ci: bool,
}

pub(crate) const PLANTED: &[Planted] = &[
    Planted {
        mutant: "role_is_never_given_up",
        about: "a worker that was woken to search forgets to say that it has stopped",
        ci: true,
    },
    Planted {
        mutant: "lock_cancel_keeps_chance",
        about: "a waiter for a lock that gives up does not pass on that the lock is free",
        ci: false,
    },
];
