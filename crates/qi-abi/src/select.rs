//! Waiting for the first of several operations.
//!
//! The operations are polled in an order that is drawn anew for each select, so that of several that
//! are ready each is chosen as often as the others; or in the order in which they stand, if the caller
//! says so. The first that is ready is chosen, and the others are dropped, which loses nothing.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::code::Code;

/// One operation.
pub(crate) type Operation = Pin<Box<dyn Future<Output = Result<Code, Code>> + Send>>;

/// A select in progress; ready with the branch that was chosen, and its answer.
pub(crate) struct Select {
    /// The operations with the numbers of their branches, in the order in which they are polled.
    operations: Vec<(usize, Operation)>,
    /// The branch that is taken if none is ready at once.
    otherwise: Option<usize>,
}

impl Select {
    pub(crate) fn new(
        mut operations: Vec<(usize, Operation)>,
        otherwise: Option<usize>,
        in_order: bool,
    ) -> Self {
        if !in_order {
            shuffle(&mut operations);
        }
        Self { operations, otherwise }
    }
}

impl Future for Select {
    type Output = (usize, Code);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(usize, Code)> {
        for (branch, operation) in &mut self.operations {
            if let Poll::Ready(Ok(code) | Err(code)) = operation.as_mut().poll(cx) {
                return Poll::Ready((*branch, code));
            }
        }
        match self.otherwise {
            Some(branch) => Poll::Ready((branch, Code::OK)),
            None => Poll::Pending,
        }
    }
}

/// Draws an order (Fisher and Yates).
fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1));
    }
}

/// A number below `limit`, by this thread's own dice (Marsaglia's xorshift).
fn below(limit: usize) -> usize {
    thread_local! {
        static DICE: Cell<u64> = Cell::new(RandomState::new().hash_one(0) | 1);
    }
    let roll = DICE.try_with(|dice| {
        let mut word = dice.get();
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        dice.set(word);
        word
    });
    // A thread whose locals are gone need not be fair.
    (roll.unwrap_or(0) % limit as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use std::task::Waker;

    fn choose(mut select: Select) -> Poll<(usize, Code)> {
        Pin::new(&mut select).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn at_once(branch: usize) -> (usize, Operation) {
        (branch, Box::pin(ready(Ok(Code::OK))))
    }

    fn never(branch: usize) -> (usize, Operation) {
        (branch, Box::pin(pending()))
    }

    #[test]
    fn each_of_several_ready_branches_is_chosen_in_turn() {
        let mut chosen = [0_u32; 3];
        for _ in 0..3000 {
            let select = Select::new(vec![at_once(0), never(1), at_once(2)], None, false);
            let Poll::Ready((branch, _)) = choose(select) else { panic!("two are ready") };
            chosen[branch] += 1;
        }
        // The odds of fewer than 1000 in 3000 tosses of a coin are below one in 10^60.
        assert!(chosen[0] > 1000 && chosen[2] > 1000 && chosen[1] == 0, "{chosen:?}");
    }

    #[test]
    fn order_is_kept_on_demand_and_the_default_is_for_want_of_others() {
        let select = Select::new(vec![at_once(0), at_once(1)], Some(2), true);
        assert_eq!(choose(select), Poll::Ready((0, Code::OK)));
        let select = Select::new(vec![never(0)], Some(1), false);
        assert_eq!(choose(select), Poll::Ready((1, Code::OK)));
        assert!(choose(Select::new(vec![never(0)], None, false)).is_pending());
    }
}
