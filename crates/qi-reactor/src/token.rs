//! Tokens that name a slot of a source table and the use of it: index and generation in one `usize`.
//!
//! The lower half is the index, the upper the generation (on 32-bit platforms 20 and 12 bits). A
//! generation comes back after 2^32 (2^12) uses of one slot. An event so old is impossible (events
//! live for one turn), and would be harmless: it would announce readiness that is not there, which
//! any edge-triggered event may.

use mio::Token;

const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = (usize::MAX >> INDEX_BITS) as u32;

/// How many slots a table may have. The last indices are left to the tokens below.
pub(crate) const MAX_SLOTS: usize = INDEX_MASK - 1;

/// The event queue's waker.
pub(crate) const WAKER: Token = Token(usize::MAX);

/// The event queue's alarm.
pub(crate) const ALARM: Token = Token(usize::MAX - 1);

/// Slot and generation of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceToken {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl SourceToken {
    /// The generation that follows `generation`.
    pub(crate) fn next_generation(generation: u32) -> u32 {
        generation.wrapping_add(1) & GENERATION_MASK
    }
}

impl From<SourceToken> for Token {
    fn from(token: SourceToken) -> Self {
        Self(((token.generation as usize) << INDEX_BITS) | token.index as usize)
    }
}

impl From<Token> for SourceToken {
    fn from(token: Token) -> Self {
        Self { index: (token.0 & INDEX_MASK) as u32, generation: (token.0 >> INDEX_BITS) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_generation_survive_the_token() {
        let last_index = (MAX_SLOTS - 1) as u32;
        for index in [0, 1, last_index] {
            for generation in [0, 1, GENERATION_MASK] {
                let token = SourceToken { index, generation };
                assert_eq!(SourceToken::from(Token::from(token)), token);
                assert_ne!(Token::from(token), WAKER);
                assert_ne!(Token::from(token), ALARM);
            }
        }
    }

    #[test]
    fn generations_wrap_within_their_bits() {
        assert_eq!(SourceToken::next_generation(GENERATION_MASK), 0);
    }
}
