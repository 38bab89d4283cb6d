//! A poll function of the other side as a future.

use std::ffi::c_void;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Ending;
use crate::code::Code;
use crate::memory::{Owned, Place};
use crate::poll_context::{self, Operations, PollContext};

/// Polls the state of a task. Answers `QI_OK` when it has ended and its result lies at `result`,
/// `QI_PENDING` when it waits, a negative code when it has failed. It must not unwind.
pub type PollFn = Option<
    unsafe extern "C" fn(state: *mut c_void, cx: *mut PollContext, result: *mut c_void) -> i32,
>;

/// A poll function that is there.
pub(crate) type Poller =
    unsafe extern "C" fn(state: *mut c_void, cx: *mut PollContext, result: *mut c_void) -> i32;

/// Where the state of a poll function is.
pub(crate) enum State {
    /// In memory of the other side.
    Theirs(Owned),
    /// In the task itself.
    Inline(Place),
}

impl State {
    fn pointer(&mut self) -> *mut c_void {
        match self {
            State::Theirs(owned) => owned.pointer(),
            State::Inline(place) => place.pointer(),
        }
    }
}

/// The future of a task that a poll function drives.
pub(crate) struct PollTask {
    poll: Poller,
    /// Dropped before the state: what was begun may hold pointers into it.
    operations: Operations,
    state: State,
    /// Taken when the task has ended.
    result: Option<Place>,
    /// The functions hold addresses of what is in here.
    _pinned: std::marker::PhantomPinned,
}

impl PollTask {
    pub(crate) fn new(poll: Poller, state: State, result: Place) -> Self {
        let operations = Operations::default();
        Self { poll, operations, state, result: Some(result), _pinned: std::marker::PhantomPinned }
    }
}

impl Future for PollTask {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ending> {
        // SAFETY: nothing is moved out of the task but its result, of which the other side knows no
        // address any more once it has said that it has ended.
        let this = unsafe { self.get_unchecked_mut() };
        let Some(result) = &mut this.result else { return Poll::Ready(Err(Code::ERR_FINISHED)) };
        let (poll, state, room) = (this.poll, this.state.pointer(), result.pointer());
        // SAFETY: the other side gave the function together with the state, for this call; both
        // pointers are valid until it returns.
        let code =
            poll_context::enter(cx, &mut this.operations, |cx| unsafe { poll(state, cx, room) });
        match Code(code) {
            Code::PENDING => Poll::Pending,
            Code::OK => {
                result.was_filled();
                Poll::Ready(this.result.take().ok_or(Code::ERR_FINISHED))
            }
            failed if failed.0 < 0 => {
                this.result = None;
                Poll::Ready(Err(failed))
            }
            _ => {
                this.result = None;
                Poll::Ready(Err(Code::ERR_INVALID))
            }
        }
    }
}
