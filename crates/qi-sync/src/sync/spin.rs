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

/// Pauses after the first lost race, as a power of two.
const FIRST: u32 = 3;
/// Pauses after the last.
const LAST: u32 = 7;

/// Standing back after a race for a word was lost, so that who has won can go on for a while with
/// the word in its cache: two that try again at once pass it to and fro, and both are slow.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    lost: u32,
}

impl Backoff {
    /// Waits for longer each time, and says so: the word may be another one by now.
    #[cold]
    pub(crate) fn wait(&mut self) -> bool {
        let pauses = 1 << (FIRST + self.lost).min(LAST);
        self.lost += 1;
        for _ in 0..pauses {
            std::hint::spin_loop();
        }
        true
    }
}
