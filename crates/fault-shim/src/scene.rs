//! The scenes in their order: three runtimes one after the other, each ended in another way.

mod blocking;
mod end;
mod message;
mod nested;
mod net;
mod tasks;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use qi_runtime::AsyncRuntime;

use crate::census::Census;
use crate::ledger::Ledger;
use crate::stage::Stage;

/// How often a thing is tried whose failure is an error for the caller.
const ATTEMPTS: usize = 3;

/// Short, so that being stuck for longer takes little of the workload's time.
const STALL_THRESHOLD: Duration = Duration::from_millis(1);

/// Plays all scenes.
pub(crate) fn all(ledger: &Arc<Ledger>, before: &Census, workers: usize) {
    let ends: [fn(&Arc<Ledger>, AsyncRuntime); 3] =
        [end::gracefully, end::at_once, end::inside_its_own_task];
    for end in ends {
        if let Some(runtime) = start(ledger, before, workers) {
            end(ledger, runtime);
        }
        before.expect_again("after a runtime's end", ledger);
    }
}

/// Makes a runtime; one that the system refuses must leave nothing behind.
fn start(ledger: &Arc<Ledger>, before: &Census, workers: usize) -> Option<AsyncRuntime> {
    for _ in 0..ATTEMPTS {
        let builder = AsyncRuntime::builder()
            .worker_threads(workers)
            .stall_threshold(STALL_THRESHOLD)
            .shutdown_timeout(ledger.patience());
        match builder.build() {
            Ok(runtime) => return Some(runtime),
            Err(error) => {
                ledger.error("building a runtime", &error);
                before.expect_again("after a runtime that was not built", ledger);
            }
        }
    }
    ledger.gave_up("building a runtime");
    None
}

/// What a runtime is used for before it ends.
async fn work(stage: Stage) {
    tasks::play(&stage).await;
    timers::play(&stage).await;
    net::play(&stage).await;
    message::play(&stage).await;
    blocking::play(&stage).await;
    nested::play(&stage).await;
    tasks::get_stuck(&stage).await;
}
