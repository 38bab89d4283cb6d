//! What a coroutine is told to do, and what it waits for.
#![forbid(unsafe_code)]

use crate::Plan;
use qi_coroutine::{Coroutine, Label, StackPool, in_coroutine, shield, try_wait, wait, yield_now};
use qi_test_kit::Ledger;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

pub(super) const PLACES: usize = 4;
const MOST_STEPS: usize = 6;

/// What a coroutine panics with when it was told to.
pub(super) struct Told;

/// One thing to do.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Yield,
    /// Waits for a place to be open.
    Wait(usize),
    /// The same, and ends by itself if it is cancelled.
    TryWait(usize),
    /// Does the rest in a deeper frame, beside a value that must be dropped.
    Deeper,
    /// Does the rest beside a value whose destructor waits.
    WaitingDrop,
    Shielded,
    /// Has another coroutine do the rest.
    Inner,
    Panic,
}

#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) steps: Steps,
}

pub(super) type Steps = Rc<[DeedStep]>;

/// A deed and its place in the script.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeedStep(Deed);

impl Script {
    pub(super) fn drawn(plan: &mut Plan<'_>) -> Self {
        let count = plan.below(MOST_STEPS + 1);
        let steps = (0..count).map(|_| {
            DeedStep(match plan.below(10) {
                0..=1 => Deed::Yield,
                2..=3 => Deed::Wait(plan.below(PLACES)),
                4 => Deed::TryWait(plan.below(PLACES)),
                5 => Deed::Deeper,
                6 => Deed::WaitingDrop,
                7 => Deed::Shielded,
                8 => Deed::Inner,
                _ => Deed::Panic,
            })
        });
        Self { steps: steps.collect() }
    }

    pub(super) fn panics(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.0, Deed::Panic))
    }
}

/// What all coroutines of a run share.
pub(super) struct World {
    pub(super) ledger: Ledger,
    pool: Arc<StackPool>,
    open: [Cell<bool>; PLACES],
    wakers: [RefCell<Vec<Waker>>; PLACES],
    waiting: Cell<usize>,
}

impl World {
    pub(super) fn new(pool: Arc<StackPool>, ledger: Ledger) -> Self {
        Self {
            ledger,
            pool,
            open: Default::default(),
            wakers: Default::default(),
            waiting: Cell::new(0),
        }
    }

    pub(super) fn open(&self, place: usize) {
        self.open[place].set(true);
        let wakers = self.wakers[place].take();
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn shut(&self, place: usize) {
        self.open[place].set(false);
    }

    /// Coroutines inside a wait for a place that is shut.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    async fn place(&self, place: usize) {
        let _inside = Inside::new(&self.waiting);
        poll_fn(|cx| {
            if self.open[place].get() {
                return Poll::Ready(());
            }
            self.wakers[place].borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

struct Inside<'a>(&'a Cell<usize>);

impl<'a> Inside<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Its destructor gives others a turn.
struct Yields;

impl Drop for Yields {
    fn drop(&mut self) {
        yield_now();
    }
}

/// Does what a script says, on the stack of the coroutine that calls; returns how many steps there were.
pub(super) fn perform(world: &Rc<World>, steps: &[DeedStep]) -> usize {
    assert!(in_coroutine());
    let Some((first, rest)) = steps.split_first() else { return 0 };
    // It is dropped while the coroutine around it is unwound: to wait now would block the thread.
    if std::thread::panicking() {
        return steps.len();
    }
    match first.0 {
        Deed::Yield => yield_now(),
        Deed::Wait(place) => wait(world.place(place)),
        Deed::TryWait(place) if try_wait(world.place(place)).is_err() => return steps.len(),
        Deed::TryWait(_) => {}
        Deed::Shielded => shield(yield_now),
        Deed::Panic => resume_unwind(Box::new(Told)),
        Deed::Deeper => {
            let _token = world.ledger.token(1);
            return 1 + deeper(world, rest);
        }
        Deed::WaitingDrop => {
            let _yields = Yields;
            return 1 + perform(world, rest);
        }
        Deed::Inner => return 1 + inside_another(world, rest),
    }
    1 + perform(world, rest)
}

#[inline(never)]
fn deeper(world: &Rc<World>, rest: &[DeedStep]) -> usize {
    let pad = std::hint::black_box([7_u8; 2048]);
    let count = perform(world, rest);
    assert!(pad.iter().all(|byte| *byte == 7), "the stack was written to");
    count
}

fn inside_another(world: &Rc<World>, rest: &[DeedStep]) -> usize {
    let stack = world.pool.take(None).expect("a stack");
    let (inner, rest) = (world.clone(), rest.to_vec());
    let body = move || perform(&inner, &rest);
    match wait(Coroutine::new(stack, Label::unnamed(), body)) {
        Ok(count) => count,
        Err(qi_coroutine::Outcome::Panicked(payload)) => resume_unwind(payload),
        Err(other) => panic!("nobody cancels an inner coroutine: {other}"),
    }
}
