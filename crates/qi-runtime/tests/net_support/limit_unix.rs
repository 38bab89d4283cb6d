//! Room for many descriptors, where the process has a limit that it may raise.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit of open descriptors, if it is lower.
pub(crate) fn allow_descriptors(count: u64) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("every process has one");
    if soft < count {
        setrlimit(Resource::RLIMIT_NOFILE, count, hard).expect("it is within the hard limit");
    }
}
