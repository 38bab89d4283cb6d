//! Ctrl-C (and a request to terminate): remembered here, acted upon where a child is waited for.
//!
//! Children run in process groups of their own, so that a hang can be killed with all it started;
//! the terminal's Ctrl-C therefore reaches only this program, which must pass it on.

use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status of a run that was interrupted, as shells report it.
pub(crate) const EXIT_STATUS: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen.
pub(crate) fn install() -> anyhow::Result<()> {
    // Relaxed: the flag publishes no other data; it is polled, and seen soon enough.
    ctrlc::set_handler(|| REQUESTED.store(true, Ordering::Relaxed))?;
    Ok(())
}

/// Whether the user wants this program to end.
pub(crate) fn requested() -> bool {
    // Relaxed: see `install`.
    REQUESTED.load(Ordering::Relaxed)
}
