//! Runs steps one after the other and ends with the table and the counts.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::interrupt;
use crate::report::{Report, Row, closing_line, table};
use crate::step::{ON_REQUEST, STEPS, Step};

/// The steps with these names, in the order of the suite; all when none is named.
pub(crate) fn chosen(names: &[String]) -> Vec<&'static Step> {
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    STEPS.iter().filter(wanted).collect()
}

/// The step of this name, be it one of the suite or not.
pub(crate) fn named(name: &str) -> Vec<&'static Step> {
    STEPS.iter().chain(ON_REQUEST).filter(|step| step.name == name).collect()
}

/// The steps that continuous integration runs.
pub(crate) fn in_ci() -> Vec<&'static Step> {
    STEPS.iter().filter(|step| step.ci).collect()
}

/// Prints every step with its job.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<16} {:<3} {}", step.name, if step.ci { "ci" } else { "" }, step.about);
    }
}

/// Runs `steps`; the exit status says whether every check passed.
pub(crate) fn run(
    context: &Context,
    steps: &[&'static Step],
    strict: bool,
) -> anyhow::Result<ExitCode> {
    println!("seed {}", context.options.seed);
    let mut rows = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        eprintln!("[{:>2}/{}] {}: {}", index + 1, steps.len(), step.name, step.about);
        let row = run_one(context, step, strict);
        show_failures(context, &row);
        eprintln!("        {}", row.line());
        rows.push(row);
    }
    println!("\n{}\n\n{}", table(&rows), closing_line(&rows));
    if interrupt::requested() {
        return Ok(ExitCode::from(interrupt::EXIT_STATUS));
    }
    let failed = rows.iter().any(|row| !row.report.failures.is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run_one(context: &Context, step: &'static Step, strict: bool) -> Row {
    let started = Instant::now();
    // A log tells of one run only; that there was none before is no error.
    let _ = std::fs::remove_file(context.log(step.name));
    let report = if interrupt::requested() {
        Report::failed("not run: interrupted", "")
    } else if context.time_left() == Some(Duration::ZERO) {
        Report::failed("not run: the time for the whole run is used up", "")
    } else {
        (step.run)(context).unwrap_or_else(|error| Report::failed(format!("{error:#}"), ""))
    };
    Row { step: step.name, report: report.close(strict), took: started.elapsed() }
}

fn show_failures(context: &Context, row: &Row) {
    for failure in &row.report.failures {
        println!("\n---- {}: {}", row.step, failure.what);
        if !failure.output.is_empty() {
            println!("{}", failure.output);
        }
    }
    let log = context.log(row.step);
    if !row.report.failures.is_empty() && log.exists() {
        println!("---- the whole output of {}: {}", row.step, log.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Options;

    fn context() -> Context {
        Context::new(Options { seed: 1, stress_seconds: 1, ..Options::default() }).unwrap()
    }

    fn step(run: fn(&Context) -> anyhow::Result<Report>) -> &'static Step {
        Box::leak(Box::new(Step { name: "suite-test", about: "", ci: false, run }))
    }

    #[test]
    fn step_that_returns_an_error_is_one_failure_with_its_text() {
        let row = run_one(&context(), step(|_| anyhow::bail!("the tool is broken")), false);
        assert_eq!(row.report.failures.len(), 1);
        assert!(row.line().contains("the tool is broken"));
    }

    #[test]
    fn step_after_the_end_of_the_time_fails_without_running() {
        let mut context = context();
        context.end_within(Duration::ZERO);
        let row = run_one(&context, step(|_| panic!("the step ran")), false);
        assert!(row.line().contains("used up"));
    }

    #[test]
    fn chosen_steps_keep_the_order_of_the_suite() {
        let names = ["edges".to_owned(), "tidy".to_owned()];
        let chosen: Vec<&str> = chosen(&names).iter().map(|step| step.name).collect();
        assert_eq!(chosen, ["tidy", "edges"]);
        assert_eq!(super::chosen(&[]).len(), STEPS.len());
    }
}
