//! Values that count: what was made, what is alive, what was dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

/// Hands out [`Token`]s and knows how many of them are alive.
///
/// # Examples
/// ```
/// use qi_test_kit::Ledger;
/// let ledger = Ledger::new();
/// let (first, second) = (ledger.token(1), ledger.token(2));
/// drop(first);
/// assert_eq!((ledger.made(), ledger.alive(), ledger.dropped()), (2, 1, 1));
/// assert_eq!(second.number(), 2);
/// drop(second);
/// ledger.assert_all_dropped();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    counts: Arc<Counts>,
}

impl Ledger {
    /// Makes a ledger without tokens.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a token that carries `number`.
    #[must_use]
    pub fn token(&self, number: usize) -> Token {
        // All counts are SeqCst: this is test code, and nobody should have to think about it.
        self.counts.made.fetch_add(1, Ordering::SeqCst);
        Token { number, counts: self.counts.clone() }
    }

    /// Returns how many tokens were made, clones included.
    #[must_use]
    pub fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// Returns how many tokens were dropped.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.counts.dropped.load(Ordering::SeqCst)
    }

    /// Returns how many tokens are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        let dropped = self.dropped();
        self.made() - dropped
    }

    /// Asserts that no token is alive.
    ///
    /// # Panics
    /// If one is.
    #[track_caller]
    pub fn assert_all_dropped(&self) {
        assert_eq!(self.alive(), 0, "of {} tokens some are alive", self.made());
    }
}

/// A value that its [`Ledger`] sees come and go. A clone is a token of its own.
#[derive(Debug)]
pub struct Token {
    number: usize,
    counts: Arc<Counts>,
}

impl Token {
    /// Returns the number that the token was made with.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        Ledger { counts: self.counts.clone() }.token(self.number)
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Token {}

impl Drop for Token {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_counted_on_its_own() {
        let ledger = Ledger::new();
        let token = ledger.token(3);
        let clone = token.clone();
        assert_eq!(token, clone);
        drop(token);
        assert_eq!((ledger.made(), ledger.alive()), (2, 1));
        drop(clone);
        ledger.assert_all_dropped();
    }
}
