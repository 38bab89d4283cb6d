//! One stack's place: addresses, and nothing done with them.
//!
//! ```text
//!   base              low                                   top
//!   │ guard_bytes     │ usable bytes, a whole number of pages │
//! ```
#![forbid(unsafe_code)]

use crate::memory::Extra;

/// A stretch of the arena cut into slots of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) first: usize,
    bytes: usize,
    pub(crate) slots: usize,
    pub(crate) slot_bytes: usize,
    pub(crate) shape: Shape,
    /// 2⁴⁰ / pages of a slot, rounded up: divides without a division. Exact while a run has fewer
    /// pages than 2⁴⁰ / pages of a slot; both are below 2²⁰.
    reciprocal: u64,
    page_shift: u32,
}

/// What the slots of a run have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) usable: usize,
    pub(crate) guard_bytes: usize,
    pub(crate) page_guards: bool,
}

impl Shape {
    pub(crate) fn slot_bytes(self) -> usize {
        self.usable + self.guard_bytes
    }
}

const SHIFT: u32 = 40;

impl Run {
    pub(crate) fn new(first: usize, bytes: usize, shape: Shape, page: usize) -> Self {
        let slot_bytes = shape.slot_bytes();
        let reciprocal = (1_u64 << SHIFT).div_ceil((slot_bytes / page) as u64);
        let page_shift = page.trailing_zeros();
        let slots = bytes / slot_bytes;
        Self { first, bytes, slots, slot_bytes, shape, reciprocal, page_shift }
    }

    /// Which slot holds `address`, which lies in this run.
    #[inline]
    fn index_of(&self, address: usize) -> usize {
        let pages = ((address - self.first) >> self.page_shift) as u64;
        ((pages * self.reciprocal) >> SHIFT) as usize
    }

    /// The upper end of the slot that holds `address`.
    #[inline]
    pub(crate) fn top_at(&self, address: usize) -> usize {
        self.first + (self.index_of(address) + 1) * self.slot_bytes
    }

    /// The slot that holds `address`, which lies in this run, or `None` in the rest at its end.
    pub(crate) fn slot_at(&'static self, address: usize) -> Option<Slot> {
        let index = self.index_of(address);
        (index < self.slots).then(|| self.slot(index))
    }

    pub(crate) fn slot(&'static self, index: usize) -> Slot {
        let base = self.first + index * self.slot_bytes;
        let extra = Extra::new(base + self.slot_bytes, base);
        Slot { base, run: self, extra }
    }

    /// What is left over behind the last slot.
    pub(crate) fn rest_bytes(&self) -> usize {
        self.bytes - self.slots * self.slot_bytes
    }
}

/// A place for one stack. Having one says nothing about who uses it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) base: usize,
    pub(crate) run: &'static Run,
    #[allow(dead_code, reason = "only Windows wants to know more of a stack")]
    pub(crate) extra: Extra,
}

impl Slot {
    /// The address just above the stack.
    #[inline]
    pub(crate) fn top(&self) -> usize {
        self.base + self.run.slot_bytes
    }

    /// The lowest address that may be used.
    #[inline]
    pub(crate) fn low(&self) -> usize {
        self.base + self.run.shape.guard_bytes
    }

    /// Forgets what was known of its memory, which is gone.
    pub(crate) fn renew(&mut self) {
        self.extra = Extra::new(self.top(), self.base);
    }

    #[inline]
    pub(crate) fn usable(&self) -> usize {
        self.run.shape.usable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_slot_finds_the_slot() {
        let page = 4096;
        for pages in [4, 5, 16, 17, 68, 513, 516, 4097, 32_768, 262_144] {
            let shape = Shape { usable: pages * page, guard_bytes: 4 * page, page_guards: true };
            // Nothing is touched there: any aligned base below the end of the address space will do.
            let base = 1 << (usize::BITS - 2);
            let bytes = (1 << 30_usize).max(shape.slot_bytes()).next_multiple_of(1 << 30);
            let run: &'static Run = Box::leak(Box::new(Run::new(base, bytes, shape, page)));
            for index in [0, 1, 2, run.slots / 2, run.slots - 1] {
                let Some(index) = (index < run.slots).then_some(index) else { continue };
                let slot = run.slot(index);
                for address in [slot.base, slot.low(), slot.top() - 1, slot.base + page - 1] {
                    let found = run.slot_at(address).map(|slot| slot.base);
                    assert_eq!(found, Some(slot.base), "{pages} pages, {index}");
                    assert_eq!(run.top_at(address), slot.top());
                }
            }
        }
    }
}
