//! Writes `docs/benchmarks.md` and its charts: ratios first, where Qi falls short said plainly.

mod chart;
mod notes;
mod verdict;

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::{RUNTIMES, WORKLOADS, Workload};
use crate::sample::{Record, Run};

use chart::short;
use notes::Notes;

/// The file with the remarks, in the folder of the report.
const NOTES: &str = "bench-notes.md";

/// The families in order, with the title of each one's chart.
const FAMILIES: &[(&str, &str)] = &[
    ("spawn", "Spawning"),
    ("switch", "Switching and waking"),
    ("channel", "Channels"),
    ("mutex", "Locks"),
    ("fork-join", "Fork and join"),
    ("timer", "Timers"),
    ("latency", "Latency"),
    ("echo", "TCP echo"),
    ("hyper", "HTTP servers on hyper"),
    ("system", "Files and children"),
    ("memory", "Memory of a parked task"),
    ("life", "A runtime's life"),
    ("balance", "Balance"),
    ("coroutine", "Coroutines"),
    ("coroutine-memory", "Memory of a suspended coroutine"),
    ("graph", "Graphs of tasks"),
    ("abi", "Through the C ABI"),
    ("bad-days", "Bad days: floods, stalls, stuck workers"),
];

/// How it was measured; stands above the tables.
const METHOD: &str = "\
Each (workload, runtime) pair runs in a process of its own, repetitions interleaved (one round runs
every runtime once). Figures are medians over the repetitions; the least and the most stand in the
charts and in the JSON file. Before each program with a million of something the instrument touches and
frees 672 MiB, since a virtual machine hands free memory back to its host, and gets it again at a price.
`wall` is elapsed time, `CPU` the user and system time of all threads,
both per operation. Every Rust runtime uses the system allocator. Tokio is its multi-thread runtime
with everything enabled; smol is async-executor's leaked executor on as many threads, each in
`block_on`, the fastest it offers; may has its stack pool raised to 20,000; Go runs with GOMAXPROCS
set to the workers. Each uses its own oneshot and lock: may and Go their channels, smol the
`oneshot` crate and async-lock. Latencies count from the moment an event was due, not from when the load came round
to it. The TCP load comes from one client program, the same for all, in another process; its
latencies are taken at 20,000 requests per second, its throughput with every connection busy. The
*floor* is a bare epoll loop per worker; for coroutines it is corosensei alone, over which Qi's are made.
*future* is the same work in Qi's future tasks. The servers on hyper are the same but for the adapters, with
time limits for heads; `wrk` (HTTP/1.1) or `h2load` (HTTP/2), one thread each, load them for 3 s after
a warm second. may's parked coroutines are 20,000, not 1 M, because each
stack takes two of the 65,530 mappings a process has by default. Without a scheduler may's switch is
that of its generator, Go's that of `iter.Pull`. A goroutine has no size of stack, so its memory is the
same for each.
";

fn family(name: &str) -> Vec<&'static Workload> {
    WORKLOADS.iter().filter(|workload| workload.family == name).collect()
}

fn cell(record: Option<&Record>, workload: &Workload, position: usize) -> String {
    let Some(record) = record else { return "–".to_owned() };
    let figure = &workload.figures[position];
    match (record.median(figure.name), position, &record.note) {
        (Some(value), _, _) => short(value * figure.scale),
        (None, 0, Some(note)) => note.clone(),
        _ => "–".to_owned(),
    }
}

/// How many times Qi's first figure the runtime's is.
fn ratio(run: &Run, workload: &Workload, runtime: &str) -> String {
    let figure = workload.figures[0].name;
    let median = |name: &str| run.record(workload.name, name).and_then(|r| r.median(figure));
    match (median(runtime), median("qi")) {
        (Some(other), Some(own)) if own > 0.0 => format!("{:.2}", other / own),
        _ => "–".to_owned(),
    }
}

// Writing into a String cannot fail, here and below.
fn write_workload(text: &mut String, run: &Run, workload: &Workload, notes: &Notes) {
    let measured: Vec<_> = RUNTIMES
        .iter()
        .copied()
        .filter(|runtime| run.record(workload.name, runtime).is_some())
        .collect();
    if measured.is_empty() {
        return;
    }
    writeln!(text, "### {}\n", workload.title).ok();
    let heads: Vec<_> = workload.figures.iter().map(|figure| figure.title).collect();
    writeln!(text, "| `{}` | {} | ÷ Qi | runs |", workload.name, heads.join(" | ")).ok();
    writeln!(text, "|---|{}--:|--:|", "--:|".repeat(heads.len())).ok();
    for runtime in measured {
        let record = run.record(workload.name, runtime);
        let cells: Vec<_> =
            (0..heads.len()).map(|position| cell(record, workload, position)).collect();
        let name = if runtime == "qi" { "**Qi**" } else { runtime };
        let runs = record.map_or(0, |record| record.samples.len());
        let ratio = ratio(run, workload, runtime);
        writeln!(text, "| {name} | {} | {ratio} | {runs} |", cells.join(" | ")).ok();
    }
    writeln!(text).ok();
    let mut missed = false;
    for bar in workload.bars {
        let verdict = verdict::judge(run, workload, bar);
        missed |= verdict.met == Some(false);
        let mark = match verdict.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "open",
        };
        writeln!(text, "- {mark}: {}", verdict.text).ok();
    }
    writeln!(text).ok();
    if let Some(note) = notes.get(workload.name).filter(|_| missed) {
        writeln!(text, "{note}\n").ok();
    }
}

