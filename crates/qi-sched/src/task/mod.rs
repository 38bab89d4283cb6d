//! Tasks: one block of memory each, from spawn to the last waker.
//!
//! ```text
//!        ┌─────────────── Cell<F> ────────────────┐
//!        │ Header (64 bytes)         │ Stage<F>   │
//!        │ state · vtable · id ·     │ future, or │
//!        │ place · cold · join slot  │ output     │
//!        └───────────────────────────┴────────────┘
//!           ▲      ▲          ▲           ▲
//!        TaskRef  Waker   TaskHandle   holder of RUNNING
//! ```
//!
//! [`state`] says who may do what (I1–I5); [`header`] and [`cell`] do it; [`handle`] is what the
//! user holds.

mod abort;
mod cell;
mod handle;
mod header;
mod id;
mod reference;
mod state;
mod status;
mod waker;

pub use abort::AbortHandle;
pub(crate) use cell::{init, layout, vtable};
pub use handle::{Join, TaskHandle};
pub(crate) use header::{Birth, Cold, Header, Home, Payload, TaskPtr};
pub use id::TaskId;
pub(crate) use reference::TaskRef;
pub(crate) use state::{CancelRequest, Claim, Outcome, Placement, State, Suspend};
pub use status::TaskStatus;
pub(crate) use waker::{borrowed, wakes};

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the user's code where a panic cannot be handed to anybody: it is logged.
pub(crate) fn guard(what: &'static str, code: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(code)) {
        report(what, payload);
    }
}

/// Logs a panic that cannot be handed to anybody.
pub(crate) fn report(what: &'static str, payload: Payload) {
    tracing::error!(panic = crate::error::payload_text(&payload), "{what}");
    // The payload's own drop is the user's code, too, and may panic again: then it is leaked.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(std::mem::forget);
}
