//! Stands in for Qi where the instrument is built for the peers alone (without the feature `qi`).

use crate::sample::Sample;
use crate::workload::Job;

/// Has no workload.
pub(crate) fn run(_workload: &str, _job: &Job) -> Option<Sample> {
    None
}

/// Has no kernel.
pub(crate) fn run_kernel(_name: &str, _turns: u64) -> Option<()> {
    None
}
