//! A poll function of the other side as a future.

use std::ffi::c_void;
use std::future::Future;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Ending;
use crate::code::Code;
use crate::memory::{Owned, Place, Shape, copy_value};
use crate::own::Own;
use crate::poll_context::{self, Operations, PollContext};
use crate::scope::Child;

/// Polls the state of a task. Answers `QI_OK` when it has ended and its result lies at `result`,
/// `QI_PENDING` when it waits, a negative code when it has failed. It must not unwind.
pub type PollFn = Option<
    unsafe extern "C" fn(state: *mut c_void, cx: *mut PollContext, result: *mut c_void) -> i32,
>;

/// A poll function that is there.
pub(crate) type Poller =
    unsafe extern "C" fn(state: *mut c_void, cx: *mut PollContext, result: *mut c_void) -> i32;

/// Where the state of a poll function is.
pub(crate) trait State: Send {
    /// Its address, valid until this is moved.
    fn pointer(&mut self) -> *mut c_void;
}

/// In memory of the other side.
impl State for Owned {
    fn pointer(&mut self) -> *mut c_void {
        Owned::pointer(self)
    }
}

/// In memory of its own.
impl State for Place {
    fn pointer(&mut self) -> *mut c_void {
        Place::pointer(self)
    }
}

/// In the task's own block.
pub(crate) struct Within<const BYTES: usize> {
    shape: Shape,
    room: Room<BYTES>,
}

#[repr(C, align(16))]
struct Room<const BYTES: usize>([MaybeUninit<u8>; BYTES]);

/// The largest state that lies in the task's own block.
pub(crate) const LARGEST_WITHIN: usize = 1024;

impl<const BYTES: usize> Within<BYTES> {
    /// Whether values of this shape fit.
    pub(crate) fn fits(shape: &Shape) -> bool {
        shape.size() <= BYTES && shape.alignment() <= align_of::<Room<BYTES>>()
    }

    /// Copies a value in, which belongs to this from now on.
    ///
    /// # Safety
    /// `source` is valid for reading as many bytes as the shape has, which [`fits`](Self::fits).
    pub(crate) unsafe fn new(shape: Shape, source: *const c_void) -> Self {
        let mut room = Room([MaybeUninit::uninit(); BYTES]);
        // SAFETY: the caller vouches for the source; the room is as large and its own.
        unsafe { copy_value(source, room.0.as_mut_ptr().cast(), shape.size()) };
        Self { shape, room }
    }
}

impl<const BYTES: usize> State for Within<BYTES> {
    fn pointer(&mut self) -> *mut c_void {
        self.room.0.as_mut_ptr().cast()
    }
}

impl<const BYTES: usize> Drop for Within<BYTES> {
    fn drop(&mut self) {
        let value = self.pointer();
        // SAFETY: the value is there, and is dropped nowhere else.
        unsafe { self.shape.drop_value(value) };
    }
}

/// The future of a task that a poll function drives.
pub(crate) struct PollTask<S> {
    poll: Poller,
    /// Dropped before the state: what was begun may hold pointers into it, and so may task-locals.
    operations: Operations,
    own: Own,
    state: S,
    /// Taken when the task has ended.
    result: Option<Place>,
    /// Dropped last: whoever waits for the scope finds all else gone.
    child: Option<Child>,
    /// The functions hold addresses of what is in here.
    _pinned: std::marker::PhantomPinned,
}

impl<S: State> PollTask<S> {
    pub(crate) fn new(
        poll: Poller,
        state: S,
        result: Place,
        own: Own,
        child: Option<Child>,
    ) -> Self {
        let (operations, result) = (Operations::default(), Some(result));
        Self { poll, operations, own, state, result, child, _pinned: std::marker::PhantomPinned }
    }
}

impl<S: State> Future for PollTask<S> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ending> {
        // SAFETY: nothing is moved out of the task but its result, of which the other side knows no
        // address any more once it has said that it has ended.
        let this = unsafe { self.get_unchecked_mut() };
        this.own.begin();
        let Some(result) = &mut this.result else { return Poll::Ready(Err(Code::ERR_FINISHED)) };
        let (poll, state, room) = (this.poll, this.state.pointer(), result.pointer());
        let call = |cx| {
            // SAFETY: the other side gave the function together with the state, for this call; all
            // pointers are valid until it returns.
            unsafe { poll(state, cx, room) }
        };
        let code = Code(poll_context::enter(cx, &mut this.operations, call));
        if code == Code::PENDING {
            return Poll::Pending;
        }
        let ending = super::ending_of(code, this.result.take());
        if let (Some(child), Err(failure)) = (&this.child, &ending) {
            child.note(*failure);
        }
        Poll::Ready(ending)
    }
}
