//! Blocking calls, two of which need each other, and a thread that is not the runtime's.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use qi_runtime::time::sleep;

use crate::stage::Stage;

pub(super) async fn play(stage: &Stage) {
    let (sender, receiver) = channel();
    let patience = stage.ledger.patience();
    let waiting = stage.spawn_blocking(move || receiver.recv_timeout(patience).is_ok());
    let answering = stage.spawn_blocking(move || sender.send(()).is_ok());
    if stage.settle(waiting).await == Some(false) {
        stage.ledger.overdue("a blocking call that another one answers");
    }
    let _ = stage.settle(answering).await;
    from_outside(stage).await;
}

/// A foreign thread blocks on this runtime. The system may refuse that thread, too.
async fn from_outside(stage: &Stage) {
    let (sender, receiver) = channel();
    let foreign = stage.clone();
    let body = move || {
        let child = foreign.spawn(async { sleep(Duration::from_micros(300)).await });
        foreign.handle.block_on(foreign.settle(child));
        // The receiver waits, or has given up.
        let _ = sender.send(());
    };
    match thread::Builder::new().spawn(body) {
        Ok(thread) => {
            let ended = stage.spawn_blocking(wait_for(receiver, stage.ledger.patience()));
            if stage.settle(ended).await == Some(false) {
                stage.ledger.overdue("a foreign thread");
            }
            stage.ledger.check(thread.join().is_ok(), || "a foreign thread panicked".to_owned());
        }
        Err(error) => stage.ledger.error("a thread of the workload's own", &error),
    }
}

fn wait_for(receiver: Receiver<()>, patience: Duration) -> impl FnOnce() -> bool {
    move || receiver.recv_timeout(patience).is_ok()
}
