//! What a spawner holds: the way to wait for a task, to cancel it, and to look at it.

use super::abort::AbortHandle;
use super::header::{Header, TaskPtr};
use super::id::TaskId;
use super::reference::TaskRef;
use super::status::TaskStatus;
use super::transition::{Detach, Outcome};
use crate::coop;
use crate::error::{CancelError, JoinError};
use crate::priority::TaskPriority;
use crate::scheduler::Shared;
use crate::worker::{context, in_place};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Owns the right to a task's result.
///
/// It is a future itself, for `.await`, `select` and sets of tasks; [`join`](Self::join) gives one
/// that may run an un-started child at once on the waiting task's worker. Dropping the handle
/// detaches the task: it goes on, and its result is dropped.
///
/// # Cancel safety
/// Dropping a handle (or its `join`) while it waits loses nothing but the result.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build()?;
/// let task = scheduler.spawn(async { 6 * 7 });
/// assert_eq!(scheduler.block_on(task.join())?, 42);
/// # Ok(()) }
/// ```
pub struct TaskHandle<T> {
    task: TaskPtr,
    id: TaskId,
    /// Whether the result was given out: then nothing but the reference is left to give back.
    taken: bool,
    result: PhantomData<fn() -> T>,
}

// SAFETY: the handle gives access to the task's head, which any thread may look at, and moves a
// `T` to whichever thread polls or drops it.
unsafe impl<T: Send> Send for TaskHandle<T> {}
// SAFETY: through a shared handle nothing of `T` can be reached.
unsafe impl<T> Sync for TaskHandle<T> {}

impl<T> Unpin for TaskHandle<T> {}

impl<T> TaskHandle<T> {
    /// # Safety
    /// The caller gives the handle's reference, and the task's output is `T`.
    #[inline]
    pub(crate) unsafe fn new(task: TaskPtr) -> Self {
        // SAFETY: the reference keeps the block.
        let id = unsafe { task.as_ref() }.id();
        Self { task, id, taken: false, result: PhantomData }
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the handle's reference keeps the block.
        unsafe { self.task.as_ref() }
    }

    fn reference(&self) -> TaskRef {
        self.header().state.add_ref();
        // SAFETY: added just now.
        unsafe { TaskRef::from_raw(self.task) }
    }

    /// Waits for the task's result.
    ///
    /// If the task has not begun and nothing speaks against it, the waiting task runs it at once,
    /// in place, as if it had been part of itself: a tree of tasks then costs neither memory nor
    /// switches. A `join` polled beside siblings (`join!`, `select!`) may therefore run the child
    /// before them; await the handle itself where that is not wanted.
    ///
    /// # Errors
    /// The future resolves to a [`JoinError`] if the task panicked or was cancelled, or if it
    /// waits for this very task.
    pub fn join(self) -> Join<T> {
        Join { handle: ManuallyDrop::new(self), stage: Stage::New }
    }

    /// Asks for the task to be cancelled: at its next suspension point its future is dropped, on a
    /// worker, and then the handle reports [`JoinError::is_cancelled`]. A second request is as
    /// good as the first. A poll that is returning the result meanwhile wins.
    ///
    /// # Errors
    /// [`CancelError::Ended`] if the task has ended, [`CancelError::NotCancellable`] for a
    /// blocking call that has begun.
    pub fn cancel(&self) -> Result<(), CancelError> {
        Shared::cancel(self.header())
    }

