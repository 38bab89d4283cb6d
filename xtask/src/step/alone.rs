//! Each core crate by itself: what it compiles, and its tests started from its own manifest.
//!
//! Cargo unites the features of everything it builds at once, so a crate that lacks a feature of
//! a dependency is noticed only when it is built without its neighbours.

use crate::catalogue::dependency::ONLY_BY_FEATURE;
use crate::catalogue::layer::{LAYERS, below};
use crate::context::Context;
use crate::libtest;
use crate::report::{Report, tail};
use crate::workspace::Package;

const STEP: &str = "alone";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for layer in LAYERS.iter().filter(|layer| layer.core) {
        let Some(package) = context.metadata()?.package(layer.package) else {
            report.fail(format!("{} is not a member of the workspace", layer.package), "");
            continue;
        };
        check_tree(context, package, &mut report)?;
        test(context, package, &[], &mut report)?;
        if package.features.iter().any(|feature| feature != "default") {
            test(context, package, &["--all-features"], &mut report)?;
        }
    }
    Ok(report)
}

fn check_tree(context: &Context, package: &Package, report: &mut Report) -> anyhow::Result<()> {
    let args = ["tree", "--manifest-path", &package.manifest, "--prefix", "none"];
    let more = ["--format", "{p}", "--edges", "normal,build", "--target", "all"];
    let finished = context.cargo(STEP, &[&args[..], &more[..]].concat()).run()?;
    let what = format!("{}: what it compiles", package.name);
    if !finished.end.is_success() {
        report.fail(format!("{what}: {}", finished.end), tail(&finished.output));
        return Ok(());
    }
    match intruders(&package.name, &finished.output) {
        found if found.is_empty() => report.pass(),
        found => report.fail(format!("{what}: {}", found.join(", ")), tail(&finished.output)),
    }
    Ok(())
}

/// Members that are not below `package`, and crates that only a feature may bring.
fn intruders(package: &str, tree: &str) -> Vec<String> {
    let allowed = below(LAYERS, package);
    let is_intruder = |name: &str| {
        let member = LAYERS.iter().any(|layer| layer.package == name);
        let above = member && name != package && !allowed.contains(&name);
        above || ONLY_BY_FEATURE.contains(&name)
    };
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut found: Vec<String> = names.filter(|n| is_intruder(n)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn test(
    context: &Context,
    package: &Package,
    extra: &[&str],
    report: &mut Report,
) -> anyhow::Result<()> {
    let args = ["test", "--no-fail-fast", "--manifest-path", &package.manifest];
    let finished = context.cargo(STEP, &[&args[..], extra].concat()).run()?;
    let what = [&[package.name.as_str()], extra].concat().join(" ");
    libtest::judge(report, &what, &finished);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_above_and_crate_of_a_feature_are_intruders() {
        let tree = "qi-sched v0.1.0 (somewhere)\nqi-sys v0.1.0\nqi-runtime v0.1.0\ntokio v1.0.0\n";
        assert_eq!(intruders("qi-sched", tree), ["qi-runtime", "tokio"]);
    }

    #[test]
    fn layers_below_are_welcome() {
        let tree = "qi-runtime v0.1.0\nqi-sched v0.1.0\nqi-sys v0.1.0\nmio v1.1.0\n";
        assert!(intruders("qi-runtime", tree).is_empty());
        assert_eq!(intruders("qi-sys", "qi-sys v0.1.0\nqi-sched v0.1.0\n"), ["qi-sched"]);
    }
}
