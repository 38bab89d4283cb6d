//! The cooperative budget around operations that are futures, and around waits for readiness.

use qi_reactor::{Interest, Watched};
use qi_sched::coop;
use std::future::{Future, poll_fn};
use std::io;
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

/// Waits until the source may be ready. One that is not registered was never seen to be unready.
pub(super) async fn readiness<S>(io: &Watched<S>, interest: Interest) -> io::Result<()>
where
    S: mio::event::Source,
{
    cooperative(async {
        match io.registration() {
            Some(registration) => registration.ready(interest).await.map(drop),
            None => Ok(()),
        }
    })
    .await
}
