//! The table of models against the sources: every `fn loom_*`, every `qi_mutant`, no stale row.

use std::collections::BTreeMap;

use super::Finding;
use super::code::functions;
use super::tree::Tree;
use crate::catalogue::fuzzed::FUZZED;
use crate::catalogue::model::{MODELS, Model};
use crate::catalogue::simulated::PLANTED;

const TABLE: &str = "xtask/src/catalogue/model.rs";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let fuzzed = FUZZED.iter().map(|row| row.mutant);
    let planted: Vec<&str> = PLANTED.iter().map(|planted| planted.mutant).chain(fuzzed).collect();
    check_by(tree, MODELS, &planted)
}

/// `planted`: faults that the simulation or a fuzzer finds, which need no model.
fn check_by(tree: &Tree, models: &[Model], planted: &[&str]) -> Vec<Finding> {
    let (tests, mutants) = (loom_tests(tree), mutants(tree));
    let mut findings = Vec::new();
    for (name, (path, line)) in &tests {
        if !models.iter().any(|model| model.name == name) {
            let text = format!("the model {name} is not in the table");
            findings.push(Finding::new(path, *line, text));
        }
    }
    for (name, (path, line)) in &mutants {
        let is_planted = planted.contains(&name.as_str());
        if !is_planted && !models.iter().any(|model| model.mutants.contains(&name.as_str())) {
            let text = format!("the mutant {name} is not in the table");
            findings.push(Finding::new(path, *line, text));
        }
    }
    for model in models {
        let mut tell = |text: String| findings.push(Finding::new(TABLE, 0, text));
        if !tests.contains_key(model.name) {
            tell(format!("there is no test {}", model.name));
        }
        if model.mutants.is_empty() {
            tell(format!("{} has no mutant, so nothing shows that it can fail", model.name));
        }
        for mutant in model.mutants.iter().filter(|name| !mutants.contains_key(**name)) {
            tell(format!("{}: no source has the mutant {mutant}", model.name));
        }
    }
    for mutant in planted.iter().filter(|name| !mutants.contains_key(**name)) {
        let text = format!("no source has the planted fault {mutant}");
        findings.push(Finding::new("xtask/src/catalogue/simulated.rs", 0, text));
    }
    findings
}

type Places = BTreeMap<String, (String, usize)>;

/// Tests named `loom_*`. The driver's own sources are no models.
fn loom_tests(tree: &Tree) -> Places {
    let mut places = Places::new();
    for (file, code) in tree.sources().filter(|(file, _)| !file.path.starts_with("xtask/")) {
        for function in functions(&code.syntax) {
            if function.is_test && function.name.starts_with("loom_") {
                let line = function.line();
                places.insert(function.name, (file.path.clone(), line));
            }
        }
    }
    places
}

/// Values of `qi_mutant` that the sources ask for.
fn mutants(tree: &Tree) -> Places {
    let mut places = Places::new();
    for (file, code) in tree.sources().filter(|(file, _)| !file.path.starts_with("xtask/")) {
        for index in code.find(&["qi_mutant", "="]) {
            if let Some(value) = code.tokens.get(index + 2) {
                let name = value.text.trim_matches('"').to_owned();
                places.insert(name, (file.path.clone(), value.at.line));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "#[test]\nfn loom_join() {}\nfn a() {\n    \
        if cfg!(not(qi_mutant = \"no_fence\")) {}\n}\n";

    fn found(source: &str, models: &[Model]) -> Vec<String> {
        let tree = Tree::of(&[("a/src/join.rs", source)]);
        check_by(&tree, models, &[]).into_iter().map(|finding| finding.text).collect()
    }

    fn model(mutants: &'static [&'static str]) -> Model {
        Model { name: "loom_join", package: "a", preemption_bound: 3, mutants }
    }

    #[test]
    fn table_in_step_with_the_sources_passes() {
        assert!(found(SOURCE, &[model(&["no_fence"])]).is_empty());
        assert!(found("fn a() {}\n", &[]).is_empty());
    }

    #[test]
    fn model_and_mutant_without_a_row_are_found() {
        assert_eq!(found(SOURCE, &[]).len(), 2);
    }

    #[test]
    fn row_without_a_test_or_a_mutant_is_found() {
        let texts = found("fn loom_join() {}\n", &[model(&["no_fence"])]);
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("no test") && texts[1].contains("no source"));
        assert!(found("#[test]\nfn loom_join() {}\n", &[model(&[])])[0].contains("no mutant"));
    }
}
