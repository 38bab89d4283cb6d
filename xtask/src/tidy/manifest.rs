//! Rules on manifests and on the files that every checkout has.

use std::collections::BTreeMap;

use regex_lite::Regex;
use toml::{Table, Value};

use super::Finding;
use super::tree::Tree;
use crate::catalogue::dependency::EXTERNALS;

const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

const REQUIRED: &[&str] = &[
    "README.md",
    "README.zh.md",
    ARCHITECTURE,
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "Cargo.lock",
    ".ci/run",
    ".github/workflows/ci.yml",
];

/// The tables of a manifest that name dependencies.
const DEPENDENCY_TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// A member's manifest.
pub(super) struct Package {
    path: String,
    /// Its folder, with the closing `/`.
    pub(super) folder: String,
    toml: Table,
}

/// All members. A manifest that is no TOML cannot occur here: cargo has read it before us.
pub(super) fn packages(tree: &Tree) -> Vec<Package> {
    let manifests = tree.ending("/Cargo.toml").filter_map(|file| {
        let toml: Table = file.text.parse().ok()?;
        let folder = file.path.strip_suffix("Cargo.toml")?.to_owned();
        toml.contains_key("package").then(|| Package { path: file.path.clone(), folder, toml })
    });
    manifests.collect()
}

/// READMEs, licences, lock file and the rest.
pub(crate) fn required_files(tree: &Tree) -> Vec<Finding> {
    let absent = REQUIRED.iter().filter(|path| !tree.has(path));
    absent.map(|path| Finding::new(path, 0, "is absent")).collect()
}

/// Description, licence, and the workspace's lints, edition and version.
pub(crate) fn complete(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Package { path, toml, .. } in packages(tree) {
        let package = &toml["package"];
        let described = get(package, "description").and_then(Value::as_str);
        if described.is_none_or(|text| text.trim().is_empty()) {
            findings.push(Finding::new(&path, 0, "has no description"));
        }
        for key in ["license", "edition", "version", "rust-version"] {
            if !get(package, key).is_some_and(is_inherited) {
                findings.push(Finding::new(&path, 0, format!("lacks `{key}.workspace = true`")));
            }
        }
        if !toml.get("lints").is_some_and(is_inherited) {
            findings.push(Finding::new(&path, 0, "lacks `[lints] workspace = true`"));
        }
    }
    findings
}

/// A version stands in the workspace's manifest, or in the one manifest that uses the crate.
pub(crate) fn versions(tree: &Tree) -> Vec<Finding> {
    let mut stated: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Some(root) = tree.file("Cargo.toml").and_then(|file| file.text.parse::<Table>().ok()) {
        let shared = root.get("workspace").and_then(|workspace| get(workspace, "dependencies"));
        for name in shared.and_then(Value::as_table).into_iter().flat_map(Table::keys) {
            stated.entry(name.clone()).or_default().push("Cargo.toml".to_owned());
        }
    }
    for Package { path, toml, .. } in packages(tree) {
        let targets = toml.get("target").and_then(Value::as_table);
        let tables = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        for table in std::iter::once(&toml).chain(tables) {
            for (name, dependency) in dependencies(table) {
                let places = stated.entry(name.clone()).or_default();
                if !is_inherited(dependency) && !places.contains(&path) {
                    places.push(path.clone());
                }
            }
        }
    }
    let repeated = stated.into_iter().filter(|(_, places)| places.len() > 1);
    let finding = |(name, places): (String, Vec<String>)| {
        let text = format!("the version of {name} is stated in {}", places.join(" and "));
        Finding::new(places.last().map_or("", String::as_str), 0, text)
    };
    repeated.map(finding).collect()
}

