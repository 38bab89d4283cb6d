//! Waiting for another thread that is between two instructions.
#![forbid(unsafe_code)]

/// Looks before the wait gives the processor away: by then the other thread was pre-empted.
const LOOKS: u32 = 64;

/// A wait for something that another thread does next, whatever it is doing.
#[derive(Debug, Default)]
pub(crate) struct Spin {
    looks: u32,
}

impl Spin {
    /// Waits for a moment: longer when it has been called often.
    pub(crate) fn wait(&mut self) {
        if self.looks < LOOKS {
            self.looks += 1;
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }

    /// Waits for a moment, unless the other thread seems to have been pre-empted.
    pub(crate) fn wait_briefly(&mut self) -> bool {
        let again = self.looks < LOOKS;
        if again {
            self.wait();
        }
        again
    }
}
