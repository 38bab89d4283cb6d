//! Where threads do the work of coroutines they bring their own stacks: slots are addresses that
//! nobody touches, so that sizes, limits and books are the same there.
#![forbid(unsafe_code)]

use super::Row;
use std::io;

pub(crate) const NEEDS_PREPARING_AGAIN: bool = false;

pub(crate) const KEEPS_DEPTH: bool = true;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra;

impl Extra {
    pub(crate) fn new(_top: usize, _bottom: usize) -> Self {
        Self
    }
}

pub(crate) fn page_size() -> usize {
    4096
}

/// Any address does, but 0.
pub(crate) fn reserve(_bytes: usize) -> io::Result<usize> {
    Ok(1 << 30)
}

pub(crate) fn has_page_guards(_address: usize) -> bool {
    true
}

pub(crate) fn reserves_for_free() -> bool {
    true
}

pub(crate) fn guard_limit() -> usize {
    usize::MAX
}

pub(crate) fn prepare(_row: Row) -> io::Result<()> {
    Ok(())
}

pub(crate) fn release(_address: usize, _bytes: usize) {}

pub(crate) fn touch(_address: usize) {}
