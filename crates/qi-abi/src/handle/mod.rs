//! Handles: numbers that stand for objects on the other side of the boundary.
//!
//! A handle names a slot of a table, the generation of the slot when the object was put there, and
//! the object's kind. It is never an address: one that was released, made up, or is of another kind
//! is recognised and answered with an error, however late it comes.
//!
//! ```text
//!  63        56 55               32 31                0
//! ┌────────────┬───────────────────┬──────────────────┐
//! │    kind    │    generation     │       slot       │     0 is no handle
//! └────────────┴───────────────────┴──────────────────┘
//! ```

mod count;
#[cfg(all(test, loom))]
mod model;
mod table;

pub(crate) use table::{Pinned, Table};

use crate::code::Code;

/// The kinds of objects. The numbers are seen by programs that print handles; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Runtime = 1,
    Task = 2,
    Waker = 3,
    Scope = 4,
    Channel = 5,
    Mutex = 6,
    RwLock = 7,
    Semaphore = 8,
    WaitGroup = 9,
    Once = 10,
    Event = 11,
    Timer = 12,
    Local = 18,
    TcpListener = 13,
    TcpStream = 14,
    Udp = 15,
    File = 16,
    Graph = 17,
}

/// A handle, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) kind: u8,
    pub(crate) generation: u32,
    pub(crate) slot: u32,
}

/// Generations a slot can have; after the last it is not used again, so that no handle ever comes back
/// to life.
pub(crate) const GENERATIONS: u32 = 1 << 24;

impl Name {
    pub(crate) fn of(bits: u64) -> Name {
        let generation = (bits >> 32) as u32 & (GENERATIONS - 1);
        Name { kind: (bits >> 56) as u8, generation, slot: bits as u32 }
    }

    pub(crate) fn bits(self) -> u64 {
        u64::from(self.kind) << 56 | u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    /// Checks that it is of this kind, and not the null handle.
    pub(crate) fn expect(self, kind: Kind) -> Result<Name, Code> {
        match self.kind {
            0 => Err(Code::ERR_STALE),
            found if found == kind as u8 => Ok(self),
            _ => Err(Code::ERR_KIND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_survives_the_way_into_bits_and_back() {
        let name = Name { kind: 17, generation: GENERATIONS - 1, slot: u32::MAX };
        assert_eq!(Name::of(name.bits()), name);
    }

    #[test]
    fn null_is_stale_and_another_kind_is_told_apart() {
        assert_eq!(Name::of(0).expect(Kind::Task), Err(Code::ERR_STALE));
        let task = Name { kind: Kind::Task as u8, generation: 1, slot: 0 };
        assert_eq!(task.expect(Kind::Channel), Err(Code::ERR_KIND));
        assert_eq!(task.expect(Kind::Task), Ok(task));
    }
}
