//! The instrument: the same work on Qi and on its peers, each pair in a process of its own.
//!
//! Called by a person it is the driver. It calls itself with `--worker` for each measurement, with
//! `--echo-client` for the load of the echo workload, and under valgrind with `--kernel`.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "peers"),
    allow(dead_code, unused_imports, reason = "only the kernels can be run")
)]

#[cfg(not(target_os = "linux"))]
compile_error!("the instrument reads costs from Linux interfaces and is built on Linux only");

mod args;
mod catalog;
mod child;
mod driver;
mod golang;
mod graph;
#[cfg(feature = "peers")]
mod http;
mod kernel;
mod latency;
mod load_client;
mod machine;
#[cfg(feature = "peers")]
mod may_side;
mod measure;
mod peer;
mod report;
mod sample;
mod spin;
mod stackful;
#[cfg(feature = "peers")]
mod system;
mod taskflow;
mod through_c;
mod tree;
#[cfg_attr(not(feature = "peers"), path = "worker_alone.rs")]
mod worker;
mod workload;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use args::{Args, USAGE};
use driver::Driver;
use kernel::Done;
use sample::Run;
use workload::Job;

/// The exit status of a check that could not be made, as test drivers commonly understand it.
const SKIPPED: u8 = 77;

/// Does what another process of the instrument asks for; `None` when a person is asking.
fn serve_the_instrument(words: &[&str]) -> Option<()> {
    match words {
        ["--worker", runtime, workers, length, workload] => {
            let job = Job { workers: workers.parse().ok()?, quick: *length == "quick" };
            worker::run(workload, runtime, &job);
        }
        ["--echo-client", address, connections, length] => {
            load_client::run(address.parse().ok()?, connections.parse().ok()?, *length == "quick");
        }
        ["--kernel", runtime, name, times] => kernel::run(runtime, name, times.parse().ok()?),
        _ => return None,
    }
    Some(())
}

fn list() {
    for workload in catalog::WORKLOADS {
        println!("{:17} {} ({})", workload.name, workload.title, workload.runtimes.join(", "));
    }
}

fn measure_or_read(args: &Args) -> Result<Run, String> {
    let Some((first, pieces)) = args.from.split_first() else {
        return Ok(Driver::new(args).run());
    };
    pieces.iter().try_fold(read(first)?, |run, piece| run.joined(read(piece)?))
}

fn read(path: &Path) -> Result<Run, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn bench(args: &Args) -> Result<(), String> {
    let run = measure_or_read(args)?;
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&run).map_err(|error| error.to_string())?;
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if args.report {
        let docs = args.docs.clone().unwrap_or_else(report::usual_folder);
        let path = report::write(&run, &docs).map_err(|error| format!("the report: {error}"))?;
        println!("written: {}", path.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let borrowed: Vec<&str> = words.iter().map(String::as_str).collect();
    if serve_the_instrument(&borrowed).is_some() {
        // Not a return from `main`: tasks and threads that never end are left where they are.
        std::process::exit(0);
    }
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let args = match Args::parse(words.into_iter()) {
        Ok(args) => args,
        Err(complaint) => {
            eprintln!("{complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let outcome = match (args.list, args.kernels) {
        (true, _) => {
            list();
            Ok(Done::Counted)
        }
        (false, true) => kernel::count_all(&args),
        (false, false) => bench(&args).map(|()| Done::Counted),
    };
    match outcome {
        Ok(Done::Counted) => ExitCode::SUCCESS,
        Ok(Done::Skipped(reason)) => {
            eprintln!("skipped: {reason}");
            ExitCode::from(SKIPPED)
        }
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}
