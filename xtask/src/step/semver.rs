//! The public API of the crates that users depend on, against the listing that is committed.
//!
//! Protocol: rustdoc tells the API in JSON, which is written as lines (`listing.rs`) and compared with
//! `docs/api/CRATE.txt`. A line that is gone is something that users could name and cannot any more, or not in
//! that way: it fails, until the listing is written anew (`--write`) with the version that may break. New lines
//! are told, and break nobody. cargo-semver-checks, where it is installed and a revision is named, looks at the
//! crates with rules of its own.

mod listing;
mod signature;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::catalogue::layer;
use crate::context::Context;
use crate::process;
use crate::report::{Report, tail};

const STEP: &str = "semver";
/// Where the listings lie.
const LISTINGS: &str = "docs/api";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for package in layer::core_packages() {
        let now = api(context, package)?;
        let path = listing_of(context, package);
        let Ok(text) = std::fs::read_to_string(&path) else {
            report.fail(format!("{package}: {} is absent", path.display()), "");
            continue;
        };
        let before: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        let gone: Vec<&str> = before.difference(&now).map(String::as_str).collect();
        let new = now.difference(&before).count();
        if gone.is_empty() {
            report.pass();
        } else {
            report.fail(format!("{package}: its API has lost or changed"), gone.join("\n"));
        }
        if new > 0 {
            report.note(format!("{package}: {new} new lines"));
        }
    }
    if let Some(baseline) = &context.options.baseline {
        with_semver_checks(context, &mut report, baseline)?;
    }
    Ok(report)
}

/// Writes the listings anew.
pub(crate) fn write(context: &Context) -> anyhow::Result<()> {
    for package in layer::core_packages() {
        let path = listing_of(context, package);
        std::fs::create_dir_all(context.root.join(LISTINGS))?;
        let text: String = api(context, package)?.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn listing_of(context: &Context, package: &str) -> PathBuf {
    context.root.join(LISTINGS).join(format!("{package}.txt"))
}

/// The lines of a crate, with all its features.
fn api(context: &Context, package: &str) -> anyhow::Result<BTreeSet<String>> {
    let folder = context.target.join("xtask-api");
    let dir = folder.to_str().context("the target directory has a name that is not text")?;
    let args = ["rustdoc", "--package", package, "--lib", "--all-features", "--target-dir", dir];
    // Not a stable form of output: what cannot be read in it is an error, not an empty listing.
    let form = ["--", "-Zunstable-options", "--output-format", "json"];
    let job = context.cargo(STEP, &args).args(&form).env("RUSTC_BOOTSTRAP", "1");
    let finished = job.run()?;
    if !finished.end.is_success() {
        bail!("rustdoc of {package}: {}\n{}", finished.end, tail(&finished.output));
    }
    let file = folder.join("doc").join(format!("{}.json", package.replace('-', "_")));
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let lines = listing::lines(&text)?;
    if lines.is_empty() {
        bail!("rustdoc says nothing of {package}");
    }
    Ok(lines)
}

fn with_semver_checks(
    context: &Context,
    report: &mut Report,
    baseline: &str,
) -> anyhow::Result<()> {
    if !process::probe("cargo-semver-checks", &["--version"]) {
        report.skip("cargo-semver-checks is not installed (cargo install cargo-semver-checks)");
        return Ok(());
    }
    for package in layer::core_packages() {
        let args = ["semver-checks", "--package", package, "--baseline-rev", baseline];
        report.judge(package, &context.cargo(STEP, &args).run()?);
    }
    Ok(())
}
