//! One coroutine of Qi without a scheduler: a switch there and back, and a life from a hot stack.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use qi_coroutine::{Coroutine, Label, StackCache, StackPool, StackPoolConfig, suspend};

/// Suspends behind one call, as code that waits does.
#[inline(never)]
fn leave() {
    suspend();
}

/// Polls through a call, as whoever has the future in a box.
#[inline(never)]
pub(super) fn poll<F: Future + Unpin>(future: &mut F, cx: &mut Context<'_>) -> Option<F::Output> {
    match Pin::new(future).poll(cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls until the future is ready.
pub(super) fn drive<F: Future + Unpin>(mut future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Some(output) = poll(&mut future, &mut cx) {
            return output;
        }
    }
}

/// A coroutine is suspended and resumed so many times.
pub(super) fn switches(count: u64) {
    let pool = StackPool::new(StackPoolConfig::default()).expect("there is address space");
    let stack = pool.take(None).expect("there are stacks");
    let body = move || {
        for number in 0..count {
            black_box(number);
            leave();
        }
    };
    drive(Coroutine::new(stack, Label::numbered(1), body)).expect("it does not panic");
}

/// Coroutines are made on a hot stack, run and ended, one after the other.
pub(super) fn pooled(count: u64) {
    let pool = StackPool::new(StackPoolConfig::default()).expect("there is address space");
    let mut cache = StackCache::new(pool);
    let mut cx = Context::from_waker(Waker::noop());
    for number in 0..count {
        let stack = cache.take(None).expect("there are stacks");
        let mut one = Coroutine::new(stack, Label::numbered(number), move || black_box(number));
        let ended = poll(&mut one, &mut cx);
        assert!(matches!(ended, Some(Ok(result)) if result == number), "it ends at once");
        cache.give(one.take_stack().expect("it has ended"));
    }
}
