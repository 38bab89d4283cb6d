//! Two threads add to one number without any order between them: `cargo xtask sanitize thread`
//! must notice.

use std::cell::UnsafeCell;
use std::thread;

const ADDITIONS: usize = 10_000;

struct Racy(UnsafeCell<usize>);

// SAFETY: none: this is the fault that must be caught. What the numbers come to is used nowhere.
unsafe impl Sync for Racy {}

static RACY: Racy = Racy(UnsafeCell::new(0));

fn add() {
    for _ in 0..ADDITIONS {
        // SAFETY: the pointer is that of a static. That both threads write is the fault.
        unsafe { *RACY.0.get() += 1 };
    }
}

fn main() {
    let other = thread::spawn(add);
    add();
    other.join().expect("an addition does not panic");
}
