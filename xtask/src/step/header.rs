//! The header of the C ABI, made from the exported functions of qi-abi, and the table of them in its pages:
//! the committed ones must be what the sources give. `cargo xtask header --write` brings them up to date.

mod reference;

use std::fs;

use anyhow::Context as _;

use crate::context::Context;
use crate::report::Report;

/// The header, from the workspace root.
pub(crate) const HEADER: &str = "crates/qi-abi/include/qi_runtime.h";

const PACKAGE: &str = "crates/qi-abi";

/// The pages that have the table.
const PAGES: &[&str] = &["docs/abi.md", "docs/abi.zh.md"];

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

/// The files that are made, each with its text.
fn files(context: &Context) -> anyhow::Result<Vec<(&'static str, String)>> {
    let header = made(context)?;
    let table = reference::table(&header)?;
    let mut files = vec![(HEADER, header)];
    for page in PAGES {
        let text =
            fs::read_to_string(context.root.join(page)).with_context(|| (*page).to_owned())?;
        let text = reference::put(&text.replace('\r', ""), &table);
        files.push((page, text.with_context(|| format!("{page} has no place for the table"))?));
    }
    Ok(files)
}

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for (path, made) in files(context)? {
        let committed = fs::read_to_string(context.root.join(path)).unwrap_or_default();
        if committed.replace('\r', "") == made {
            report.pass();
        } else {
            report.fail(format!("{path} is out of date: cargo xtask header --write"), "");
        }
    }
    Ok(report)
}

/// Writes the files.
pub(crate) fn write(context: &Context) -> anyhow::Result<()> {
    for (path, text) in files(context)? {
        let path = context.root.join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
