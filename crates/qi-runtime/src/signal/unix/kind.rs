//! Which signal.

use signal_hook::consts;
use std::ffi::c_int;
use std::fmt;

/// A signal by its number.
///
/// # Examples
/// ```
/// use qi_runtime::signal::unix::SignalKind;
/// assert_eq!(SignalKind::from_raw(15), SignalKind::terminate());
/// assert_eq!(format!("{:?}", SignalKind::terminate()), "SignalKind(SIGTERM)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignalKind(c_int);

impl SignalKind {
    /// The signal of this number, which need not exist.
    #[must_use]
    pub const fn from_raw(number: c_int) -> Self {
        Self(number)
    }

    /// The system's number.
    #[must_use]
    pub const fn as_raw(self) -> c_int {
        self.0
    }

    /// SIGALRM: a timer of the system is up. Ends the process by default.
    #[must_use]
    pub const fn alarm() -> Self {
        Self(consts::SIGALRM)
    }

    /// SIGCHLD: a child has ended, or was stopped. Ignored by default.
    #[must_use]
    pub const fn child() -> Self {
        Self(consts::SIGCHLD)
    }

    /// SIGHUP: the terminal is gone; to services often a request to read their settings anew. Ends the
    /// process by default.
    #[must_use]
    pub const fn hangup() -> Self {
        Self(consts::SIGHUP)
    }

    /// SIGINT: Ctrl-C. Ends the process by default.
    #[must_use]
    pub const fn interrupt() -> Self {
        Self(consts::SIGINT)
    }

    /// SIGPIPE: the reader of a pipe or socket is gone. Rust programs ignore it and get an error.
    #[must_use]
    pub const fn pipe() -> Self {
        Self(consts::SIGPIPE)
    }

    /// SIGQUIT: Ctrl-\. Ends the process with a dump of its memory by default.
    #[must_use]
    pub const fn quit() -> Self {
        Self(consts::SIGQUIT)
    }

    /// SIGTERM: a polite request to end. Ends the process by default.
    #[must_use]
    pub const fn terminate() -> Self {
        Self(consts::SIGTERM)
    }

    /// SIGUSR1: of the program's own meaning. Ends the process by default.
    #[must_use]
    pub const fn user_defined1() -> Self {
        Self(consts::SIGUSR1)
    }

    /// SIGUSR2: of the program's own meaning. Ends the process by default.
    #[must_use]
    pub const fn user_defined2() -> Self {
        Self(consts::SIGUSR2)
    }

    /// SIGWINCH: the terminal has another size. Ignored by default.
    #[must_use]
    pub const fn window_change() -> Self {
        Self(consts::SIGWINCH)
    }

    /// Whether a process may handle it: not SIGKILL and SIGSTOP, which nobody can, nor SIGILL, SIGFPE
    /// and SIGSEGV, which report a fault at the place where the program stands.
    #[must_use]
    pub fn can_be_handled(self) -> bool {
        !consts::FORBIDDEN.contains(&self.0)
    }
}

impl fmt::Debug for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match signal_hook::low_level::signal_name(self.0) {
            Some(name) => write!(f, "SignalKind({name})"),
            None => write!(f, "SignalKind({})", self.0),
        }
    }
}
