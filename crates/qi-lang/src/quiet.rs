//! Who could still move: deadlocks are seen exactly, and nothing else is taken for one.
//!
//! A strand counts from its start to its end, except while it rests: while nothing but another strand
//! can make it go on. Timers, sockets and futures of the language's library are not rests; a thread
//! counts from its first call until it ends. When the count is zero, nobody is left who could wake
//! anybody, and one of the threads that wait is told so. (Invariant I92.)
//!
//! # Protocol
//! The count is kept in two numbers for each thread, which only grow, and only that thread writes:
//! counting costs no shared line. Somebody asks only while a thread waits: the watcher, a task. It adds
//! all up twice; if both sums agree, there was a moment between them at which all the numbers had these
//! values. Whoever wakes a strand counts it before that can be seen, and counts itself, so a sum of zero
//! is one of rest.
//!
//! The watcher asks again, less and less often, as long as the sums change, and then sleeps until
//! `nudge` sees a strand rest. So a quiet program makes no system call.
//!
//! # Memory ordering
//! Release on the writing, Acquire on the reading side: a sum that has a strand's second rest has what
//! woke it from the first. `STATE` is Relaxed: a nudge that misses it is made good by the watcher's last
//! look, a long pause after it lay down.
//!
//! # Rejected alternatives
//! One shared counter: two read-modify-writes of one line for each park, the dearest part of a hand-over
//! between two workers. A hook where workers fall asleep: the runtime's public API has none.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use qi_runtime::sync::Notify;
use qi_runtime::time;

use crate::{report, run};

/// Between the first two looks.
const SOON: Duration = Duration::from_micros(200);
/// Between two looks at most.
const LATE: Duration = Duration::from_millis(20);

/// Nobody waits.
const OFF: u8 = 0;
/// The watcher looks.
const LOOKING: u8 = 1;
/// The watcher sleeps: nothing has changed, and somebody could still move.
const LYING: u8 = 2;

