//! Tasks that are spawned, joined, cancelled, that panic, and that hold their workers up.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use qi_runtime::{TaskStatus, yield_now};

use crate::stage::Stage;
use crate::watch::ON_PURPOSE;

const TASKS: u32 = 16;

/// So long a task spins at most, if nobody relieves it: no thread may be left to do so.
const SPIN: Duration = Duration::from_millis(5);

pub(super) async fn play(stage: &Stage) {
    let joined: Vec<_> = (0..TASKS)
        .map(|number| {
            stage.spawn(async move {
                yield_now().await;
                number
            })
        })
        .collect();
    let cancelled: Vec<_> = (0..TASKS).map(|_| stage.spawn(pending::<()>())).collect();
    let panicking = stage.spawn(async { std::panic::panic_any(ON_PURPOSE) });
    for (number, task) in (0..TASKS).zip(joined) {
        let result = stage.settle(task).await;
        stage.ledger.check(result == Some(number), || format!("task {number} gave {result:?}"));
    }
    for task in cancelled {
        let taken = task.cancel();
        stage.ledger.check(taken.is_ok(), || format!("a pending task: {taken:?}"));
        stage.ledger.check(stage.settle(task).await.is_none(), || "it never ends".to_owned());
    }
    let ledger = &stage.ledger;
    let id = panicking.id();
    ledger.check(stage.settle(panicking).await.is_none(), || format!("{id} did not panic"));
}

/// Every worker is stuck until another thread runs one more task.
pub(super) async fn get_stuck(stage: &Stage) {
    let relieved = Arc::new(AtomicBool::new(false));
    let spinning: Vec<_> = (0..stage.workers)
        .map(|_| {
            let relieved = relieved.clone();
            stage.spawn(async move {
                let begun = Instant::now();
                // Relaxed: nothing is handed over with it.
                while !relieved.load(Relaxed) && begun.elapsed() < SPIN {
                    std::hint::spin_loop();
                }
            })
        })
        .collect();
    // Relaxed: see above.
    let relief = stage.spawn(async move { relieved.store(true, Relaxed) });
    for task in spinning.into_iter().chain([relief]) {
        let status = task.status();
        let ended = stage.settle(task).await.is_some();
        stage.ledger.check(ended && status != TaskStatus::Failed, || format!("was {status}"));
    }
}
