//! The header of the C ABI, made from the exported functions of qi-abi: the committed one must be what
//! they give. `cargo xtask header --write` brings it up to date.

use std::fs;

use anyhow::Context as _;

use crate::context::Context;
use crate::report::Report;

/// The header, from the workspace root.
pub(crate) const HEADER: &str = "crates/qi-abi/include/qi_runtime.h";

const PACKAGE: &str = "crates/qi-abi";

/// What the sources give.
fn made(context: &Context) -> anyhow::Result<String> {
    let package = context.root.join(PACKAGE);
    let config = cbindgen::Config::from_file(package.join("cbindgen.toml"))
        .map_err(|why| anyhow::anyhow!("cbindgen.toml: {why}"))?;
    let bindings = cbindgen::generate_with_config(&package, config)
        .context("cbindgen does not understand the exported functions")?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).context("the header is not text")
}

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let committed = fs::read_to_string(context.root.join(HEADER)).unwrap_or_default();
    let mut report = Report::default();
    if committed.replace('\r', "") == made(context)? {
        report.pass();
    } else {
        report.fail(format!("{HEADER} is out of date: cargo xtask header --write"), "");
    }
    Ok(report)
}

/// Writes the header.
pub(crate) fn write(context: &Context) -> anyhow::Result<()> {
    let path = context.root.join(HEADER);
    fs::write(&path, made(context)?).with_context(|| format!("cannot write {}", path.display()))
}
