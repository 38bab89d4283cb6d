//! The tests that `--subset` runs on other platforms and under sanitizers: what depends on the
//! platform or on memory ordering, and takes little time.

use crate::rig::Program;

/// One test program.
pub(crate) struct Row {
    pub(crate) package: &'static str,
    /// A file of tests, or the crate's unit tests.
    pub(crate) test: Option<&'static str>,
}

const fn unit(package: &'static str) -> Row {
    Row { package, test: None }
}

const fn file(package: &'static str, test: &'static str) -> Row {
    Row { package, test: Some(test) }
}

pub(crate) const SUBSET: &[Row] = &[
    unit("qi-sched"),
    unit("qi-reactor"),
    file("qi-sched", "behaviour"),
    file("qi-sched", "stepped"),
    file("qi-reactor", "net"),
    file("qi-reactor", "timer"),
    file("qi-sys", "clock"),
    file("qi-runtime", "behaviour"),
    file("qi-runtime", "net_stream"),
];

/// The arguments by which cargo builds the subset, and little besides.
pub(crate) fn arguments() -> Vec<&'static str> {
    let mut arguments = vec!["--lib"];
    for test in SUBSET.iter().filter_map(|row| row.test) {
        arguments.extend(["--test", test]);
    }
    arguments
}

impl Row {
    fn is(&self, program: &Program) -> bool {
        program.is(self.package, self.test)
    }
}

/// Whether the subset holds this program.
pub(crate) fn holds(program: &Program) -> bool {
    SUBSET.iter().any(|row| row.is(program))
}

/// Rows for which nothing was built.
pub(crate) fn missing(programs: &[Program]) -> Vec<String> {
    let absent = SUBSET.iter().filter(|row| !programs.iter().any(|program| row.is(program)));
    absent.map(|row| format!("{} {}", row.package, row.test.unwrap_or("(lib)"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(kind: &str, name: &str) -> Program {
        let package = "qi-reactor".to_owned();
        Program { package, kind: kind.into(), name: name.into(), ..Program::default() }
    }

    #[test]
    fn programs_outside_the_table_are_left_out() {
        assert!(holds(&program("test", "net")));
        assert!(holds(&program("lib", "qi_reactor")));
        assert!(!holds(&program("test", "system")));
        assert!(!holds(&program("bin", "net")));
    }

    #[test]
    fn row_without_a_program_is_missing() {
        let built = [program("test", "net")];
        assert_eq!(missing(&built).len(), SUBSET.len() - 1);
    }
}
