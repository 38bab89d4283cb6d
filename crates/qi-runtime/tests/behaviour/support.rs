//! What the tests share: a watchdog, an event, dice, something that knows that it was dropped.

pub(crate) use qi_test_kit::{Event, Seeded, until, watched};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Says whether it was dropped.
#[derive(Debug)]
pub(crate) struct Dropped(Arc<AtomicBool>);

impl Dropped {
    pub(crate) fn new() -> (Self, Arc<AtomicBool>) {
        let flag = Arc::new(AtomicBool::new(false));
        (Self(flag.clone()), flag)
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        assert!(!self.0.swap(true, SeqCst), "dropped once");
    }
}
