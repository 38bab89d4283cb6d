//! The deadline of a run: a task that sleeps until it passes or the run is over.

use super::ending::StopReason;
use super::{Live, Shared, lock};
use qi_runtime::TaskPriority;
use qi_runtime::time::{Sleep, sleep};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Starts it. It ends before the run does.
pub(super) fn spawn(run: &Arc<Shared>, deadline: Duration) {
    let watchdog = Watchdog { deadline, sleep: None, place: None, live: Live::new(run.clone()) };
    // High: it must not wait behind what it is to end.
    let task = run.handle().task().priority(TaskPriority::High).name("graph deadline");
    drop(task.spawn(watchdog));
}

struct Watchdog {
    deadline: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Its place among the sleepers.
    place: Option<usize>,
    live: Live,
}

impl Future for Watchdog {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let run = this.live.run();
        match this.place {
            None => this.place = Some(run.sleepers.add(cx.waker().clone())),
            Some(place) => run.sleepers.update(place, cx.waker()),
        }
        // After the waker was left: whoever ends the run from now on wakes this task.
        if run.is_stopped() || lock(&run.queue).left() == 0 {
            return Poll::Ready(());
        }
        let deadline = this.deadline;
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(sleep(deadline)));
        if sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        run.stop(StopReason::Deadline);
        Poll::Ready(())
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.live.run().sleepers.remove(place);
        }
    }
}
