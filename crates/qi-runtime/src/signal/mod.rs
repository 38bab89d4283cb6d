//! Signals of the system, as streams.
//!
//! [`ctrl_c`] is there on every platform. On Unix `signal::unix` has all signals that can be handled,
//! on Windows `signal::windows` the events of the console.
//!
//! # What a listener gets
//! * **Many become one.** A listener remembers *that* its signal came since it was last asked, not how
//!   often: several in quick succession may be reported once, as the systems themselves do. It never
//!   forgets one altogether: a signal that comes after a report leads to another report.
//! * **Everybody gets it.** All listeners of a signal, in all runtimes of the process, are told; those
//!   of other crates too, where these share the handlers (see below).
//! * **From then on.** A listener hears what comes after it was made. Make it before whoever may send
//!   the signal knows that it can.
//!
//! # The default action is gone for good
//! The first listener of a signal replaces what the system would do (most signals end the process).
//! Dropping all listeners does not bring it back: Ctrl-C then does nothing, until something listens
//! again. Programs that listen should so go on listening; see the second example of [`ctrl_c`].
//!
//! # Where
//! On Unix a listener belongs to the runtime that it was made in; when that has shut down, it ends.
//! Per runtime and signal there is one pair of sockets. The handler that writes to it is installed by
//! the crate `signal-hook`, beside those of other users of that crate or of `signal-hook-registry`.
//! On Windows a listener needs no runtime.
//!
//! A signal is sent to the process; children of the same terminal get a Ctrl-C as well, unless they
//! have a process group of their own (`Command::process_group`).

mod ctrl_c;

#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;

#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

pub use ctrl_c::{CtrlC, ctrl_c};
pub(crate) use os::Hub;
