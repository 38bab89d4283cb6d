//! The programs that a build made, from cargo's JSON messages.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::workspace::Metadata;

/// One program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) package: String,
    /// Cargo's kind of the target: `lib`, `test`, `bin`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) path: String,
    /// The folder of the package, in which cargo would run its tests.
    pub(crate) folder: PathBuf,
}

impl Program {
    /// How a report calls it.
    pub(crate) fn label(&self) -> String {
        match self.kind.as_str() {
            "test" => format!("{}/{}", self.package, self.name),
            _ => format!("{} ({})", self.package, self.kind),
        }
    }

    /// Whether it is a file of tests, which should hold some.
    pub(crate) fn is_test_file(&self) -> bool {
        self.kind == "test"
    }

    /// Whether it holds the tests of this file, or the unit tests if no file is named.
    pub(crate) fn is(&self, package: &str, test: Option<&str>) -> bool {
        let by_kind = match test {
            Some(test) => self.is_test_file() && self.name == test,
            None => self.kind == "lib",
        };
        by_kind && self.package == package
    }
}

/// The programs of members of the workspace, in the order of the build.
pub(super) fn built(messages: &str, metadata: &Metadata) -> Vec<Program> {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let artifacts = parsed.filter(|message| message["reason"] == "compiler-artifact");
    let mut programs: Vec<Program> =
        artifacts.filter_map(|message| program(&message, metadata)).collect();
    // Cargo's order depends on which compilation ended first.
    programs.sort_by(|a, b| (&a.package, &a.kind, &a.name).cmp(&(&b.package, &b.kind, &b.name)));
    programs
}

fn program(message: &Value, metadata: &Metadata) -> Option<Program> {
    let path = message["executable"].as_str()?.to_owned();
    let manifest = message["manifest_path"].as_str()?;
    let package = metadata.packages.iter().find(|package| package.manifest == manifest)?;
    Some(Program {
        package: package.name.clone(),
        kind: message["target"]["kind"][0].as_str()?.to_owned(),
        name: message["target"]["name"].as_str()?.to_owned(),
        path,
        folder: Path::new(manifest).parent()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    #[test]
    fn programs_of_members_are_found_and_sorted() {
        let package =
            Package { name: "a".into(), manifest: "a/Cargo.toml".into(), ..Package::default() };
        let metadata = Metadata { packages: vec![package] };
        let message = |manifest: &str, kind: &str, name: &str, path: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","target":{{"kind":["{kind}"],"name":"{name}"}},"executable":{path}}}"#
            )
        };
        let text = [
            message("a/Cargo.toml", "test", "net", r#""t/net.exe""#),
            message("a/Cargo.toml", "lib", "a", r#""t/a.exe""#),
            message("a/Cargo.toml", "lib", "a", "null"),
            message("elsewhere/Cargo.toml", "bin", "b", r#""t/b""#),
            "not json".to_owned(),
        ];
        let programs = built(&text.join("\n"), &metadata);
        let labels: Vec<String> = programs.iter().map(Program::label).collect();
        assert_eq!(labels, ["a (lib)", "a/net"]);
        assert_eq!(programs[1].path, "t/net.exe");
        assert_eq!(programs[1].folder, Path::new("a"));
    }
}