#[derive(Default)]
#[repr(align(128))]
struct Sheet {
    up: AtomicU64,
    down: AtomicU64,
    /// Coroutines that were started, and that have ended.
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Sheet {
    const fn new() -> Self {
        Self {
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        }
    }
}

static SHEETS: Mutex<Sheets> = Mutex::new(Sheets { all: Vec::new(), free: Vec::new() });
/// For threads that are about to end, whose own is gone.
static COMMON: Sheet = Sheet::new();
static STATE: AtomicU8 = AtomicU8::new(OFF);
static WAITERS: AtomicUsize = AtomicUsize::new(0);
static STARTED: AtomicBool = AtomicBool::new(false);
/// Made when it is first used: what is built for loom cannot make one before.
static CALL: LazyLock<Notify> = LazyLock::new(Notify::new);

struct Sheets {
    all: Vec<&'static Sheet>,
    free: Vec<&'static Sheet>,
}

fn sheets() -> std::sync::MutexGuard<'static, Sheets> {
    SHEETS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread's sheet; the next thread writes on.
struct Lent(&'static Sheet);

impl Lent {
    fn take() -> Self {
        let mut sheets = sheets();
        let sheet = sheets.free.pop().unwrap_or_else(|| {
            let new: &'static Sheet = Box::leak(Box::default());
            sheets.all.push(new);
            new
        });
        Self(sheet)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        OWN.set(None);
        sheets().free.push(self.0);
    }
}

thread_local! {
    /// The sheet of this thread, found without a look at whether it is there.
    static OWN: Cell<Option<&'static Sheet>> = const { Cell::new(None) };
    /// Gives it back at the thread's end.
    static SHEET: RefCell<Option<Lent>> = const { RefCell::new(None) };
}

#[inline]
fn bump(number: impl Fn(&Sheet) -> &AtomicU64) {
    match OWN.get().or_else(take_sheet) {
        Some(sheet) => {
            let own = number(sheet);
            // Relaxed read: only this thread writes. Release: see the file.
            own.store(own.load(Ordering::Relaxed) + 1, Ordering::Release);
        }
        None => {
            // Release: as above.
            number(&COMMON).fetch_add(1, Ordering::Release);
        }
    }
}

/// `None` at the end of a thread.
#[cold]
fn take_sheet() -> Option<&'static Sheet> {
    let taken = SHEET.try_with(|sheet| sheet.borrow_mut().get_or_insert_with(Lent::take).0);
    let sheet = taken.ok()?;
    OWN.set(Some(sheet));
    Some(sheet)
}

/// Counts one more that can move.
#[inline]
pub(crate) fn up() {
    bump(|sheet| &sheet.up);
}

/// Counts one less.
#[inline]
pub(crate) fn down() {
    bump(|sheet| &sheet.down);
}

/// Counts a coroutine that was started: it can move.
#[inline]
pub(crate) fn begin_one() {
    bump(|sheet| &sheet.up);
    bump(|sheet| &sheet.begun);
}

/// Counts one that has ended; that it cannot move any more is counted when those who wait for that can.
#[inline]
pub(crate) fn end_one() {
    bump(|sheet| &sheet.ended);
}

/// Coroutines that live, and how many have ended. Those that the caller has started, or was told of,
/// are counted.
pub(crate) fn live() -> (i64, u64) {
    let sum = |number: fn(&Sheet) -> &AtomicU64| {
        // Acquire: pairs with `bump`.
        let add = |sum: u64, sheet: &Sheet| sum + number(sheet).load(Ordering::Acquire);
        sheets().all.iter().fold(add(0, &COMMON), |sum, sheet| add(sum, sheet))
    };
    // Ends first: of those that are counted the beginnings are counted, too, so it is never too few.
    let ended = sum(|sheet| &sheet.ended);
    let begun = sum(|sheet| &sheet.begun);
    (i64::try_from(begun.saturating_sub(ended)).unwrap_or(i64::MAX), ended)
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Sum {
    up: u64,
    down: u64,
}

impl Sum {
    fn add(self, sheet: &Sheet) -> Self {
        // Acquire: see the file.
        let (up, down) = (sheet.up.load(Ordering::Acquire), sheet.down.load(Ordering::Acquire));
        Self { up: self.up + up, down: self.down + down }
    }

    fn read() -> Self {
        let none = Self { up: 0, down: 0 }.add(&COMMON);
        sheets().all.iter().fold(none, |sum, sheet| sum.add(sheet))
    }

    /// One that held at some moment.
    fn exact() -> Self {
        let mut before = Self::read();
        loop {
            // SeqCst: the two readings are two.
            fence(Ordering::SeqCst);
            let after = Self::read();
            if before == after {
                return after;
            }
            before = after;
        }
    }

    fn is_rest(self) -> bool {
        self.up == self.down
    }
}

/// A thread that waits: as long as there is one, somebody looks.
pub(crate) struct Waiting(());

impl Waiting {
    pub(crate) fn begin() -> Self {
        // Relaxed: the call below is what the watcher waits for.
        WAITERS.fetch_add(1, Ordering::Relaxed);
        if !STARTED.swap(true, Ordering::Relaxed) {
            drop(run::handle().spawn(look()));
        }
        call();
        Self(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Relaxed: the watcher may look once too often.
        WAITERS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn call() {
    STATE.store(LOOKING, Ordering::Relaxed);
    CALL.notify_one();
}

/// To be called when a strand has come to rest, outside of all locks.
#[inline]
pub(crate) fn nudge() {
    // Relaxed: see the file.
    if STATE.load(Ordering::Relaxed) == LYING {
        call();
    }
}

/// The watcher.
async fn look() {
    loop {
        CALL.notified().await;
        let mut pause = SOON;
        let mut last = None;
        // Relaxed: as in `Waiting`.
        while WAITERS.load(Ordering::Relaxed) > 0 {
            let sum = Sum::exact();
            if sum.is_rest() {
                report::nobody_moves(|| Sum::exact() == sum);
            } else if last == Some(sum) {
                STATE.store(LYING, Ordering::Relaxed);
                time::sleep(LATE).await;
                if Sum::exact() == sum {
                    break;
                }
                STATE.store(LOOKING, Ordering::Relaxed);
            }
            last = Some(sum);
            time::sleep(pause).await;
            pause = (pause * 2).min(LATE);
        }
        if WAITERS.load(Ordering::Relaxed) == 0 {
            STATE.store(OFF, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_is_of_rest_only_when_all_rest() {
        let before = Sum::exact();
        let missing = || {
            let sum = Sum::exact();
            (sum.up - before.up).wrapping_sub(sum.down - before.down)
        };
        up();
        assert_eq!(missing(), 1);
        // Rested by another thread than that which counted it; its sheet outlives it.
        std::thread::spawn(down).join().expect("it counts");
        assert_eq!(missing(), 0);
        assert!(Sum { up: 5, down: 5 }.is_rest() && !Sum { up: 5, down: 4 }.is_rest());
    }
}
