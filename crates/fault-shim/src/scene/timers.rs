//! Timers: none fires early, none is lost.

use std::future::pending;
use std::time::{Duration, Instant};

use qi_runtime::time::{interval, sleep, timeout};

use crate::stage::Stage;

const SLEEPERS: u32 = 6;

pub(super) async fn play(stage: &Stage) {
    // Lengths that are no whole milliseconds: each is a deadline of its own.
    let lengths = (1..=SLEEPERS).map(|step| Duration::from_micros(700) * step);
    let sleepers: Vec<_> = lengths
        .map(|length| {
            stage.spawn(async move {
                let begun = Instant::now();
                sleep(length).await;
                begun.elapsed() >= length
            })
        })
        .collect();
    for sleeper in sleepers {
        let on_time = stage.settle(sleeper).await;
        stage.ledger.check(on_time != Some(false), || "a sleep ended early".to_owned());
    }
    let waiting = stage.spawn(async {
        timeout(Duration::from_millis(1), pending::<()>()).await.is_err()
            && timeout(Duration::from_secs(3600), async {}).await.is_ok()
    });
    let as_due = stage.settle(waiting).await;
    stage.ledger.check(as_due != Some(false), || "a timeout ended the wrong way".to_owned());
    let ticking = stage.spawn(async {
        let mut ticks = interval(Duration::from_micros(900));
        for _ in 0..3 {
            ticks.tick().await;
        }
    });
    let _ = stage.settle(ticking).await;
}
