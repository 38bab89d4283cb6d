//! The examples that speak other crates' protocols: what they compile, their own tests, and their
//! conversations with foreign programs.

use crate::catalogue::ecosystem::{CERTIFICATE, ECOSYSTEM, FEATURES};
use crate::context::Context;
use crate::libtest;
use crate::report::{Report, tail};
use crate::step::examples::{build_with, check_all};
use anyhow::Context as _;

const STEP: &str = "ecosystem";

const PACKAGE: &str = "qi-examples";

/// Features of Tokio that would bring its runtime, or start threads of its own.
const RUNTIME_OF_TOKIO: &[&str] =
    &["fs", "net", "process", "rt", "rt-multi-thread", "signal", "time"];

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for feature in FEATURES {
        check_tree(context, feature, &mut report)?;
    }
    let folder = std::path::Path::new(CERTIFICATE).parent().context("it lies in a folder")?;
    std::fs::create_dir_all(context.root.join(folder))?;
    let features = FEATURES.join(",");
    let tests = ["test", "--release", "--package", PACKAGE, "--features", &features, "--examples"];
    libtest::judge(&mut report, "tests of the examples", &context.cargo(STEP, &tests).run()?);
    let mut rows: Vec<_> = ECOSYSTEM.iter().map(|row| (row.package, row.name)).collect();
    rows.sort_unstable();
    rows.dedup();
    let programs = build_with(context, STEP, rows.into_iter(), &features)?;
    check_all(context, STEP, ECOSYSTEM, &programs, &mut report)?;
    Ok(report)
}

/// No example brings Tokio's runtime along.
fn check_tree(context: &Context, feature: &str, report: &mut Report) -> anyhow::Result<()> {
    let args = ["tree", "--package", PACKAGE, "--features", feature, "--prefix", "none"];
    let more = ["--edges", "features,no-dev", "--target", "all"];
    let finished = context.cargo(STEP, &[&args[..], &more[..]].concat()).run()?;
    let what = format!("what the feature {feature} compiles");
    if !finished.end.is_success() {
        report.fail(format!("{what}: {}", finished.end), tail(&finished.output));
        return Ok(());
    }
    match runtime_features(&finished.output) {
        found if found.is_empty() => report.pass(),
        found => report.fail(format!("{what}: Tokio with {}", found.join(", ")), ""),
    }
    Ok(())
}

/// Those features of Tokio in cargo's tree that bring its runtime.
fn runtime_features(tree: &str) -> Vec<&'static str> {
    let line = |feature: &str| format!("tokio feature \"{feature}\"");
    let has = |feature: &str| tree.lines().any(|found| found.starts_with(&line(feature)));
    RUNTIME_OF_TOKIO.iter().copied().filter(|feature| has(feature)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_runtime_of_tokio_is_refused() {
        let tree = "hyper feature \"http1\"\ntokio feature \"sync\"\ntokio v1.0.0\n\
                    tokio feature \"rt\" (*)\n";
        assert_eq!(runtime_features(tree), ["rt"]);
        assert!(runtime_features("tokio feature \"sync\"\ntokio v1.0.0\n").is_empty());
    }
}
