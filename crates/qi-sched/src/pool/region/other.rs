//! Systems that are told nothing about regions: they choose their pages themselves.

use std::ptr::NonNull;

pub(super) fn prefer_huge_pages(_memory: NonNull<u8>, _bytes: usize) {}

/// # Safety
/// Nobody uses what the memory holds, now or later.
pub(super) unsafe fn release(_memory: NonNull<u8>, _bytes: usize) {}
