//! What a stream over blocking calls remembers between them.
//!
//! # States
//! ```text
//!            poll_read, nothing read ahead          poll_write
//!   Reading ◄──────────────────────────── Idle ────────────────► Writing ⟲ while the outbox fills
//!      └──────────────────────────────────►  ◄──────────────────────┘
//!                                          │ ▲
//!                               poll_seek  ▼ │
//!                                        Seeking
//! ```
//! At most one call is on its way, and it alone touches the device's cursor. What was read ahead
//! stays in the inbox until it is asked for; what was written stays in the outbox until the writing
//! call takes it.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::task::Waker;

/// The call that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    Idle,
    Reading,
    Writing,
    Seeking,
}

/// Bytes that wait to be written. More wait outside.
pub(super) const ROOM: usize = 256 * 1024;

/// The first read asks for so much.
pub(super) const FIRST_CHUNK: usize = 16 * 1024;

/// Reads ask for up to so much at once, when they follow one another and find it.
pub(super) const LONGEST_CHUNK: usize = 512 * 1024;

/// Buffers up to this size are kept while nothing happens.
const KEPT: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct State {
    pub(super) busy: Busy,
    /// Bytes of the last read.
    inbox: Vec<u8>,
    /// Which of them nobody has asked for yet.
    unread: Range<usize>,
    /// How much the next read asks for.
    pub(super) chunk: usize,
    /// Bytes taken from the user, and not yet by the writing call.
    pub(super) outbox: Vec<u8>,
    /// The other buffer of the two that the outbox alternates between.
    spare: Vec<u8>,
    /// Why writing failed, until somebody is told.
    pub(super) fault: Option<io::Error>,
    /// How a read ended that brought no bytes.
    pub(super) ended: Option<io::Result<()>>,
    /// A seek, and what came of it.
    pub(super) sought: Option<(SeekFrom, Option<io::Result<u64>>)>,
    /// Who polled last and was told to wait.
    pub(super) waker: Option<Waker>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            busy: Busy::Idle,
            inbox: Vec::new(),
            unread: 0..0,
            chunk: FIRST_CHUNK,
            outbox: Vec::new(),
            spare: Vec::new(),
            fault: None,
            ended: None,
            sought: None,
            waker: None,
        }
    }

    /// Bytes that the cursor is ahead of what the user has read.
    pub(super) fn ahead(&self) -> usize {
        self.unread.len()
    }

    /// Gives the user bytes that were read ahead.
    pub(super) fn give(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.ahead());
        let start = self.unread.start;
        buffer[..count].copy_from_slice(&self.inbox[start..start + count]);
        self.unread.start += count;
        count
    }

    /// Forgets what was read ahead: the cursor is where the user thinks it is.
    pub(super) fn forget_ahead(&mut self) {
        self.unread = 0..0;
    }

    /// Lends the inbox to a reading call.
    pub(super) fn lend_inbox(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.inbox)
    }

    /// Takes the inbox back with `count` bytes in it.
    pub(super) fn filled(&mut self, inbox: Vec<u8>, count: usize) {
        // Reads that follow one another grow, up to where a call's fixed cost does not show.
        if count == self.chunk {
            self.chunk = (self.chunk * 2).min(LONGEST_CHUNK);
        }
        self.unread = 0..count;
        self.inbox = inbox;
    }

    /// Whether `length` more bytes may be taken. A write that fits is not split.
    pub(super) fn has_room(&self, length: usize) -> bool {
        self.outbox.is_empty() || self.outbox.len() + length <= ROOM
    }

    /// The bytes to be written now; `None` if there are none left.
    pub(super) fn next_batch(&mut self) -> Option<Vec<u8>> {
        if self.outbox.is_empty() {
            return None;
        }
        let spare = std::mem::take(&mut self.spare);
        Some(std::mem::replace(&mut self.outbox, spare))
    }

    /// Takes the buffer of a batch back.
    pub(super) fn batch_done(&mut self, mut batch: Vec<u8>, outcome: io::Result<()>) {
        batch.clear();
        self.spare = batch;
        if let Err(error) = outcome {
            // What came after the failed bytes would land in the wrong place.
            self.outbox.clear();
            self.fault = Some(error);
        }
    }

    /// The call has ended.
    pub(super) fn settle(&mut self) -> Option<Waker> {
        self.busy = Busy::Idle;
        for buffer in [&mut self.outbox, &mut self.spare] {
            if buffer.is_empty() && buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        self.waker.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fits_is_not_split_and_a_longer_one_begins_an_empty_outbox() {
        let mut state = State::new();
        assert!(state.has_room(ROOM) && state.has_room(ROOM * 2));
        state.outbox.extend([0; 10]);
        assert!(state.has_room(ROOM - 10));
        assert!(!state.has_room(ROOM - 9));
    }

    #[test]
    fn a_fault_drops_what_was_to_follow() {
        let mut state = State::new();
        state.outbox.extend(b"first");
        let batch = state.next_batch().expect("something was written");
        state.outbox.extend(b"second");
        state.batch_done(batch, Err(io::ErrorKind::StorageFull.into()));
        assert!(state.next_batch().is_none());
        assert!(state.fault.is_some());
    }

    #[test]
    fn reads_that_are_filled_grow_up_to_a_bound() {
        let mut state = State::new();
        let mut sizes = Vec::new();
        for _ in 0..8 {
            sizes.push(state.chunk);
            let inbox = vec![0; state.chunk];
            state.filled(inbox, state.chunk);
        }
        assert_eq!(sizes[0], FIRST_CHUNK);
        assert_eq!(sizes[7], LONGEST_CHUNK);
        state.filled(vec![0; LONGEST_CHUNK], 3);
        assert_eq!((state.chunk, state.ahead()), (LONGEST_CHUNK, 3));
        let mut buffer = [1; 2];
        assert_eq!((state.give(&mut buffer), state.ahead()), (2, 1));
    }
}
