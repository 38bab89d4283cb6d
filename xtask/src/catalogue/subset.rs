//! The tests that `test-all`, `ci` and `--subset` run on other platforms and under sanitizers: what
//! depends on the platform or on memory ordering, and takes little time. Where an emulator runs
//! them, which takes ten times as long, they are fewer.

use crate::catalogue::stress::STRESS;
use crate::rig::Program;
use crate::workspace::Metadata;

/// Some test programs of one package.
pub(crate) struct Row {
    pub(crate) package: &'static str,
    pub(crate) part: Part,
}

/// Which of them.
pub(crate) enum Part {
    /// The unit tests.
    Unit,
    /// One file of tests.
    File(&'static str),
    /// The unit tests and every file of tests, but for the stress programs: a file that is new
    /// belongs to it at once.
    Whole,
}

const fn unit(package: &'static str) -> Row {
    Row { package, part: Part::Unit }
}

const fn file(package: &'static str, test: &'static str) -> Row {
    Row { package, part: Part::File(test) }
}

const fn whole(package: &'static str) -> Row {
    Row { package, part: Part::Whole }
}

pub(crate) const SUBSET: &[Row] = &[
    unit("qi-sched"),
    unit("qi-reactor"),
    file("qi-sched", "behaviour"),
    file("qi-sched", "stepped"),
    file("qi-reactor", "net"),
    file("qi-reactor", "timer"),
    file("qi-sys", "clock"),
    unit("qi-coroutine"),
    whole("qi-sync"),
    whole("qi-scope"),
    file("qi-runtime", "behaviour"),
    file("qi-runtime", "net"),
    file("qi-runtime", "net_stream"),
    file("qi-runtime", "system"),
    whole("qi-graph"),
];

/// What an emulator runs: what depends on the processor itself (calls into C, switches of stacks, words and
/// their alignment), and few packages, since a standard library has to be built for them each time.
pub(crate) const EMULATED: &[Row] = &[
    file("qi-sys", "clock"),
    unit("qi-coroutine"),
    file("qi-coroutine", "coroutine"),
    unit("qi-sched"),
];

/// Those of these packages.
pub(crate) fn of(rows: &'static [Row], packages: &[&str]) -> Vec<&'static Row> {
    rows.iter().filter(|row| packages.contains(&row.package)).collect()
}

/// The arguments by which cargo builds these, and little besides.
pub(crate) fn arguments(rows: &[&Row], metadata: &Metadata) -> Vec<String> {
    let mut names: Vec<&str> = metadata
        .targets("test")
        .filter(|(package, test)| rows.iter().any(|row| row.is(package, Some(test))))
        .map(|(_, test)| test)
        .collect();
    names.sort_unstable();
    names.dedup();
    let tests = names.iter().flat_map(|name| ["--test", name]);
    ["--lib"].into_iter().chain(tests).map(str::to_owned).collect()
}

impl Row {
    /// Whether it names this file of tests, or the unit tests if no file is named.
    fn is(&self, package: &str, test: Option<&str>) -> bool {
        let here = match (&self.part, test) {
            (Part::Unit | Part::Whole, None) => true,
            (Part::File(name), Some(test)) => *name == test,
            (Part::Whole, Some(test)) => !is_stress(package, test),
            _ => false,
        };
        here && self.package == package
    }

    fn holds(&self, program: &Program) -> bool {
        let test = program.is_test_file().then_some(program.name.as_str());
        let has_tests = program.is_test_file() || program.is(&program.package, None);
        has_tests && self.is(&program.package, test)
    }
}

fn is_stress(package: &str, test: &str) -> bool {
    STRESS.iter().any(|row| row.package == package && row.test == test)
}

/// Whether these hold this program.
pub(crate) fn hold(rows: &[&Row], program: &Program) -> bool {
    rows.iter().any(|row| row.holds(program))
}

/// Rows for which nothing was built.
pub(crate) fn missing(rows: &[&Row], programs: &[Program]) -> Vec<String> {
    let absent = rows.iter().filter(|row| !programs.iter().any(|program| row.holds(program)));
    let name = |row: &&Row| match row.part {
        Part::Unit => format!("{} (lib)", row.package),
        Part::File(test) => format!("{}/{test}", row.package),
        Part::Whole => row.package.to_owned(),
    };
    absent.map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Package, Target};

    fn program(package: &str, kind: &str, name: &str) -> Program {
        let package = package.to_owned();
        Program { package, kind: kind.into(), name: name.into(), ..Program::default() }
    }

    #[test]
    fn programs_outside_the_table_are_left_out() {
        let all: Vec<&Row> = SUBSET.iter().collect();
        let holds = |program: &Program| hold(&all, program);
        assert!(holds(&program("qi-reactor", "test", "net")));
        assert!(holds(&program("qi-reactor", "lib", "qi_reactor")));
        assert!(!holds(&program("qi-reactor", "test", "system")));
        assert!(!holds(&program("qi-reactor", "bin", "net")));
    }

    #[test]
    fn file_of_a_whole_package_belongs_to_it_whatever_its_name() {
        let all: Vec<&Row> = SUBSET.iter().collect();
        let holds = |program: &Program| hold(&all, program);
        assert!(holds(&program("qi-sync", "test", "a_file_of_tomorrow")));
        assert!(holds(&program("qi-sync", "lib", "qi_sync")));
        assert!(!holds(&program("qi-sync", "bin", "qi_sync")));
        let row = &STRESS[0];
        assert!(!whole(row.package).is(row.package, Some(row.test)));
    }

    #[test]
    fn cargo_is_asked_for_each_name_once() {
        let package = |name: &str, tests: &[&str]| Package {
            name: name.into(),
            targets: tests
                .iter()
                .map(|t| Target { name: (*t).into(), kind: "test".into() })
                .collect(),
            ..Package::default()
        };
        let packages = vec![
            package("qi-sched", &["behaviour", "stress"]),
            package("qi-runtime", &["behaviour"]),
            package("qi-sync", &["channel"]),
        ];
        let all: Vec<&Row> = SUBSET.iter().collect();
        let arguments = arguments(&all, &Metadata { packages });
        assert_eq!(arguments, ["--lib", "--test", "behaviour", "--test", "channel"]);
    }

    #[test]
    fn row_without_a_program_is_missing() {
        let built = [program("qi-reactor", "test", "net")];
        let all: Vec<&Row> = SUBSET.iter().collect();
        assert_eq!(missing(&all, &built).len(), SUBSET.len() - 1);
    }

    #[test]
    fn only_rows_of_the_packages_that_were_asked_for_are_wanted() {
        let rows = of(SUBSET, &["qi-sys"]);
        assert_eq!(missing(&rows, &[]), ["qi-sys/clock"]);
        assert!(!hold(&rows, &program("qi-reactor", "test", "net")));
    }
}
