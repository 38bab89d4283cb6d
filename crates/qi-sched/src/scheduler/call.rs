//! Closures as futures: a blocking call, and what makes a pinned future.
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A blocking call as a future that is ready at its first poll.
pub(super) struct BlockingCall<C>(pub(super) Option<C>);

impl<C> Unpin for BlockingCall<C> {}

impl<C: FnOnce() -> T, T> Future for BlockingCall<C> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<T> {
        let call = self.0.take().expect("a task is not polled after it was ready");
        Poll::Ready(call())
    }
}

/// Makes a future at its first poll.
pub(super) enum MakeThenRun<C, F> {
    Make(Option<C>),
    Run(Pin<Box<F>>),
}

impl<C, F> Unpin for MakeThenRun<C, F> {}

impl<C: FnOnce() -> F, F: Future> Future for MakeThenRun<C, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let Self::Make(make) = &mut *self {
            let make = make.take().expect("a panic in the closure ends the task");
            *self = Self::Run(Box::pin(make()));
        }
        match &mut *self {
            Self::Run(future) => future.as_mut().poll(cx),
            Self::Make(_) => unreachable!("replaced above"),
        }
    }
}
