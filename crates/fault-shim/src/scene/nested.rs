//! Blocking inside tasks: `block_on` in `block_on`, pinned tasks, `block_in_place`.

use std::rc::Rc;
use std::sync::mpsc::channel;
use std::time::Duration;

use qi_runtime::time::sleep;
use qi_runtime::{block_in_place, yield_now};

use crate::stage::Stage;

const DEPTH: u32 = 3;

pub(super) async fn play(stage: &Stage) {
    let nesting = stage.clone();
    let nested = stage.spawn(async move { block(&nesting, DEPTH) });
    let pinned: Vec<_> = (0..3_u32)
        .map(|number| {
            stage.spawn_pinned(move || async move {
                let kept = Rc::new(number);
                yield_now().await;
                sleep(Duration::from_micros(200)).await;
                *kept
            })
        })
        .collect();
    let depth = stage.settle(nested).await;
    stage.ledger.check(depth == Some(DEPTH), || format!("nested {depth:?} deep"));
    for (number, task) in (0..).zip(pinned) {
        let result = stage.settle(task).await;
        stage.ledger.check(result == Some(number), || format!("pinned {number}: {result:?}"));
    }
    in_place(stage).await;
}

/// Blocks in a task on a task that blocks on a task …, and returns how deep it went.
fn block(stage: &Stage, depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    stage.handle.block_on(async {
        sleep(Duration::from_micros(100)).await;
        let below = stage.clone();
        let child = stage.spawn(async move { block(&below, depth - 1) });
        1 + stage.settle(child).await.unwrap_or_default()
    })
}

/// Every worker waits, as the system sees it, for a task that is queued.
async fn in_place(stage: &Stage) {
    let waiting: Vec<_> = (0..stage.workers)
        .map(|_| {
            let waiter = stage.clone();
            stage.spawn(async move {
                let (sender, receiver) = channel();
                let answering = waiter.spawn(async move { sender.send(()).is_ok() });
                let patience = waiter.ledger.patience();
                if block_in_place(|| receiver.recv_timeout(patience)).is_err() {
                    waiter.ledger.overdue("a block_in_place that a task answers");
                }
                let _ = waiter.settle(answering).await;
            })
        })
        .collect();
    for task in waiting {
        let _ = stage.settle(task).await;
    }
}
