//! Runs the whole scheduler under shuttle, and sees to it that it finds planted faults.

use anyhow::Context as _;

use crate::context::Context;
use crate::libtest;
use crate::mutant;
use crate::process::Job;
use crate::report::{Report, tail};

const STEP: &str = "shuttle";

/// Faults that must be found: values of `cfg(qi_mutant = "NAME")`, of loom models too.
const PLANTED: &[&str] = &["sleep_without_last_look"];

/// Orders of each kind and program, beside those that the tests take by themselves.
const ORDERS: u32 = 600;

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let finished = cargo(context).run()?;
    let mut report = Report::default();
    libtest::judge(&mut report, STEP, &finished);
    report.note(format!("{ORDERS} orders of each kind and program"));
    for planted in PLANTED {
        let wrapper = mutant::wrapper(&context.target.join("xtask"), planted)?;
        let wrapper =
            wrapper.to_str().context("the target directory has a name that is not text")?;
        let finished = cargo(context).env("RUSTC_WORKSPACE_WRAPPER", wrapper).run()?;
        // A broken build finds nothing.
        if finished.output.contains("test result: FAILED") {
            report.pass();
            report.note(format!("{planted} was found"));
        } else {
            report.fail(format!("{planted} was not found"), tail(&finished.output));
        }
    }
    Ok(report)
}

fn cargo(context: &Context) -> Job {
    let args = ["test", "--release", "--no-fail-fast", "--package", "qi-shuttled"];
    context.cargo(STEP, &args).env("QI_SHUTTLE_ORDERS", ORDERS.to_string())
}
