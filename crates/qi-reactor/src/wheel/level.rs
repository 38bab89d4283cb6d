//! One level of the wheel: 256 slots, which of them are occupied, and from when.
//!
//! A slot has [`STRANDS`] lists instead of one. Following a list is a chain of cache misses, each of
//! which must end before the next can begin; following four at once keeps four of them under way. The
//! strand of an entry is given by its index, so that nothing needs to remember it.

/// Slots of a level.
pub(super) const SLOTS: usize = 256;

/// Lists of a slot.
pub(super) const STRANDS: usize = 4;

/// No entry: the head of an empty list.
pub(super) const NO_ENTRY: u32 = u32::MAX;

const WORD_BITS: usize = u64::BITS as usize;

/// The heads of the lists of one slot.
pub(super) type Heads = [u32; STRANDS];

/// The slots of one level, 6 KiB.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// Bit per slot: one of its lists is not empty.
    occupied: [u64; SLOTS / WORD_BITS],
    /// How many bits are set in `occupied`.
    slots_used: u16,
    /// Per slot, bit per strand: its list is not empty.
    strands: [u8; SLOTS],
    /// First entries of each slot's circular lists; [`NO_ENTRY`] where the list is empty.
    heads: [Heads; SLOTS],
    /// No deadline of the slot is earlier; meaningless while the slot is empty.
    earliest: [u64; SLOTS],
}

impl Level {
    pub(super) fn new() -> Self {
        Self {
            occupied: [0; SLOTS / WORD_BITS],
            slots_used: 0,
            strands: [0; SLOTS],
            heads: [[NO_ENTRY; STRANDS]; SLOTS],
            earliest: [u64::MAX; SLOTS],
        }
    }

    /// The first occupied slot. The caller knows that there is one.
    pub(super) fn first(&self) -> usize {
        for (word, bits) in self.occupied.iter().enumerate() {
            if *bits != 0 {
                return word * WORD_BITS + bits.trailing_zeros() as usize;
            }
        }
        unreachable!("a level that is marked as occupied has an occupied slot")
    }

    /// The first entries of a slot's lists.
    pub(super) fn heads(&self, slot: usize) -> Heads {
        self.heads[slot]
    }

    pub(super) fn earliest(&self, slot: usize) -> u64 {
        self.earliest[slot]
    }

    pub(super) fn set_earliest(&mut self, slot: usize, deadline: u64) {
        self.earliest[slot] = deadline;
    }

    /// The first entry of the list of `slot` that `index` belongs to.
    pub(super) fn head_for(&self, slot: usize, index: u32) -> u32 {
        self.heads[slot][strand_of(index)]
    }

    /// Makes another entry of the same list its first.
    pub(super) fn set_head(&mut self, slot: usize, index: u32) {
        self.heads[slot][strand_of(index)] = index;
    }

    /// Notes that an entry at `deadline` comes into a list of the slot that has some already.
    pub(super) fn lower(&mut self, slot: usize, deadline: u64) {
        self.earliest[slot] = self.earliest[slot].min(deadline);
    }

    /// Begins a list with an entry at `deadline`.
    pub(super) fn open(&mut self, slot: usize, index: u32, deadline: u64) {
        if self.strands[slot] == 0 {
            self.occupied[slot / WORD_BITS] |= 1 << (slot % WORD_BITS);
            self.slots_used += 1;
            self.earliest[slot] = deadline;
        } else {
            self.lower(slot, deadline);
        }
        self.strands[slot] |= 1 << strand_of(index);
        self.heads[slot][strand_of(index)] = index;
    }

    /// Ends the list whose last entry was `index`; `true` if the level is empty now.
    ///
    /// Counters and masks rather than comparisons of whole arrays: those would read with one wide load
    /// what was just written with a narrow store, and wait for it.
    pub(super) fn close(&mut self, slot: usize, index: u32) -> bool {
        self.heads[slot][strand_of(index)] = NO_ENTRY;
        self.strands[slot] &= !(1 << strand_of(index));
        if self.strands[slot] != 0 {
            return false;
        }
        self.occupied[slot / WORD_BITS] &= !(1 << (slot % WORD_BITS));
        self.slots_used -= 1;
        self.slots_used == 0
    }
}

/// The strand of an entry.
fn strand_of(index: u32) -> usize {
    index as usize % STRANDS
}
