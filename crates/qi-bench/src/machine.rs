//! Names the machine and the versions that a run was made with.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use memmap2::{Advice, MmapOptions};

/// The lock file that this program was built with.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Memory that is warmed: more than the workloads with a million of something take, and a part of it
/// in huge pages, which the system has from elsewhere.
const WARMED: [(usize, Option<Advice>); 2] =
    [(160 << 20, Some(Advice::HugePage)), (512 << 20, None)];

/// The least that a page holds.
const PAGE: usize = 4096;

/// Takes memory, touches it and gives it back, so that the next program finds it warm.
///
/// A virtual machine hands free memory back to its host after a moment, and gets it again page by
/// page, at a price that differs by the moment: the same workload took 80 and 430 ns a task. That is
/// the machine's, so it is paid here, before each program's turn, for all of them alike.
pub(crate) fn warm_memory() {
    for (bytes, advice) in WARMED {
        // Where the system refuses either, there is less to be warmed.
        let Ok(mut room) = MmapOptions::new().len(bytes).map_anon() else { continue };
        if let Some(advice) = advice {
            room.advise(advice).ok();
        }
        room.chunks_mut(PAGE).for_each(|page| page[0] = 1);
        std::hint::black_box(&room);
    }
}

/// The compiler that built this program.
pub(crate) const RUSTC: &str = env!("QI_BENCH_RUSTC");

/// The packages whose versions stand in the report.
const PACKAGES: &[&str] = &[
    "qi-runtime",
    "tokio",
    "smol",
    "async-executor",
    "async-io",
    "flume",
    "hyper",
    "may",
    "generator",
    "corosensei",
    "rayon",
    "chili",
];

/// The version of a peer that was not there, or not asked for.
pub(crate) const ABSENT: &str = "absent";

/// The fact about the machine that is of the moment.
pub(crate) const LOAD_BEFORE: &str = "load before";

fn first_line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.lines().next()?.to_owned())
}

/// A field of a `name : value` file.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let wanted = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == wanted)?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// What the run is made on.
pub(crate) fn describe() -> BTreeMap<String, String> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let facts = [
        ("processor", field("/proc/cpuinfo", "model name")),
        ("processors usable", Some(cores.to_string())),
        ("architecture", Some(std::env::consts::ARCH.to_owned())),
        ("kernel", first_line("/proc/sys/kernel/osrelease")),
        ("memory", field("/proc/meminfo", "MemTotal")),
        (LOAD_BEFORE, first_line("/proc/loadavg")),
        ("allocator", Some("the system's, for every Rust runtime".to_owned())),
    ];
    facts
        .into_iter()
        .map(|(name, fact)| (name.to_owned(), fact.unwrap_or_else(|| "unknown".to_owned())))
        .collect()
}

/// What the runtimes are.
pub(crate) fn versions(go: Option<&str>) -> BTreeMap<String, String> {
    let mut versions: BTreeMap<String, String> = PACKAGES
        .iter()
        .filter_map(|package| Some((package.to_string(), locked(LOCK, package)?.to_owned())))
        .collect();
    versions.insert("rustc".to_owned(), RUSTC.to_owned());
    versions.insert("go".to_owned(), go.unwrap_or(ABSENT).to_owned());
    versions
}

#[cfg(test)]
mod tests {
    use super::{LOCK, locked};

    #[test]
    fn versions_are_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"tokio-util\"\nversion = \"0.7.1\"\n\n\
                    [[package]]\nname = \"tokio\"\nversion = \"1.54.1\"\n";
        assert_eq!(locked(lock, "tokio"), Some("1.54.1"));
        assert_eq!(locked(lock, "smol"), None);
        assert!(locked(LOCK, "qi-runtime").is_some());
    }
}
