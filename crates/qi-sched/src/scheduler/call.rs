//! Closures as futures: a blocking call, and what makes a pinned future.
#![forbid(unsafe_code)]

use pin_project_lite::pin_project;
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

pin_project! {
    /// Makes a future at its first poll.
    #[project = MakeThenRunProject]
    pub(super) enum MakeThenRun<C, F> {
        Make { make: Option<C> },
        Run { #[pin] future: F },
    }
}

impl<C, F> MakeThenRun<C, F> {
    pub(super) fn new(make: C) -> Self {
        Self::Make { make: Some(make) }
    }
}

impl<C: FnOnce() -> F, F: Future> Future for MakeThenRun<C, F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let MakeThenRunProject::Make { make } = self.as_mut().project() {
            let make = make.take().expect("a panic in the closure ends the task");
            let future = make();
            self.set(Self::Run { future });
        }
        match self.project() {
            MakeThenRunProject::Run { future } => future.poll(cx),
            MakeThenRunProject::Make { .. } => unreachable!("replaced above"),
        }
    }
}
