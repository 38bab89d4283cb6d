//! Who holds a lock, in one word: so that a lock is taken and its holder named in one step.
//!
//! # Layout
//! ```text
//!  63       52 51                  7 6    5 4          0
//! ┌───────────┬─────────────────────┬──────┬────────────┐
//! │ low bits  │ address of the task │ own  │ the lock's │
//! │ of its id │ / 8                 │ lane │ own flags  │
//! └───────────┴─────────────────────┴──────┴────────────┘
//! ```
//! The address may be out of date when it is read: a task can end while it holds a lock (it leaked
//! the guard, or gave it away). It is only ever compared with the addresses of the blocks that the
//! scheduler's pool has now, under the pool's lock, and a block found so tells by its state word
//! whether it is live, and by its id whether it is the one that was meant. (I25) Should another
//! task have the same place and the same low bits, it is lent an urgency by mistake, and no more.
#![forbid(unsafe_code)]

use crate::priority::TaskPriority;
use crate::task::{Header, TaskRef};
use crate::worker::context;
use std::fmt;

/// Blocks of tasks begin at multiples of this.
const BLOCK_ALIGN: usize = align_of::<Header>();
const _: () = assert!(BLOCK_ALIGN >= 8, "an address of 48 bits has 45 places");

const LANE_SHIFT: u32 = Holder::FLAG_BITS;
const ADDRESS_SHIFT: u32 = LANE_SHIFT + 2;
const ID_SHIFT: u32 = 52;
/// What fits of an address. Systems hand out larger ones to programs that ask for them only.
const ADDRESS_LIMIT: u64 = 1 << (ID_SHIFT - ADDRESS_SHIFT);

/// A task as the holder of a lock: for authors of primitives, with [`Loan`](super::Loan).
///
/// # Examples
/// ```
/// use qi_sched::lock::Holder;
/// assert_eq!(Holder::current(), Holder::UNKNOWN, "no task runs here");
/// assert_eq!(Holder::from_bits(Holder::UNKNOWN.bits() | 1), Holder::UNKNOWN);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Holder(u64);

impl Holder {
    /// So many of the lowest bits of [`bits`](Self::bits) are zero, for the primitive's use.
    pub const FLAG_BITS: u32 = 5;

    /// A holder that is no task, or that cannot be named: it is lent nothing.
    pub const UNKNOWN: Self = Self((TaskPriority::Normal as u64) << LANE_SHIFT);

    /// The task that the calling thread runs.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        context::with(|context| Some(Self::of(context?.current_task()?))).unwrap_or(Self::UNKNOWN)
    }

    #[inline]
    fn of(task: &Header) -> Self {
        let address = std::ptr::from_ref(task).addr() / BLOCK_ALIGN;
        if address as u64 >= ADDRESS_LIMIT {
            return Self::UNKNOWN;
        }
        let lane = task.state.load().own_priority() as u64;
        let id = task.id().as_u64() << ID_SHIFT;
        Self((lane << LANE_SHIFT) | ((address as u64) << ADDRESS_SHIFT) | id)
    }

    /// The holder as a number whose [`FLAG_BITS`](Self::FLAG_BITS) lowest bits are zero.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The holder in a number; the flags are masked out.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & !((1 << Self::FLAG_BITS) - 1))
    }

    /// The holder's own priority when it took the lock; `Normal` if it is unknown.
    #[must_use]
    pub const fn priority(self) -> TaskPriority {
        TaskPriority::from_bits(self.0 >> LANE_SHIFT)
    }

    /// Whether a waiter so urgent has something to lend to it.
    #[inline]
    #[must_use]
    pub fn gains_from(self, waiter: TaskPriority) -> bool {
        waiter > self.priority() && self != Self::UNKNOWN
    }

    /// Whether this is that task.
    pub(super) fn names(self, task: &Header) -> bool {
        const NAME: u64 = !((1 << ADDRESS_SHIFT) - 1);
        self.0 & NAME == Self::of(task).0 & NAME
    }

    /// The task, if it lives, belongs to the scheduler that the calling thread works for, and that
    /// scheduler lends urgency at all.
    pub(super) fn find(self) -> Option<TaskRef> {
        let address = (self.0 >> ADDRESS_SHIFT) & (ADDRESS_LIMIT - 1);
        let address = usize::try_from(address).ok()? * BLOCK_ALIGN;
        let found = context::with(|context| {
            let shared = &context?.shared;
            if shared.config.escalation { shared.task_at(address) } else { None }
        });
        found.filter(|task| self.names(task) && !task.state.load().is_done())
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if *self == Self::UNKNOWN { "unknown" } else { "a task" };
        f.debug_tuple("Holder").field(&name).field(&self.priority()).finish()
    }
}
