//! The switch of others in the shape of `single`: corosensei, over which Qi's is made, and the generator over
//! which may's coroutines are.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, Yielder};
use generator::{Gn, Scope};

use super::measured;
use super::single::drive;
use crate::sample::Sample;
use crate::workload::Job;

/// Suspends behind one call.
#[inline(never)]
fn leave(yielder: &Yielder<(), ()>) {
    yielder.suspend(());
}

/// A coroutine as a future, and nothing else.
struct Plain(Coroutine<(), (), (), DefaultStack>);

impl Future for Plain {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        self.0.resume(()).as_return().map_or(Poll::Pending, Poll::Ready)
    }
}

/// corosensei's; `None` for another workload.
pub(crate) fn corosensei(workload: &str, job: &Job) -> Option<Sample> {
    if workload != "coroutine-switch" {
        return None;
    }
    measured(workload, job, |count| {
        let stack = DefaultStack::new(64 * 1024).expect("there is memory for a stack");
        drive(Plain(Coroutine::with_stack(stack, move |yielder, ()| {
            for number in 0..count {
                black_box(number);
                leave(yielder);
            }
        })));
    })
}

/// As `leave`.
#[inline(never)]
fn leave_generator(scope: &mut Scope<'_, '_, (), ()>) {
    scope.yield_with(());
}

/// may's generator; `None` for another workload.
pub(crate) fn generator(workload: &str, job: &Job) -> Option<Sample> {
    if workload != "coroutine-switch" {
        return None;
    }
    measured(workload, job, |count| {
        let mut one = Gn::new_scoped(move |mut scope| {
            for number in 0..count {
                black_box(number);
                leave_generator(&mut scope);
            }
        });
        while !one.is_done() {
            black_box(one.resume());
        }
    })
}
