//! Room for many descriptors, where the process has a limit that it may raise.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// Raises the limit of open descriptors, if it is lower.
pub(crate) fn allow_descriptors(count: u32) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("every process has one");
    let count = rlim_t::from(count);
    if soft < count {
        setrlimit(Resource::RLIMIT_NOFILE, count, hard).expect("it is within the hard limit");
    }
}