    /// What the task is doing now. A final state is final.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        self.header().state.load().into()
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.header().state.load().is_done()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.header().name().map(|name| &**name)
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.header().location()
    }

    /// The task's own priority. Whoever waits for it may lend it a higher one.
    #[must_use]
    pub fn priority(&self) -> TaskPriority {
        self.header().state.load().own_priority()
    }

    /// Changes the task's own priority. A runnable task that becomes more urgent moves up at once,
    /// one that becomes less urgent is moved when it is queued next.
    pub fn set_priority(&self, priority: TaskPriority) {
        self.header().change_priority(priority);
    }

    /// A handle that can cancel the task but not wait for it, and can be cloned.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.reference())
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        if self.taken {
            return Poll::Ready(Err(JoinError::taken(self.id)));
        }
        if !self.header().state.load().is_done() {
            if let Some(error) = context::self_wait(self.header()) {
                return Poll::Ready(Err(error));
            }
            if !self.register(cx) {
                context::escalate(self.header());
                return Poll::Pending;
            }
        }
        // Only a success takes from the budget: who has to wait lets others run anyway.
        let Poll::Ready(progress) = coop::poll_proceed(cx) else { return Poll::Pending };
        progress.made_progress();
        Poll::Ready(self.take())
    }

    /// Leaves the caller's waker in the join slot; `true` if the task has ended instead. (I4)
    fn register(&self, cx: &Context<'_>) -> bool {
        let head = self.header();
        // SAFETY: this is the task's one handle, and slot and state are the same task's.
        unsafe { head.join_slot.register(&head.state, cx.waker()) }
    }

    /// Takes the result. The task has ended, and it was not taken before.
    fn take(&mut self) -> Result<T, JoinError> {
        debug_assert!(!self.taken);
        self.taken = true;
        let outcome = self.header().state.load().outcome().unwrap_or(Outcome::Cancelled);
        let mut result = MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: DONE was seen while HANDLE was set, so the output is the handle's (I5); `taken`
        // says it is still there; its type is `T` by the word given to `new`.
        unsafe { Header::take_output(self.task, outcome, result.as_mut_ptr().cast()) };
        // SAFETY: written by `take_output`.
        unsafe { result.assume_init() }
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_result(cx)
    }
}

impl<T> Drop for TaskHandle<T> {
    fn drop(&mut self) {
        if !self.taken {
            match self.header().state.detach() {
                Detach::Live { drop_waker: true } => {
                    // SAFETY: JOIN_WAKER was cleared before DONE: the slot is full and ours.
                    let waker = unsafe { self.header().join_slot.take() };
                    super::guard("a waker panicked in drop", || drop(waker));
                }
                Detach::Live { drop_waker: false } => {}
                Detach::Done => {
                    // SAFETY: DONE was set while HANDLE was: the output is the handle's, and was
                    // not taken.
                    if let Err(payload) = unsafe { Header::drop_output(self.task) } {
                        super::report("the output of a task panicked in drop", payload);
                    }
                }
            }
        }
        // SAFETY: the handle's reference is given up.
        unsafe { Header::release(self.task, 1) };
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Waits for a task, running it in place where it may. Made by [`TaskHandle::join`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Join<T> {
    /// Without its reference once `stage` says that the result was handed over.
    handle: ManuallyDrop<TaskHandle<T>>,
    stage: Stage,
}

/// How far a join has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    /// The child was not to be run in place, or had to wait when it was.
    Waiting,
    /// The child ran to its end in place: nothing of it is left.
    HandedOver,
}

impl<T> Join<T> {
    /// The handle back.
    ///
    /// # Panics
    /// If the join has given out the result already.
    #[track_caller]
    pub fn into_handle(self) -> TaskHandle<T> {
        assert!(self.stage != Stage::HandedOver, "the join has given out the task's result");
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the handle is there, and `this` is not dropped.
        unsafe { ManuallyDrop::take(&mut this.handle) }
    }
}

impl<T> Drop for Join<T> {
    fn drop(&mut self) {
        if self.stage != Stage::HandedOver {
            // SAFETY: the handle is there, and not looked at again.
            unsafe { ManuallyDrop::drop(&mut self.handle) };
        }
    }
}

impl<T> Future for Join<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.stage {
            Stage::New => {
                self.stage = Stage::Waiting;
                if let Some(ended) = in_place::try_run(self.handle.header(), cx) {
                    self.stage = Stage::HandedOver;
                    // SAFETY: the handle is ours, its waker was never left in the slot (the child
                    // would not have been run), and the stage says that it is not used again.
                    return Poll::Ready(unsafe { ended.hand_over() });
                }
            }
            Stage::Waiting => {}
            Stage::HandedOver => return Poll::Ready(Err(JoinError::taken(self.handle.id))),
        }
        self.handle.poll_result(cx)
    }
}

impl<T> fmt::Debug for Join<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            Stage::HandedOver => f.debug_tuple("Join").field(&self.handle.id).finish(),
            _ => f.debug_tuple("Join").field(&*self.handle).finish(),
        }
    }
}
