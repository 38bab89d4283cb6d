//! A child of a blocking scope as it runs: what it returns, or its panic, is left where the others
//! look before they learn of its end.
#![forbid(unsafe_code)]

use super::register::{ChildId, Register};
use crate::slot::Filler;
use qi_sched::stackful;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pin_project_lite::pin_project! {
    /// A future whose result goes to a slot, and whose panic to the register.
    pub(super) struct Run<F: Future> {
        // `None` once it has ended.
        #[pin]
        future: Option<F>,
        // After the future: whoever waits is told when that is gone.
        filler: Option<Filler<F::Output>>,
        register: Arc<Register>,
        child: ChildId,
    }
}

impl<F: Future> Run<F> {
    pub(super) fn new(
        future: F,
        filler: Filler<F::Output>,
        register: Arc<Register>,
        child: ChildId,
    ) -> Self {
        Self { future: Some(future), filler: Some(filler), register, child }
    }
}

impl<F: Future> Future for Run<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = future.poll(cx);
            if polled.is_ready() {
                // Before anybody hears of the end, as if it had dropped itself.
                this.future.set(None);
            }
            polled
        }));
        match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => {
                if let Some(filler) = this.filler.take() {
                    filler.fill(value);
                }
            }
            Err(payload) => {
                // The panic that came first counts.
                let _ = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
                this.register.panicked(*this.child, payload);
                drop(this.filler.take());
            }
        }
        Poll::Ready(())
    }
}

/// Calls a closure whose result goes to a slot, and whose panic to the register.
pub(super) fn call<T>(
    call: impl FnOnce() -> T,
    filler: Filler<T>,
    register: &Register,
    child: ChildId,
) {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => filler.fill(value),
        Err(payload) => {
            // A coroutine that was cancelled has not panicked: its handle says Cancelled.
            if stackful::is_cancellation(&*payload) {
                drop(filler);
                resume_unwind(payload);
            }
            register.panicked(child, payload);
            drop(filler);
        }
    }
}
