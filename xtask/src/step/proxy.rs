//! The example `proxy` under load: client, proxy and server are processes of their own, every byte
//! that went through is compared, and its memory per idle connection is told.
//!
//! In the suite with some hundred connections; with thousands when the step is named.

use std::time::Duration;

use anyhow::Context as _;

use crate::context::Context;
use crate::report::{Report, tail};
use crate::step::examples::build;

const STEP: &str = "proxy";
const LIMIT: Duration = Duration::from_secs(300);

/// Connections at once, and bytes in each direction altogether.
const FEW: [&str; 2] = ["500", "64000000"];
const MANY: [&str; 2] = ["9000", "1073741824"];

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let [connections, bytes] = if context.options.subset { FEW } else { MANY };
    let examples = ["proxy", "proxy_load"];
    let programs = build(context, STEP, examples.map(|name| ("qi-examples", name)).into_iter())?;
    let path = |wanted: &str| {
        let found = programs.iter().find(|(name, _)| name == wanted);
        found.map(|(_, path)| path.as_str()).with_context(|| format!("{wanted} was not built"))
    };
    let args = ["check", "--connections", connections, "--bytes", bytes, path("proxy")?];
    let finished = context.job(STEP, path("proxy_load")?).args(&args).within(LIMIT).run()?;
    let mut report = Report::default();
    let said = finished.output.lines().find(|line| line.contains("every byte compared"));
    match said {
        Some(_) if finished.end.is_success() => report.pass(),
        _ => report.fail(format!("proxy_load: {}", finished.end), tail(&finished.output)),
    }
    for line in finished.output.lines().filter(|line| line.starts_with("proxy: ")) {
        report.note(line.to_owned());
    }
    Ok(report)
}
