//! Loses memory on purpose: `cargo xtask sanitize leak` must notice.
#![forbid(unsafe_code)]

use std::hint::black_box;

/// Enough blocks that no stale copy of a pointer on the stack can hide all of them.
const BLOCKS: usize = 100;

fn main() {
    for size in 1..=BLOCKS {
        std::mem::forget(black_box(vec![1_u8; size]));
    }
}
