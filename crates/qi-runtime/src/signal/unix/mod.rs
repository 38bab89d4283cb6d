//! All signals that a process can handle.

mod hub;
mod kind;
mod listener;

pub(crate) use hub::Hub;
pub use kind::SignalKind;
pub use listener::{Signal, signal};

use std::io;

pub(super) type CtrlCListener = Signal;

pub(super) fn listen_for_ctrl_c() -> io::Result<Signal> {
    signal(SignalKind::interrupt())
}
