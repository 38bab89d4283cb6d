//! Which member depends on which, and on what from outside: the manifests against the tables.

use crate::catalogue::dependency::{EXTERNALS, External};
use crate::catalogue::layer::{LAYERS, Layer};
use crate::context::Context;
use crate::report::Report;
use crate::workspace::{Kind, Metadata, Package};

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let metadata = context.metadata()?;
    let mut report = Report::default();
    for package in &metadata.packages {
        record(
            &mut report,
            &format!("edges of {}", package.name),
            check(package, LAYERS, EXTERNALS),
        );
    }
    let gone = absent(metadata, LAYERS, EXTERNALS);
    record(&mut report, "the tables name what exists", gone);
    let locked = context.cargo("edges", &["metadata", "--format-version", "1", "--locked"]);
    report.judge("Cargo.lock is up to date", &locked.split_stdout().run()?);
    Ok(report)
}

fn record(report: &mut Report, what: &str, wrong: Vec<String>) {
    if wrong.is_empty() {
        report.pass();
    } else {
        report.fail(format!("{what}: {}", wrong.join("; ")), "");
    }
}

/// What is wrong with the dependencies of one member.
fn check(package: &Package, layers: &[Layer], externals: &[External]) -> Vec<String> {
    let Some(layer) = layers.iter().find(|layer| layer.package == package.name) else {
        return vec!["the member is not in the table of layers".to_owned()];
    };
    let mut wrong = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        if layers.iter().any(|layer| layer.package == name) {
            if !layer.may_use.contains(&name) {
                wrong.push(format!("it may not depend on {name}"));
            }
        } else if layer.core && dependency.kind != Kind::Dev {
            let limited = name == "loom" && dependency.target.as_deref() == Some("cfg(loom)");
            let known = externals.iter().any(|external| external.name == name);
            if name == "loom" && !limited {
                wrong.push("loom belongs under cfg(loom)".to_owned());
            } else if !known && !dependency.optional {
                wrong.push(format!("{name} is not in the table of external crates"));
            }
        }
    }
    wrong
}

/// Rows of the tables that nothing stands behind.
fn absent(metadata: &Metadata, layers: &[Layer], externals: &[External]) -> Vec<String> {
    let used = |name: &str| {
        let core = metadata.packages.iter().filter(|package| is_core(layers, &package.name));
        core.flat_map(|package| &package.dependencies).any(|dependency| dependency.name == name)
    };
    let members = layers.iter().filter(|layer| metadata.package(layer.package).is_none());
    let unused = externals.iter().filter(|external| !used(external.name));
    members
        .map(|layer| format!("{} is no member", layer.package))
        .chain(unused.map(|e| format!("no core crate uses {} ({})", e.name, e.reason)))
        .collect()
}

fn is_core(layers: &[Layer], name: &str) -> bool {
    layers.iter().any(|layer| layer.core && layer.package == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const TWO: &[Layer] = &[
        Layer { package: "low", may_use: &[], core: true },
        Layer { package: "high", may_use: &["low"], core: true },
    ];
    const MIO: &[External] = &[External { name: "mio", reason: "events" }];

    fn package(name: &str, dependencies: Vec<Dependency>) -> Package {
        Package { name: name.into(), dependencies, ..Package::default() }
    }

    fn on(name: &str, kind: Kind) -> Dependency {
        Dependency { name: name.into(), kind, optional: false, target: None }
    }

    #[test]
    fn edge_upwards_is_refused_even_for_tests() {
        let found = check(&package("low", vec![on("high", Kind::Dev)]), TWO, MIO);
        assert_eq!(found, ["it may not depend on high"]);
        assert!(check(&package("high", vec![on("low", Kind::Normal)]), TWO, MIO).is_empty());
    }

    #[test]
    fn external_crate_must_be_in_the_table_unless_for_tests() {
        let found = check(&package("low", vec![on("rand", Kind::Normal)]), TWO, MIO);
        assert_eq!(found, ["rand is not in the table of external crates"]);
        assert!(check(&package("low", vec![on("rand", Kind::Dev)]), TWO, MIO).is_empty());
        assert!(check(&package("low", vec![on("mio", Kind::Normal)]), TWO, MIO).is_empty());
    }

    #[test]
    fn loom_outside_its_cfg_is_refused() {
        let mut dependency = on("loom", Kind::Normal);
        assert_eq!(check(&package("low", vec![dependency.clone()]), TWO, MIO).len(), 1);
        dependency.target = Some("cfg(loom)".into());
        let table = [External { name: "loom", reason: "models" }];
        assert!(check(&package("low", vec![dependency]), TWO, &table).is_empty());
    }

    #[test]
    fn unknown_member_is_refused() {
        assert_eq!(check(&package("new", vec![]), TWO, MIO).len(), 1);
    }

    #[test]
    fn rows_without_a_member_or_a_user_are_named() {
        let metadata = Metadata { packages: vec![package("low", vec![])] };
        let found = absent(&metadata, TWO, MIO);
        assert_eq!(found, ["high is no member", "no core crate uses mio (events)"]);
    }
}
