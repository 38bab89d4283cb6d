//! The figures of a stack pool.
#![forbid(unsafe_code)]

/// What a [`StackPool`](crate::StackPool) has and has had. While nobody takes or returns stacks,
/// `owned_stacks = live_stacks + hot_stacks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackPoolStats {
    /// Stacks that somebody has: of coroutines that have not ended, and those handed out for one.
    pub live_stacks: usize,
    /// Unused stacks that are kept in memory, those in caches of threads too.
    pub hot_stacks: usize,
    /// Live and hot stacks.
    pub owned_stacks: usize,
    /// How often a stack was taken from the process's address space, because none was hot.
    pub acquired_total: u64,
    /// How often the memory of a stack was given back to the system.
    pub released_total: u64,
    /// Address space reserved for the stacks of all pools of the process, in bytes.
    pub reserved_bytes: usize,
    /// The least memory that the owned stacks keep resident, in bytes: a page each. A stack keeps
    /// more while, and after, more of it was used.
    pub resident_bytes_at_least: usize,
    /// Whether guards lie in the page tables, and cost no mapping.
    pub has_page_table_guards: bool,
}
