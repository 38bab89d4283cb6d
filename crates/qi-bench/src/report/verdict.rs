//! Says whether Qi clears its bars, from the medians of a run.

use super::chart::short;
use crate::catalog::{Bar, Rival, Rule, Workload};
use crate::sample::Run;

/// The runtimes that "best" ranges over.
const PEERS: &[&str] = &["tokio", "smol", "flume", "may", "go"];
const RUST_PEERS: &[&str] = &["tokio", "smol", "flume", "may"];
/// A win in wall time counts only with CPU time per operation at most so many times the lowest.
const CPU_ALLOWANCE: f64 = 1.1;

/// What became of one bar.
pub(crate) struct Verdict {
    /// `None` when a figure is missing.
    pub(crate) met: Option<bool>,
    /// The comparison in words.
    pub(crate) text: String,
}

/// A runtime and its figure.
struct Rated {
    runtime: String,
    value: f64,
}

fn rate(run: &Run, workload: &str, figure: &str, runtime: &str) -> Option<Rated> {
    let value = run.record(workload, runtime)?.median(figure)?;
    Some(Rated { runtime: runtime.to_owned(), value })
}

/// The best of some runtimes: the least, or the most for a rate.
fn best(run: &Run, workload: &str, figure: &str, names: &[&str], most: bool) -> Option<Rated> {
    let rated = names.iter().filter_map(|name| rate(run, workload, figure, name));
    let order = |a: &Rated, b: &Rated| a.value.total_cmp(&b.value);
    if most { rated.max_by(order) } else { rated.min_by(order) }
}

fn rival(run: &Run, workload: &Workload, bar: &Bar) -> Option<Rated> {
    let most = matches!(bar.rule, Rule::AtLeast(_));
    match bar.rival {
        Rival::Best => best(run, workload.name, bar.figure, PEERS, most),
        Rival::BestRust => best(run, workload.name, bar.figure, RUST_PEERS, most),
        Rival::One(name) => rate(run, workload.name, bar.figure, name),
        Rival::Number(value) => Some(Rated { runtime: "a fixed figure".to_owned(), value }),
    }
}

/// Qi's CPU time per operation over the lowest peer's.
fn cpu_ratio(run: &Run, workload: &Workload, bar: &Bar) -> Option<f64> {
    let names = if bar.rival == Rival::BestRust { RUST_PEERS } else { PEERS };
    let lowest = best(run, workload.name, "cpu_ns", names, false)?;
    let own = rate(run, workload.name, "cpu_ns", "qi")?;
    Some(own.value / lowest.value)
}

/// A bar that is a number: both in the unit that the figure is shown in.
fn judge_number(title: &str, scale: f64, own: f64, number: f64, rule: Rule) -> Verdict {
    let (met, words, limit) = match rule {
        Rule::AtLeast(factor) => (own >= number * factor, "at least", number * factor),
        Rule::AtMost(factor) => (own <= number * factor, "at most", number * factor),
        Rule::WallWin(factor) | Rule::TimesLess(factor) => {
            (own <= number / factor, "at most", number / factor)
        }
        Rule::NoMoreThan(most) => (own + most >= number, "at least", number - most),
    };
    let (own, limit) = (short(own * scale), short(limit * scale));
    Verdict { met: Some(met), text: format!("{title}: {own} (bar {words} {limit})") }
}

