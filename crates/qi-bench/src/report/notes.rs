//! Remarks that the report takes over from `docs/bench-notes.md`: why a workload falls short of its bar.
//!
//! A section per workload, headed by its name. Written by hand, because a profile is read by people;
//! shown only where a bar is missed, so a remark that has become untrue stays out of the report.

use std::collections::BTreeMap;

/// The remarks by workload.
pub(super) type Notes = BTreeMap<String, String>;

/// Reads the sections of the file.
pub(super) fn parse(text: &str) -> Notes {
    let sections = text.split("\n## ").skip(1);
    let section = |section: &str| {
        let (name, body) = section.split_once('\n')?;
        Some((name.trim().to_owned(), body.trim().to_owned()))
    };
    sections.filter_map(section).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::catalog::WORKLOADS;
    use std::fs;

    #[test]
    fn a_section_is_the_remark_about_the_workload_in_its_heading() {
        let notes =
            parse("# Title\n\nAbout.\n\n## spawn\n\nBecause.\n\nAnd so on.\n\n## yield\nWell.\n");
        assert_eq!(notes.len(), 2);
        assert_eq!(notes["spawn"], "Because.\n\nAnd so on.");
        assert_eq!(notes["yield"], "Well.");
    }

    #[test]
    fn every_remark_is_about_a_workload_that_exists() {
        let path = crate::report::usual_folder().join(crate::report::NOTES);
        let text = fs::read_to_string(path).expect("the remarks are there");
        let notes = parse(&text);
        assert!(!notes.is_empty());
        for name in notes.keys() {
            assert!(WORKLOADS.iter().any(|workload| workload.name == name), "{name}");
        }
    }
}
