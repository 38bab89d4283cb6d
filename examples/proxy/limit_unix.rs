//! Room for many descriptors, where the process has a limit that it may raise.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit of open descriptors as far as it may. If it may not, the listener waits for
/// descriptors when it runs out of them.
pub(crate) fn raise() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
