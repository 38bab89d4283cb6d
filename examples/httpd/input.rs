//! The bytes that have arrived and are not yet understood.

/// The longest head of a request.
pub(crate) const LONGEST_HEAD: usize = 16 * 1024;

/// Room that there is at least for each read.
const ROOM: usize = 4 * 1024;

/// A buffer that is filled at its end and emptied from its beginning.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Input {
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.begin..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.begin == self.end
    }

    /// Where the next bytes go. Never empty.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < ROOM {
            self.bytes.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
            let wanted = self.end + ROOM;
            if self.bytes.len() < wanted {
                self.bytes.resize(wanted, 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// So many bytes of the room were filled.
    pub(crate) fn fill(&mut self, count: usize) {
        self.end += count;
    }

    /// So many bytes were understood.
    pub(crate) fn consume(&mut self, count: usize) {
        self.begin += count;
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut input = Input::default();
        let (mut next, mut expected) = (0_u8, 0_u8);
        for round in 0..2_000 {
            let room = input.room();
            assert!(room.len() >= ROOM);
            let count = 1 + round % 1_000;
            for byte in &mut room[..count] {
                *byte = next;
                next = next.wrapping_add(1);
            }
            input.fill(count);
            let taken = input.filled().len().min(1 + round * 7 % 1_100);
            for byte in &input.filled()[..taken] {
                assert_eq!(*byte, expected);
                expected = expected.wrapping_add(1);
            }
            input.consume(taken);
        }
    }
}
