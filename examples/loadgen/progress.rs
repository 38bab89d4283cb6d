//! What the user sees while it runs: a bar on standard error, if that is a terminal.

use crate::record::Records;
use crate::schedule::Schedule;
use indicatif::{ProgressBar, ProgressStyle};
use qi_runtime::sync::CancellationToken;
use qi_runtime::time;
use std::time::Duration;

/// How often the bar is drawn anew: often enough to look alive, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_millis(200);

/// The bar is so many steps long.
const STEPS: u64 = 1000;

/// Draws until the run is over.
pub(crate) async fn show(schedule: &Schedule, records: &Records, stop: &CancellationToken) {
    let bar = ProgressBar::new(STEPS);
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg}");
    bar.set_style(style.expect("the constant is a template"));
    let planned = schedule.due_by(Duration::MAX).max(1);
    while !stop.is_cancelled() {
        time::sleep(EVERY).await;
        let (count, failed, late) = records.glance();
        let passed = schedule.begin().elapsed();
        let due = schedule.due_by(passed);
        bar.set_position(due * STEPS / planned);
        let failures = if failed > 0 { format!(", {failed} FAILED") } else { String::new() };
        bar.set_message(format!(
            "{:.0}/s, p99 {}, {} waiting{failures}",
            count as f64 / passed.as_secs_f64(),
            crate::summary::span(late),
            due.saturating_sub(count),
        ));
    }
    bar.finish_and_clear();
}
