//! Two threads add to one number without any order between them: `cargo xtask sanitize thread`
//! must notice.

use std::cell::UnsafeCell;
use std::sync::Barrier;
use std::thread;

/// Few: ThreadSanitizer drops a race in silence when its trace no longer holds the older access.
const ADDITIONS: usize = 100;

struct Racy(UnsafeCell<usize>);

// SAFETY: none: this is the fault that must be caught. What the numbers come to is used nowhere.
unsafe impl Sync for Racy {}

static RACY: Racy = Racy(UnsafeCell::new(0));

/// Both threads pass it before they add. Without it one could have ended before the other began,
/// and what starting and ending a thread does might have put them in order.
static START: Barrier = Barrier::new(2);

fn add() {
    START.wait();
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