/// The bars that Qi misses, gathered at the top.
fn write_losses(text: &mut String, run: &Run) {
    let (mut met, mut missed, mut open) = (0, Vec::new(), 0);
    for workload in WORKLOADS {
        for bar in workload.bars {
            let verdict = verdict::judge(run, workload, bar);
            match verdict.met {
                Some(true) => met += 1,
                Some(false) => missed.push(format!("- `{}`: {}", workload.name, verdict.text)),
                None => open += 1,
            }
        }
    }
    writeln!(text, "## Where Qi falls short of its bars\n").ok();
    let short_of = missed.len();
    writeln!(text, "{met} bars met, {short_of} not met, {open} without figures.\n").ok();
    for line in missed {
        writeln!(text, "{line}").ok();
    }
    writeln!(text).ok();
}

fn write_facts(text: &mut String, run: &Run) {
    writeln!(text, "## Machine and versions\n\n| | |\n|---|---|").ok();
    for (name, fact) in run.machine.iter().chain(&run.versions) {
        writeln!(text, "| {name} | {fact} |").ok();
    }
    writeln!(text, "| workers | {} |\n", run.workers).ok();
}

/// The whole page; the charts are expected in `benchmarks/` beside it, the remarks say why bars are
/// missed.
fn page(run: &Run, charts: &[(&str, String)], notes: &Notes) -> String {
    let mut text = String::from(
        "# Qi beside its peers\n\nWritten by `cargo xtask bench --report`; not edited by hand.\n\n",
    );
    if run.quick {
        text += "**A quick run: a tenth of the work, three repetitions. Not for quotation.**\n\n";
    }
    text += METHOD;
    text.push('\n');
    write_losses(&mut text, run);
    for (name, title) in FAMILIES {
        let Some((file, _)) = charts.iter().find(|(file, _)| file == name) else { continue };
        writeln!(text, "## {title}\n\n![{title}](benchmarks/{file}.svg)\n").ok();
        for workload in family(name) {
            write_workload(&mut text, run, workload, notes);
        }
    }
    write_facts(&mut text, run);
    text
}

/// What became of a workload's bars, for the terminal: a line each, none for what was not measured.
pub(crate) fn verdicts(run: &Run, workload: &Workload) -> Vec<String> {
    let judged = workload.bars.iter().map(|bar| verdict::judge(run, workload, bar));
    let line = |verdict: verdict::Verdict| {
        let mark = if verdict.met? { "met" } else { "NOT MET" };
        Some(format!("{mark}: {}", verdict.text))
    };
    judged.filter_map(line).collect()
}

/// The folder that a report goes to unless another is named.
pub(crate) fn usual_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Writes the page and its charts into a folder; returns the page's path.
pub(crate) fn write(run: &Run, docs: &Path) -> io::Result<PathBuf> {
    let charts: Vec<(&str, String)> = FAMILIES
        .iter()
        .filter_map(|(name, title)| Some((*name, chart::draw(run, title, &family(name))?)))
        .collect();
    let beside = docs.join("benchmarks");
    fs::create_dir_all(&beside)?;
    for (name, svg) in &charts {
        fs::write(beside.join(format!("{name}.svg")), svg)?;
    }
    let notes = notes::parse(&fs::read_to_string(usual_folder().join(NOTES))?);
    let path = docs.join("benchmarks.md");
    fs::write(&path, page(run, &charts, &notes))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::notes::Notes;
    use super::{FAMILIES, family, page};
    use crate::catalog::WORKLOADS;
    use crate::sample::{Record, Run, Sample};
    use std::collections::BTreeMap;

    fn wake_run(own_ns: f64) -> Run {
        let record = |runtime: &str, wall_ns: f64| {
            let mut record = Record::new("wake-1000", runtime);
            let sample = Sample::default().with("wall_ns", wall_ns).with("cpu_ns", wall_ns);
            record.samples.push(sample);
            record.sum_up();
            record
        };
        Run {
            schema: 1,
            machine: BTreeMap::new(),
            versions: BTreeMap::new(),
            workers: 2,
            quick: false,
            records: vec![record("qi", own_ns), record("tokio", 100.0)],
        }
    }

    #[test]
    fn a_remark_stands_only_below_a_bar_that_is_missed() {
        let notes = Notes::from([("wake-1000".to_owned(), "The reason why.".to_owned())]);
        let charts = [("switch", String::new())];
        assert!(page(&wake_run(90.0), &charts, &notes).contains("The reason why."));
        assert!(!page(&wake_run(50.0), &charts, &notes).contains("The reason why."));
    }

    #[test]
    fn every_workload_belongs_to_a_family_of_the_report() {
        let listed: usize = FAMILIES.iter().map(|(name, _)| family(name).len()).sum();
        assert_eq!(listed, WORKLOADS.len());
    }
}
