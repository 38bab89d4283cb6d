//! The buffer of a thread, lent to whoever reads and writes within one poll.
//!
//! # Rejected alternatives
//! A buffer per copy: it is what an idle connection of a proxy weighs. A buffer per poll: clearing it
//! costs more than a small transfer.

use std::cell::Cell;

/// What a copy transfers at once when nothing else is said, in bytes. Larger pieces save system
/// calls, but a copy whose writer is stuck keeps up to this many.
pub(super) const DEFAULT_SIZE: usize = 16 * 1024;

/// Buffers up to this long stay with their thread, in bytes.
const LONGEST_KEPT: usize = 64 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends `size` bytes, whose content means nothing, for the length of `code`.
pub(super) fn lend<R>(size: usize, code: impl FnOnce(&mut [u8]) -> R) -> R {
    // `code` polls what users wrote, which may come back here: the buffer is taken out, not borrowed.
    // A thread that is about to end has none any more.
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let result = code(&mut buffer[..size]);
    if buffer.len() <= LONGEST_KEPT {
        // Ends with the thread otherwise, which has no use for it.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loan_within_a_loan_is_another_buffer() {
        lend(4, |outer| {
            outer.fill(1);
            lend(4, |inner| inner.fill(2));
            assert_eq!(outer, [1; 4]);
        });
    }

    #[test]
    fn a_long_buffer_does_not_stay() {
        lend(LONGEST_KEPT + 1, |buffer| assert_eq!(buffer.len(), LONGEST_KEPT + 1));
        assert_eq!(SPARE.take().len(), 0);
        lend(8, |buffer| assert_eq!(buffer.len(), 8));
        assert_eq!(SPARE.take().len(), 8);
    }
}