/// The minimum Rust version stands in the workspace's manifest; whoever else names one agrees.
pub(crate) fn rust_version(tree: &Tree) -> Vec<Finding> {
    let stating = Regex::new(r#"^rust-version = "([\d.]+)""#).expect("the pattern is constant");
    let root = tree.file("Cargo.toml");
    let text = root.map_or("", |file| file.text.as_str());
    let stated: Vec<String> =
        text.lines().filter_map(|line| Some(stating.captures(line)?[1].to_owned())).collect();
    let [version] = stated.as_slice() else {
        return vec![Finding::new("Cargo.toml", 0, "does not state one rust-version")];
    };
    let mut findings = Vec::new();
    for path in ["rust-toolchain", "rust-toolchain.toml"] {
        if tree.has(path) {
            findings.push(Finding::new(path, 0, "states a Rust version besides Cargo.toml"));
        }
    }
    let named = Regex::new(r"\b(?:Rust|MSRV|rustc|toolchain)\W{0,4}(1\.\d+)").expect("constant");
    let also = Regex::new(r#"^(?:msrv|rust-version) = "|toolchain: *"?1\."#).expect("constant");
    for file in tree.files.iter().filter(|file| !file.path.ends_with(".rs")) {
        for (number, line) in file.lines() {
            if file.path != "Cargo.toml" && also.is_match(line) {
                findings.push(Finding::new(&file.path, number, "states a Rust version again"));
            }
            let other = named.captures_iter(line).find(|found| found[1] != **version);
            if let Some(other) = other.filter(|_| file.path.starts_with("README")) {
                let text = format!("names Rust {}, Cargo.toml says {version}", &other[1]);
                findings.push(Finding::new(&file.path, number, text));
            }
        }
    }
    findings
}

/// Each external crate of the table is named in the architecture's document.
pub(crate) fn justified(tree: &Tree) -> Vec<Finding> {
    let text = tree.file(ARCHITECTURE).map_or("", |file| file.text.as_str());
    let unnamed = EXTERNALS.iter().filter(|external| !text.contains(external.name));
    unnamed
        .map(|e| {
            Finding::new(ARCHITECTURE, 0, format!("does not justify {} ({})", e.name, e.reason))
        })
        .collect()
}

fn dependencies(table: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let tables = DEPENDENCY_TABLES.iter().filter_map(|name| table.get(*name));
    tables.filter_map(Value::as_table).flat_map(Table::iter)
}

fn is_inherited(value: &Value) -> bool {
    get(value, "workspace").and_then(Value::as_bool) == Some(true)
}

fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_table().and_then(|table| table.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"An a\"\n\
        license.workspace = true\nedition.workspace = true\nversion.workspace = true\n\
        rust-version.workspace = true\n[lints]\nworkspace = true\n";

    #[test]
    fn absent_file_is_found() {
        let all: Vec<(&str, &str)> = REQUIRED.iter().map(|path| (*path, "")).collect();
        assert!(required_files(&Tree::of(&all)).is_empty());
        assert_eq!(
            required_files(&Tree::of(&all[1..])),
            [Finding::new("README.md", 0, "is absent")]
        );
    }

    #[test]
    fn each_gap_of_a_manifest_is_found() {
        assert!(complete(&Tree::of(&[("a/Cargo.toml", GOOD)])).is_empty());
        for (index, line) in GOOD.lines().enumerate() {
            if line.starts_with('[') || line.contains("name") {
                continue;
            }
            let rest = GOOD.lines().enumerate().filter(|(other, _)| *other != index);
            let gap: String = rest.map(|(_, line)| format!("{line}\n")).collect();
            assert_eq!(complete(&Tree::of(&[("a/Cargo.toml", &gap)])).len(), 1, "{line}");
        }
        let own = GOOD.replace("license.workspace = true", "license = \"MIT\"");
        assert_eq!(complete(&Tree::of(&[("a/Cargo.toml", &own)])).len(), 1);
    }

    #[test]
    fn version_stated_twice_is_found() {
        let root = "[workspace.dependencies]\nmio = \"1\"\n";
        let inherits = "[package]\n[dependencies]\nmio.workspace = true\n";
        let own = "[package]\n[target.\"cfg(unix)\".dev-dependencies]\nmio = \"1\"\n";
        let good = Tree::of(&[("Cargo.toml", root), ("a/Cargo.toml", inherits)]);
        assert!(versions(&good).is_empty());
        let bad = Tree::of(&[("Cargo.toml", root), ("a/Cargo.toml", own)]);
        assert_eq!(versions(&bad).len(), 1);
        let twice = Tree::of(&[("a/Cargo.toml", own), ("b/Cargo.toml", own)]);
        assert_eq!(versions(&twice).len(), 1);
        let once = Tree::of(&[("Cargo.toml", "[workspace]\n"), ("a/Cargo.toml", own)]);
        assert!(versions(&once).is_empty());
    }

    #[test]
    fn rust_version_stated_again_or_differently_is_found() {
        let root = ("Cargo.toml", "[workspace.package]\nrust-version = \"1.85\"\n");
        let with = |path, text| rust_version(&Tree::of(&[root, (path, text)])).len();
        assert_eq!(with("README.md", "Needs Rust 1.85 or newer.\n"), 0);
        assert_eq!(with("README.md", "Needs Rust 1.80 or newer.\n"), 1);
        assert_eq!(with("clippy.toml", "msrv = \"1.85\"\n"), 1);
        assert_eq!(with("rust-toolchain.toml", "[toolchain]\n"), 1);
        assert_eq!(with(".github/workflows/ci.yml", "        toolchain: 1.85\n"), 1);
        assert_eq!(rust_version(&Tree::of(&[("Cargo.toml", "[workspace]\n")])).len(), 1);
    }

    #[test]
    fn crate_without_a_justification_is_found() {
        let all: Vec<&str> = EXTERNALS.iter().map(|external| external.name).collect();
        let good = Tree::of(&[(ARCHITECTURE, &all.join("\n"))]);
        assert!(justified(&good).is_empty());
        assert_eq!(justified(&Tree::of(&[(ARCHITECTURE, &all[1..].join("\n"))])).len(), 1);
    }
}