/// Judges one bar.
pub(crate) fn judge(run: &Run, workload: &Workload, bar: &Bar) -> Verdict {
    let figure = workload.figures.iter().find(|figure| figure.name == bar.figure);
    let (title, scale) = figure.map_or((bar.figure, 1.0), |figure| (figure.title, figure.scale));
    let own = rate(run, workload.name, bar.figure, "qi");
    let (Some(own), Some(rival)) = (own, rival(run, workload, bar)) else {
        return Verdict { met: None, text: format!("{title}: not measured") };
    };
    if let Rival::Number(number) = bar.rival {
        return judge_number(title, scale, own.value, number, bar.rule);
    }
    let (met, text) = match bar.rule {
        Rule::WallWin(factor) => {
            let (ratio, cpu) = (rival.value / own.value, cpu_ratio(run, workload, bar));
            let frugal = cpu.is_some_and(|cpu| cpu <= CPU_ALLOWANCE);
            let cpu = cpu.map_or("CPU not measured".to_owned(), |cpu| {
                format!("with {cpu:.2} × the lowest CPU time")
            });
            (ratio >= factor && frugal, format!("{ratio:.2} × as fast (bar {factor} ×), {cpu}"))
        }
        Rule::TimesLess(factor) => {
            let ratio = rival.value / own.value;
            (ratio >= factor, format!("{ratio:.2} × less (bar {factor} ×)"))
        }
        Rule::AtMost(factor) => {
            let ratio = own.value / rival.value;
            (ratio <= factor, format!("{ratio:.2} × (bar at most {factor} ×)"))
        }
        Rule::AtLeast(factor) => {
            let ratio = own.value / rival.value;
            (ratio >= factor, format!("{ratio:.2} × (bar at least {factor:.2} ×)"))
        }
        Rule::NoMoreThan(most) => {
            let (above, most) = (rival.value - own.value, most);
            let words =
                format!("{} above (bar at most {})", short(above * scale), short(most * scale));
            (above <= most, words)
        }
    };
    Verdict { met: Some(met), text: format!("{title} against {}: {text}", rival.runtime) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::judge;
    use crate::catalog::WORKLOADS;
    use crate::sample::{Record, Run, Sample};

    fn run(figures: &[(&str, f64, f64)]) -> Run {
        let records = figures
            .iter()
            .map(|(runtime, wall, cpu)| {
                let mut record = Record::new("spawn", runtime);
                record.samples.push(Sample::default().with("wall_ns", *wall).with("cpu_ns", *cpu));
                record.sum_up();
                record
            })
            .collect();
        Run {
            schema: 1,
            machine: BTreeMap::new(),
            versions: BTreeMap::new(),
            workers: 2,
            quick: false,
            records,
        }
    }

    fn spawn_verdict(run: &Run) -> Option<bool> {
        let workload = WORKLOADS.iter().find(|w| w.name == "spawn").expect("in the table");
        judge(run, workload, &workload.bars[0]).met
    }

    #[test]
    fn twice_as_fast_as_the_best_clears_a_bar_of_two() {
        let faster = [("qi", 100.0, 150.0), ("tokio", 300.0, 400.0), ("go", 200.0, 350.0)];
        assert_eq!(spawn_verdict(&run(&faster)), Some(true));
        let slower = [("qi", 101.0, 150.0), ("tokio", 300.0, 400.0), ("go", 200.0, 350.0)];
        assert_eq!(spawn_verdict(&run(&slower)), Some(false));
    }

    #[test]
    fn a_win_that_burns_more_cpu_than_the_leanest_peer_does_not_count() {
        let burning = [("qi", 100.0, 250.0), ("tokio", 300.0, 200.0), ("go", 200.0, 350.0)];
        assert_eq!(spawn_verdict(&run(&burning)), Some(false));
    }

    #[test]
    fn a_bar_that_is_a_number_is_judged_and_told_in_the_unit_shown() {
        let urgent = WORKLOADS.iter().find(|w| w.name == "urgent-timer").expect("in the table");
        let verdict = |p99_ns: f64| {
            let mut record = Record::new("urgent-timer", "qi");
            record.samples.push(Sample::default().with("p99_ns", p99_ns));
            record.sum_up();
            let mut run = run(&[]);
            run.records.push(record);
            judge(&run, urgent, &urgent.bars[0])
        };
        let kept = verdict(150_000.0);
        assert_eq!((kept.met, kept.text.as_str()), (Some(true), "p99 µs: 150 (bar at most 200)"));
        assert_eq!(verdict(201_000.0).met, Some(false));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(spawn_verdict(&run(&[("tokio", 300.0, 400.0)])), None);
        assert_eq!(spawn_verdict(&run(&[("qi", 300.0, 400.0)])), None);
    }
}
