//! The three ends of a runtime: graceful, at once, and dropped inside its own task.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use qi_runtime::time::sleep;
use qi_runtime::{AsyncRuntime, RuntimeState, TaskHandle};

use super::{net, work};
use crate::ledger::Ledger;
use crate::stage::Stage;

const LOOK_EVERY: Duration = Duration::from_micros(200);

/// Everything is used, and waited for; nothing is left when the end comes.
pub(super) fn gracefully(ledger: &Arc<Ledger>, runtime: AsyncRuntime) {
    let stage = Stage::new(&runtime, ledger);
    let all = stage.spawn(work(stage.clone()));
    runtime.block_on(stage.settle(all));
    let report = runtime.shutdown_graceful(ledger.patience());
    ledger.check(report.left_behind.is_empty(), || format!("left behind: {report:?}"));
    drop(runtime);
    stage.close("after a graceful shutdown", true);
}

/// Tasks wait for timers, sockets, each other and nothing when the end comes.
pub(super) fn at_once(ledger: &Arc<Ledger>, runtime: AsyncRuntime) {
    let stage = Stage::new(&runtime, ledger);
    let left = runtime.block_on(leave_waiting(&stage));
    if let Err(error) = runtime.shutdown() {
        ledger.wrong(&format!("the shutdown: {error}"));
    }
    for task in left {
        let status = task.status();
        ledger.check(status.is_final(), || format!("after the shutdown a task is {status}"));
    }
    drop(runtime);
    stage.close("after a shutdown", false);
}

async fn leave_waiting(stage: &Stage) -> Vec<TaskHandle<()>> {
    let mut tasks = vec![
        stage.spawn(pending()),
        stage.spawn(sleep(Duration::from_secs(3600))),
        stage.spawn_pinned(pending),
        stage.spawn_blocking(|| thread::sleep(Duration::from_millis(1))),
    ];
    if let Some((listener, _)) = net::listen(stage).await {
        tasks.push(stage.spawn(async move {
            // Nobody comes; an error is as good an end as any.
            let _ = listener.accept().await;
        }));
    }
    // So that some of them wait already.
    sleep(Duration::from_micros(500)).await;
    tasks
}

/// The last one to go is a task: the end comes when nobody waits for it.
pub(super) fn inside_its_own_task(ledger: &Arc<Ledger>, runtime: AsyncRuntime) {
    let stage = Stage::new(&runtime, ledger);
    let handle = runtime.handle().clone();
    let kept = Arc::new(Mutex::new(Some(runtime)));
    let taken = kept.clone();
    drop(stage.spawn(async move {
        sleep(Duration::from_micros(100)).await;
        drop(taken.lock().unwrap_or_else(PoisonError::into_inner).take());
    }));
    drop(kept);
    let deadline = Instant::now() + ledger.patience();
    while handle.state() != RuntimeState::Stopped {
        if Instant::now() > deadline {
            ledger.wrong("a runtime dropped in its own task does not stop");
            return;
        }
        thread::sleep(LOOK_EVERY);
    }
    stage.close("after a runtime was dropped in its own task", false);
}
