//! Licences, origins and what may not be linked, by the rules of `deny.toml`.
//!
//! Two readers of one file. This step asks cargo alone, so it is never skipped, and it knows one thing more
//! than cargo-deny: which crates reach whoever depends on a core crate. There no exception holds, and no crate
//! comes twice. cargo-deny runs after it where it is installed; only it knows of advisories, for which it
//! needs their list.

mod graph;
mod licence;

use anyhow::{Context as _, ensure};
use toml::{Table, Value};

use self::graph::Crate;
use crate::catalogue::layer;
use crate::context::Context;
use crate::process;
use crate::report::{Report, tail};

const STEP: &str = "deny";
const RULES: &str = "deny.toml";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let text =
        std::fs::read_to_string(context.root.join(RULES)).context("cannot read deny.toml")?;
    let rules = Rules::parse(&text)?;
    let args = ["metadata", "--locked", "--format-version", "1", "--all-features"];
    let asked = context.cargo(STEP, &args).split_stdout().run()?;
    ensure!(asked.end.is_success(), "cargo metadata: {}", tail(&asked.output));
    // What the C libraries link, they hand on.
    let mut core = layer::core_packages();
    core.push("qi-abi");
    let crates = graph::parse(&asked.stdout, &core)?;
    let mut report = Report::default();
    for (what, findings) in rules.findings(&crates) {
        match findings.is_empty() {
            true => report.pass(),
            false => report.fail(what, findings.join("\n")),
        }
    }
    let reach = crates.iter().filter(|one| one.reaches_users && one.source.is_some()).count();
    report.note(format!("{} crates, {reach} of which reach users", crates.len()));
    with_cargo_deny(context, &mut report)?;
    Ok(report)
}

/// The same rules by the tool that they are written for.
fn with_cargo_deny(context: &Context, report: &mut Report) -> anyhow::Result<()> {
    if !process::probe("cargo-deny", &["--version"]) {
        report.skip("advisories: cargo-deny is not installed (cargo install cargo-deny)");
        return Ok(());
    }
    let check = |what: &[&str]| {
        let args = [&["deny", "--offline", "check"], what].concat();
        context.cargo(STEP, &args).run()
    };
    report.judge("cargo deny check", &check(&["bans", "licenses", "sources"])?);
    let advisories = check(&["advisories"])?;
    if advisories.end.is_success() || advisories.output.contains("advisories FAILED") {
        report.judge("cargo deny check advisories", &advisories);
    } else {
        report.skip("advisories: their list was never fetched (cargo deny fetch)");
    }
    Ok(())
}

/// What `deny.toml` says.
struct Rules {
    allowed: Vec<String>,
    /// Crates, and what is accepted of them beside.
    exceptions: Vec<(String, Vec<String>)>,
    denied: Vec<String>,
    /// Crates of which there may be two.
    skipped: Vec<String>,
}

impl Rules {
    fn parse(text: &str) -> anyhow::Result<Rules> {
        let table: Table = text.parse().context("deny.toml is no TOML")?;
        let of = |section: &str, key: &str| {
            let list = table.get(section).and_then(|section| section.get(key));
            list.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let name = |value: &Value| {
            let name = text(value.get("crate")?)?;
            Some(name.split('@').next().unwrap_or_default().to_owned())
        };
        let exception = |value: &Value| {
            let accepted = value.get("allow")?.as_array()?.iter().filter_map(text).collect();
            Some((name(value)?, accepted))
        };
        Ok(Rules {
            allowed: of("licenses", "allow").iter().filter_map(text).collect(),
            exceptions: of("licenses", "exceptions").iter().filter_map(exception).collect(),
            denied: of("bans", "deny").iter().filter_map(name).collect(),
            skipped: of("bans", "skip").iter().filter_map(name).collect(),
        })
    }

    /// Each rule with what breaks it.
    fn findings(&self, crates: &[Crate]) -> [(&'static str, Vec<String>); 5] {
        let named = |one: &Crate| format!("{} {}", one.name, one.version);
        let foreign = || crates.iter().filter(|one| one.source.is_some());
        let licences = foreign().filter_map(|one| self.licence(one));
        let is_registry = |source: &String| source.starts_with("registry+");
        let from = foreign().filter(|one| !one.source.as_ref().is_some_and(is_registry));
        let denied = foreign().filter(|one| self.denied.contains(&one.name));
        let twice = crates.iter().filter(|one| one.reaches_users).filter(|one| {
            let others = crates.iter().filter(|other| other.reaches_users);
            let same = others.filter(|other| other.name == one.name).count();
            same > 1 && !self.skipped.contains(&one.name)
        });
        let unused =
            self.exceptions.iter().filter(|(name, _)| crates.iter().all(|one| one.name != *name));
        [
            ("licences that nobody has accepted", licences.collect()),
            ("crates that come from elsewhere than the registry", from.map(named).collect()),
            ("crates that may not be linked", denied.map(named).collect()),
            ("crates that users get in two versions", twice.map(named).collect()),
            ("exceptions for crates that are not there", unused.map(|(n, _)| n.clone()).collect()),
        ]
    }

    /// What is wrong with the licence of a crate.
    fn licence(&self, one: &Crate) -> Option<String> {
        let Some(expression) = &one.licence else {
            return Some(format!("{}: it states none", one.name));
        };
        let own =
            self.exceptions.iter().filter(|(name, _)| *name == one.name && !one.reaches_users);
        let more: Vec<&String> = own.flat_map(|(_, accepted)| accepted).collect();
        let accepts = |name: &str| {
            self.allowed.iter().chain(more.iter().copied()).any(|accepted| accepted == name)
        };
        match licence::is_satisfied(expression, &accepts) {
            Ok(true) => None,
            Ok(false) => Some(format!("{}: {expression}", one.name)),
            Err(error) => Some(format!("{}: {error:#}", one.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [licenses]
        allow = ["MIT"]
        exceptions = [{ crate = "tool", allow = ["MPL-2.0"] }]
        [bans]
        deny = [{ crate = "bad" }]
        skip = [{ crate = "old@1.0.0", reason = "so" }]
    "#;

    fn one(name: &str, licence: &str, reaches_users: bool) -> Crate {
        Crate {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: Some(licence.to_owned()),
            source: Some("registry+r".to_owned()),
            reaches_users,
        }
    }

    /// How many findings each rule has.
    fn counts(crates: &[Crate]) -> [usize; 5] {
        Rules::parse(TEXT).unwrap().findings(crates).map(|(_, findings)| findings.len())
    }

    #[test]
    fn crates_that_keep_to_the_rules_are_no_finding() {
        let twice = [one("old", "MIT", true), one("old", "MIT", true)];
        let crates = [one("tool", "MPL-2.0", false), twice[0].clone(), twice[1].clone()];
        assert_eq!(counts(&crates), [0; 5]);
    }

    #[test]
    fn each_rule_finds_what_breaks_it() {
        let tool = || one("tool", "MIT", false);
        assert_eq!(counts(&[tool(), one("a", "GPL-3.0", false)])[0], 1);
        assert_eq!(counts(&[one("tool", "MPL-2.0", true)])[0], 1, "no exception reaches users");
        let elsewhere = Crate { source: Some("git+g".to_owned()), ..one("a", "MIT", false) };
        assert_eq!(counts(&[tool(), elsewhere])[1], 1);
        assert_eq!(counts(&[tool(), one("bad", "MIT", false)])[2], 1);
        assert_eq!(counts(&[tool(), one("a", "MIT", true), one("a", "MIT", true)])[3], 2);
        assert_eq!(counts(&[one("a", "MIT", true)])[4], 1);
    }
}
