//! Tasks: one block of memory each, from spawn to the last waker.
//!
//! ```text
//!        ┌─────────────── Cell<F> ────────────────┐
//!        │ Header (48 bytes)         │ Stage<F>   │
//!        │ state · vtable · id ·     │ future, or │
//!        │ place · cold · join slot  │ output     │
//!        └───────────────────────────┴────────────┘
//!           ▲      ▲          ▲           ▲
//!        TaskRef  Waker   TaskHandle   holder of RUNNING
//! ```
//!
//! A task whose code has a stack of its own has its home behind the stage.
//!
//! [`state`] says who may do what (I1–I5); [`header`] and [`cell`] do it; a [`running::Running`] is
//! the evidence of the right to run a task; [`handle`] is what the user holds.

mod abort;
mod cell;
mod handle;
mod header;
mod home;
mod id;
mod join_slot;
mod origin;
mod reference;
mod request;
mod running;
mod snapshot;
mod state;
mod status;
mod thin;
mod transition;
mod waker;

pub use abort::AbortHandle;
pub(crate) use cell::{homed_layout, init, init_homed, layout, vtable};
pub use handle::{Join, TaskHandle};
pub(crate) use header::{Birth, Cold, Header, Home, Payload, TaskPtr};
pub(crate) use home::Dwelling;
pub use id::TaskId;
#[cfg(all(test, loom))]
pub(crate) use join_slot::JoinSlot;
pub(crate) use origin::Origin;
pub(crate) use reference::TaskRef;
pub(crate) use running::{Claimed, Ended, Polled, Running, Suspended};
pub(crate) use snapshot::Snapshot;
#[cfg(all(test, loom))]
pub(crate) use snapshot::Turn;
pub(crate) use state::State;
pub use status::TaskStatus;
pub use thin::ThinWaker;
#[cfg(all(test, loom))]
pub(crate) use transition::{CancelRequest, Claim, Detach, Due, Suspend, Wake};
pub(crate) use transition::{Outcome, Placement, Raise};
pub(crate) use waker::wakes;

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
