//! What only Windows' own calls can tell: events of the console, and the end of a process.
//!
//! Here there is state, unlike in the rest of the crate, because the system keeps some: it has one list
//! of handlers for the console, and it counts the waits that it was asked for.

mod console;
mod exit_wait;
mod ffi;

pub use console::{ConsoleEvent, ConsoleListener, listen};
pub use exit_wait::ExitWait;
