//! Reads memory that was given back: `cargo xtask sanitize address` must notice.

use std::hint::black_box;

fn main() {
    let block = Box::new(black_box(7_u8));
    let address = &raw const *block;
    drop(block);
    // SAFETY: none: this is the fault that must be caught. What is read is used nowhere.
    black_box(unsafe { address.read_volatile() });
}
