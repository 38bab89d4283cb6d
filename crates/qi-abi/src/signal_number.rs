//! The numbers that a signal handler can tell of, and who waits for each.
#![forbid(unsafe_code)]

use std::array;
use std::sync::LazyLock;

use qi_runtime::sync::Notify;

/// Numbers are 1 to 64.
const NUMBERS: usize = 64;

/// Where the waiters for a number stand.
pub(crate) fn waiters_of(index: usize) -> &'static Notify {
    static WAITERS: LazyLock<[Notify; NUMBERS]> =
        LazyLock::new(|| array::from_fn(|_| Notify::new()));
    &WAITERS[index]
}

/// The place of a number.
pub(crate) fn index(number: i32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1).filter(|index| *index < NUMBERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_one_to_sixty_four() {
        let places = [i32::MIN, 0, 1, 64, 65].map(index);
        assert_eq!(places, [None, None, Some(0), Some(63), None]);
    }
}
