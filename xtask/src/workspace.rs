//! What cargo knows about the workspace: members, their dependencies, their targets.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::context::Context;
use crate::report::tail;

/// One member of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest: String,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// One entry of a dependency table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether a user who asks for no feature gets it.
    pub(crate) optional: bool,
    /// The platform or cfg it is limited to.
    pub(crate) target: Option<String>,
}

/// Which table a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// Something cargo can build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: String,
}

/// The members of the workspace.
#[derive(Default)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn ask(context: &Context) -> anyhow::Result<Metadata> {
        let args = ["metadata", "--format-version", "1", "--no-deps"];
        let finished = context.cargo("metadata", &args).split_stdout().run()?;
        ensure!(finished.end.is_success(), "cargo metadata: {}", tail(&finished.output));
        Metadata::parse(&finished.stdout)
    }

    /// Reads cargo's answer.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Metadata> {
        let json: Value = serde_json::from_str(text).context("cargo metadata is not JSON")?;
        let packages = list(&json["packages"]).map(package).collect();
        Ok(Metadata { packages })
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Whether `package` has a target of this kind and name.
    pub(crate) fn has_target(&self, package: &str, kind: &str, name: &str) -> bool {
        self.package(package).is_some_and(|package| {
            package.targets.iter().any(|target| target.kind == kind && target.name == name)
        })
    }

    /// All targets of one kind, as (package, target).
    pub(crate) fn targets<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.packages.iter().flat_map(move |package| {
            let targets = package.targets.iter().filter(move |target| target.kind == kind);
            targets.map(|target| (package.name.as_str(), target.name.as_str()))
        })
    }
}

/// The executables in cargo's JSON messages, as (target name, path).
pub(crate) fn executables(messages: &str) -> Vec<(String, String)> {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = parsed.filter(|message| message["reason"] == "compiler-artifact");
    built
        .filter_map(|message| {
            let path = message["executable"].as_str()?.to_owned();
            Some((text(&message["target"]["name"]), path))
        })
        .collect()
}

fn package(json: &Value) -> Package {
    let features = json["features"].as_object();
    Package {
        name: text(&json["name"]),
        manifest: text(&json["manifest_path"]),
        features: features.map(|all| all.keys().cloned().collect()).unwrap_or_default(),
        dependencies: list(&json["dependencies"]).map(dependency).collect(),
        targets: list(&json["targets"])
            .map(|target| Target { name: text(&target["name"]), kind: text(&target["kind"][0]) })
            .collect(),
    }
}

fn dependency(json: &Value) -> Dependency {
    let kind = match json["kind"].as_str() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    Dependency {
        name: text(&json["name"]),
        kind,
        optional: json["optional"] == true,
        target: json["target"].as_str().map(str::to_owned),
    }
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_dependencies_and_targets_are_read() {
        let text = r#"{"packages": [{"name": "a", "manifest_path": "a/Cargo.toml",
            "features": {"tokio": []},
            "dependencies": [
                {"name": "b", "kind": null, "optional": true, "target": "cfg(loom)"},
                {"name": "c", "kind": "dev", "optional": false, "target": null}],
            "targets": [{"name": "demo", "kind": ["example"]}]}]}"#;
        let metadata = Metadata::parse(text).unwrap();
        let package = metadata.package("a").unwrap();
        assert_eq!(package.features, ["tokio"]);
        assert_eq!(package.dependencies[0].kind, Kind::Normal);
        assert_eq!(package.dependencies[0].target.as_deref(), Some("cfg(loom)"));
        assert_eq!(package.dependencies[1].kind, Kind::Dev);
        assert!(metadata.has_target("a", "example", "demo"));
        assert!(!metadata.has_target("a", "test", "demo"));
        assert_eq!(metadata.targets("example").collect::<Vec<_>>(), [("a", "demo")]);
    }

    #[test]
    fn text_that_is_not_json_is_an_error() {
        assert!(Metadata::parse("error: no such command").is_err());
    }

    #[test]
    fn executables_are_found_among_other_messages() {
        let text = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"lib"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"demo"},"executable":"t/demo"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executables(text), [("demo".to_owned(), "t/demo".to_owned())]);
    }
}
