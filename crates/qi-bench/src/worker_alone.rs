//! A worker process of an instrument that was built without the peers: it counts Qi's kernels, and
//! measures nothing.

use crate::peer;
use crate::workload::Job;

/// Says that there is nothing to compare.
pub(crate) fn run(_workload: &str, _runtime: &str, _job: &Job) {
    println!("{{\"none\":\"was built without the peers\"}}");
}

/// Runs a kernel; `None` for a runtime or name that is not there.
pub(crate) fn run_kernel(runtime: &str, name: &str, turns: u64) -> Option<()> {
    if runtime == "qi" { peer::qi::run_kernel(name, turns) } else { None }
}
