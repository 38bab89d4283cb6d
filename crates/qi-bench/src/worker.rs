//! A worker process: runs one workload on one runtime and prints one line of JSON.

use crate::http;
use crate::may_side;
use crate::measure::peak_rss_bytes;
use crate::peer::channel::{FlumeMany, QiMany, QiOne, SmolMany, TokioOne};
use crate::peer::{self, floor, pool};
use crate::sample::Sample;
use crate::stackful;
use crate::system;
use crate::workload::{self, Job, channel};

fn measure(workload: &str, runtime: &str, job: &Job) -> Option<Sample> {
    match runtime {
        "qi" => workload::run_beside_c(workload, job)
            .or_else(|| peer::qi::run(workload, job))
            .or_else(|| channel::to_one::<peer::qi::Qi, QiOne>(workload, job))
            .or_else(|| channel::to_four::<peer::qi::Qi, QiMany>(workload, job))
            .or_else(|| http::on_qi(workload, job))
            .or_else(|| system::on_qi(workload, job)),
        "tokio" => workload::run::<peer::tokio::Tokio>(workload, job)
            .or_else(|| workload::run_disposable::<peer::tokio::Tokio>(workload, job))
            .or_else(|| channel::to_one::<peer::tokio::Tokio, TokioOne>(workload, job))
            .or_else(|| http::on_tokio(workload, job))
            .or_else(|| system::on_tokio(workload, job)),
        "flume" => channel::to_one::<peer::tokio::Tokio, FlumeMany>(workload, job)
            .or_else(|| channel::to_four::<peer::tokio::Tokio, FlumeMany>(workload, job)),
        "smol" => workload::run::<peer::smol::Smol>(workload, job)
            .or_else(|| workload::run_disposable::<peer::smol::Owned>(workload, job))
            .or_else(|| channel::to_one::<peer::smol::Smol, SmolMany>(workload, job))
            .or_else(|| channel::to_four::<peer::smol::Smol, SmolMany>(workload, job))
            .or_else(|| system::on_smol(workload, job)),
        "future" => stackful::run_future(workload, job),
        "may" => may_side::run(workload, job),
        "rayon" => pool::rayon(workload, job),
        "chili" => pool::chili(workload, job),
        "floor" => floor::run(workload, job).or_else(|| stackful::bare_corosensei(workload, job)),
        _ => None,
    }
}

/// Runs a kernel; `None` for a runtime or name that is not there.
pub(crate) fn run_kernel(runtime: &str, name: &str, turns: u64) -> Option<()> {
    match runtime {
        "qi" => peer::qi::run_kernel(name, turns),
        "tokio" => workload::run_kernel::<peer::tokio::Tokio>(name, turns),
        "smol" => workload::run_kernel::<peer::smol::Smol>(name, turns),
        _ => None,
    }
}

/// Measures and prints; the caller ends the process without unwinding what still runs.
pub(crate) fn run(workload: &str, runtime: &str, job: &Job) {
    let Some(sample) = measure(workload, runtime, job) else {
        println!("{{\"none\":\"has no such workload\"}}");
        return;
    };
    let peak_mib = peak_rss_bytes() as f64 / f64::from(1 << 20);
    let sample = sample.with("peak_mib", peak_mib);
    println!("{}", serde_json::to_string(&sample).expect("a sample is plain data"));
}
