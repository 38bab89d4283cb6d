//! Everything that is built along with the workspace, and what of it reaches whoever depends on a core crate.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::Value;

/// A crate of a certain version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
    /// Where it comes from; `None` for members of the workspace.
    pub(super) source: Option<String>,
    /// Whether a core crate needs it, to run or to be built.
    pub(super) reaches_users: bool,
}

/// Reads what `cargo metadata` says, dependencies included. `core`: the packages that users depend on.
pub(super) fn parse(text: &str, core: &[&str]) -> anyhow::Result<Vec<Crate>> {
    let json: Value = serde_json::from_str(text).context("cargo metadata is not JSON")?;
    let packages = json["packages"].as_array().context("it names no packages")?;
    let id = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
    let is_core = |package: &&Value| core.iter().any(|name| package["name"] == **name);
    let mut open: Vec<String> = packages.iter().filter(is_core).map(id).collect();
    let needs = needs(&json["resolve"]["nodes"]);
    let mut reached = BTreeSet::new();
    while let Some(package) = open.pop() {
        if reached.insert(package.clone()) {
            open.extend(needs.get(&package).into_iter().flatten().cloned());
        }
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let crates = packages.iter().map(|package| Crate {
        name: text(&package["name"]).unwrap_or_default(),
        version: text(&package["version"]).unwrap_or_default(),
        licence: text(&package["license"]),
        source: text(&package["source"]),
        reaches_users: reached.contains(&id(package)),
    });
    Ok(crates.collect())
}

/// What each package needs, but for its own tests.
fn needs(nodes: &Value) -> BTreeMap<String, Vec<String>> {
    let of_use = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
        kinds.into_iter().any(|kind| kind["kind"] != "dev")
    };
    let each = nodes.as_array().into_iter().flatten().map(|node| {
        let needed = node["deps"].as_array().into_iter().flatten().filter(of_use);
        let needed = needed.filter_map(|dependency| Some(dependency["pkg"].as_str()?.to_owned()));
        (node["id"].as_str().unwrap_or_default().to_owned(), needed.collect())
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_need_does_not_reach_users() {
        let text = r#"{"packages": [
            {"id": "1", "name": "core", "version": "0.1.0", "license": "MIT", "source": null},
            {"id": "2", "name": "needed", "version": "1.0.0", "license": "MIT", "source": "registry+r"},
            {"id": "3", "name": "tool", "version": "2.0.0", "license": null, "source": "git+g"}],
            "resolve": {"nodes": [{"id": "1", "deps": [
                {"pkg": "2", "dep_kinds": [{"kind": null}]},
                {"pkg": "3", "dep_kinds": [{"kind": "dev"}]}]}]}}"#;
        let crates = parse(text, &["core"]).unwrap();
        let reach: Vec<bool> = crates.iter().map(|one| one.reaches_users).collect();
        assert_eq!(reach, [true, true, false]);
        assert_eq!(crates[2].source.as_deref(), Some("git+g"));
        assert!(parse("error", &["core"]).is_err());
    }
}
