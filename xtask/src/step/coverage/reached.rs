//! What a run has reached: lines and branches of each file, read from LLVM's list in lcov's format.

use std::collections::BTreeMap;

/// One source file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    /// By number: whether it ran.
    pub(super) lines: BTreeMap<usize, bool>,
    /// Ways that a condition of a line can go, and those that it went.
    pub(super) branches: BTreeMap<usize, (usize, usize)>,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) of: usize,
    pub(super) reached: usize,
}

impl Share {
    pub(super) fn percent(self) -> f64 {
        match self.of {
            0 => 100.0,
            of => self.reached as f64 * 100.0 / of as f64,
        }
    }

    fn add(&mut self, of: usize, reached: usize) {
        self.of += of;
        self.reached += reached;
    }
}

/// All files, by their paths.
pub(super) fn parse(text: &str) -> BTreeMap<String, File> {
    let mut files = BTreeMap::new();
    let (mut path, mut file) = (String::new(), File::default());
    for line in text.lines() {
        let Some((kind, rest)) = line.split_once(':') else {
            if line == "end_of_record" {
                files.insert(std::mem::take(&mut path), std::mem::take(&mut file));
            }
            continue;
        };
        let numbers: Vec<&str> = rest.split(',').collect();
        match (kind, numbers.as_slice()) {
            ("SF", _) => rest.clone_into(&mut path),
            ("DA", [number, count, ..]) => {
                if let Ok(number) = number.parse() {
                    *file.lines.entry(number).or_default() |= *count != "0";
                }
            }
            ("BRDA", [number, _, _, count]) => {
                if let Ok(number) = number.parse::<usize>() {
                    let (ways, taken) = file.branches.entry(number).or_default();
                    *ways += 1;
                    *taken += usize::from(!["0", "-"].contains(count));
                }
            }
            _ => {}
        }
    }
    files
}

impl File {
    /// Forgets lines that are tests: from the first test module of a source on.
    pub(super) fn without_tests(mut self, source: &str) -> File {
        let lines: Vec<&str> = source.lines().collect();
        let begins = lines.windows(2).position(|pair| {
            pair[0].starts_with("#[cfg(")
                && pair[0].contains("test")
                && pair[1].starts_with("mod ")
                && pair[1].ends_with('{')
        });
        if let Some(index) = begins {
            self.lines.retain(|number, _| *number <= index);
            self.branches.retain(|number, _| *number <= index);
        }
        self
    }

    pub(super) fn count(&self, lines: &mut Share, branches: &mut Share) {
        lines.add(self.lines.len(), self.lines.values().filter(|ran| **ran).count());
        for (ways, taken) in self.branches.values() {
            branches.add(*ways, *taken);
        }
    }

    /// The lines that did not run, as ranges: `3-5, 9`.
    pub(super) fn missed(&self) -> Option<String> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        let mut goes_on = false;
        for (number, ran) in &self.lines {
            match ranges.last_mut() {
                Some((_, last)) if !ran && goes_on => *last = *number,
                _ if !ran => ranges.push((*number, *number)),
                _ => {}
            }
            goes_on = !ran;
        }
        let texts = ranges.iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        let text = texts.collect::<Vec<_>>().join(", ");
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "SF:/w/a.rs\nFN:1,f\nDA:1,4\nDA:2,0\nDA:3,0\nDA:6,1\nDA:8,0\n\
        BRDA:1,0,0,3\nBRDA:1,0,1,-\nend_of_record\nSF:/w/b.rs\nDA:1,1\nend_of_record\n";

    #[test]
    fn lines_and_branches_are_counted_and_gaps_named() {
        let files = parse(TEXT);
        let (mut lines, mut branches) = (Share::default(), Share::default());
        files.values().for_each(|file| file.count(&mut lines, &mut branches));
        assert_eq!((lines.of, lines.reached), (6, 3));
        assert_eq!((branches.of, branches.reached), (2, 1));
        assert_eq!(lines.percent(), 50.0);
        assert_eq!(files["/w/a.rs"].missed().as_deref(), Some("2-3, 8"));
        assert_eq!(files["/w/b.rs"].missed(), None);
    }

    #[test]
    fn tests_inside_of_a_file_are_not_counted() {
        let source = "fn a() {}\n\n#[cfg(all(test, not(loom)))]\nmod tests {\n    fn b() {}\n}\n";
        let mut file = File::default();
        file.lines.extend([(1, true), (5, false)]);
        assert_eq!(file.without_tests(source).lines.len(), 1);
        let mut file = File::default();
        file.lines.extend([(1, true), (5, false)]);
        assert_eq!(file.without_tests("#[cfg(test)]\nmod tests;\n").lines.len(), 2);
    }
}
