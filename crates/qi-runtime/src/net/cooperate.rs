//! The cooperative budget around operations that are futures.

use qi_sched::coop;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, ready};

/// Takes a unit of the task's budget for the end of `operation`, and suspends first if none is left.
pub(super) async fn cooperative<F: Future>(operation: F) -> F::Output {
    let mut operation = pin!(operation);
    poll_fn(|cx| {
        let progress = ready!(coop::poll_proceed(cx));
        let output = ready!(operation.as_mut().poll(cx));
        progress.made_progress();
        Poll::Ready(output)
    })
    .await
}
