//! What the process holds of the system: open descriptors and threads.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use crate::ledger::Ledger;

/// A thread that was joined may stand in `/proc` for a moment longer.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// Descriptors, by number and what they are, and the count of threads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Census {
    descriptors: Vec<String>,
    threads: usize,
}

impl Census {
    pub(crate) fn take() -> io::Result<Self> {
        let mut descriptors = Vec::new();
        for entry in fs::read_dir("/proc/self/fd")? {
            let path = entry?.path();
            // The descriptor that reads the folder is gone by the time it is looked at.
            if let Ok(what) = fs::read_link(&path) {
                let number = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                descriptors.push(format!("{number} {}", what.display()));
            }
        }
        descriptors.retain(|descriptor| !descriptor.contains("/proc/"));
        descriptors.sort();
        let threads = fs::read_dir("/proc/self/task")?.count();
        Ok(Self { descriptors, threads })
    }

    /// Waits until the process holds what it held then; whatever stays too much is noted.
    pub(crate) fn expect_again(&self, when: &str, ledger: &Ledger) {
        let deadline = Instant::now() + ledger.patience();
        loop {
            match Self::take() {
                Ok(now) if now == *self => return,
                Ok(now) if Instant::now() > deadline => {
                    ledger.leak(&format!("{when}: {self:?} before, {now:?} now"));
                    return;
                }
                Ok(_) => std::thread::sleep(LOOK_EVERY),
                Err(error) => {
                    ledger.wrong(&format!("{when}: /proc cannot be read: {error}"));
                    return;
                }
            }
        }
    }
}
