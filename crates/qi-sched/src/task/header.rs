//! The head of a task's block: what can be done with a task whose future's type is unknown.

use super::home::Dwelling;
use super::id::TaskId;
use super::join_slot::JoinSlot;
use super::origin::Origin;
use super::state::State;
use super::transition::{Completion, Outcome};
use crate::local::Legacy;
use crate::pool::{Chunk, FreeBlock};
use crate::scheduler::Shared;
use crate::worker::{ThreadSlot, context};
use std::any::Any;
use std::borrow::Cow;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::Context;

/// A pointer to a task's head; whether it counts is said by its holder.
pub(crate) type TaskPtr = NonNull<Header>;

/// What a panic left.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// What every task begins with: 48 bytes.
///
/// Who may touch what: `state` anybody; `vtable`, `id`, `origin`, `born` are constant while the
/// task lives; `polls` is written by the holder of RUNNING; `join_slot` by whom I4
/// says.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) state: State,
    vtable: &'static Vtable,
    id: TaskId,
    origin: Origin,
    /// When the task was spawned, in coarse ticks of the scheduler's clock.
    born: u32,
    polls: AtomicU32,
    pub(super) join_slot: JoinSlot,
}

#[cfg(all(not(loom), not(shuttle), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Header>() == 48, "a million tasks feel every word");

/// What few tasks have.
pub(crate) struct Cold {
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) home: Home,
    /// The task-locals that its spawner left it.
    pub(crate) legacy: Legacy,
}

/// Where a task must run.
#[derive(Default)]
pub(crate) enum Home {
    /// On any worker.
    #[default]
    Anywhere,
    /// On one thread, that of its first poll: its future is not `Send`.
    Thread(Dwelling<ThreadSlot>),
    /// On one seat: stealing is off.
    Seat(usize),
}

/// What depends on the future's type.
pub(crate) struct Vtable {
    /// Polls the future; on the end drops it and stores the output or the panic. The caller holds
    /// RUNNING.
    pub(super) poll: unsafe fn(TaskPtr, &mut Context<'_>) -> Option<Outcome>,
    /// Drops the future, storing the panic if that panics. The caller holds RUNNING.
    pub(super) drop_future: unsafe fn(TaskPtr) -> Outcome,
    /// Drops the output or the panic. The caller has the output by I5.
    pub(super) drop_output: unsafe fn(TaskPtr) -> Result<(), Payload>,
    /// Moves a `Result<T, JoinError>` to the given place. The caller has the output by I5, and says
    /// how the task ended.
    pub(super) take_output: unsafe fn(TaskPtr, Outcome, *mut ()),
    /// Where the home lies in the block of a task that has one behind its stage.
    pub(super) home_at: usize,
}

/// The constant part of a new task.
pub(crate) struct Birth {
    pub(crate) vtable: &'static Vtable,
    pub(crate) id: TaskId,
    pub(crate) origin: Origin,
    pub(crate) born: u32,
}

impl Header {
    /// Writes everything but the state word, which a walker may be reading meanwhile.
    ///
    /// # Safety
    /// The block is free, large enough for a head, and the caller's alone.
    pub(super) unsafe fn init(block: NonNull<FreeBlock>, birth: Birth) -> TaskPtr {
        let task: TaskPtr = block.cast();
        let head = task.as_ptr();
        // SAFETY: the caller's word, here and below; the fields are written through raw pointers
        // because their old content is no valid value.
        unsafe { (&raw mut (*head).vtable).write(birth.vtable) };
        // SAFETY: as above.
        unsafe { (&raw mut (*head).id).write(birth.id) };
        // SAFETY: as above.
        unsafe { (&raw mut (*head).origin).write(birth.origin) };
        // SAFETY: as above.
        unsafe { (&raw mut (*head).born).write(birth.born) };
        // SAFETY: as above.
        unsafe { (&raw mut (*head).polls).write(AtomicU32::new(0)) };
        // SAFETY: as above. (Nothing is written: an empty slot has no content.)
        unsafe { (&raw mut (*head).join_slot).write(JoinSlot::empty()) };
        task
    }

    #[inline]
    pub(crate) fn id(&self) -> TaskId {
        self.id
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.origin.location()
    }

    pub(crate) fn name(&self) -> Option<&Cow<'static, str>> {
        self.cold()?.name.as_ref()
    }

    /// What few tasks have, if this one does.
    #[inline]
    pub(crate) fn cold(&self) -> Option<&Cold> {
        self.origin.cold()
    }

    pub(crate) fn home(&self) -> &Home {
        if self.origin.is_homed() {
            let home = Self::home_behind(NonNull::from(self));
            // SAFETY: written with the stage, and dropped with the block.
            return unsafe { home.as_ref() };
        }
        self.cold().map_or(&Home::Anywhere, |cold| &cold.home)
    }

    /// Whether nothing is known of the task but where it was spawned.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.origin.is_plain()
    }

    /// Where the home of a task lies that has it behind its stage.
    fn home_behind(task: TaskPtr) -> NonNull<Home> {
        // SAFETY: whoever asks refers to the task, or frees it.
        let at = unsafe { task.as_ref() }.vtable.home_at;
        // SAFETY: inside the block, by the layout that the offset was taken from.
        unsafe { task.cast::<u8>().add(at) }.cast()
    }

    /// Whether the thread of `slot` may go on with the task once it has begun. The home of a pinned
    /// task is set before its first poll and never changes.
    #[inline]
    pub(crate) fn may_resume_on(&self, slot: Option<&Arc<ThreadSlot>>) -> bool {
        match self.home() {
            Home::Anywhere | Home::Seat(_) => true,
            Home::Thread(home) => slot.is_some_and(|slot| home.is(slot)),
        }
    }

    pub(crate) fn born(&self) -> u32 {
        self.born
    }

    pub(crate) fn polls(&self) -> u32 {
        // Relaxed: a figure for people.
        self.polls.load(Relaxed)
    }

    /// Counts a poll. The caller holds RUNNING.
    #[inline]
    pub(crate) fn count_poll(&self) {
        // Relaxed, and no read-modify-write: only the holder of RUNNING writes.
        self.polls.store(self.polls.load(Relaxed).saturating_add(1), Relaxed);
    }

    /// The scheduler of this task, which lives as long as the block does.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        let chunk = Chunk::of(NonNull::from(self));
        // SAFETY: the block is in use, so its chunk is live, and so is what the chunk owns.
        unsafe { chunk.as_ref() }.owner()
    }

    /// Polls the future.
    ///
    /// # Safety
    /// The caller holds RUNNING. (I2)
    pub(crate) unsafe fn poll(task: TaskPtr, cx: &mut Context<'_>) -> Option<Outcome> {
        // SAFETY: the task is referred to by its caller; the rest is the caller's word.
        unsafe { (task.as_ref().vtable.poll)(task, cx) }
    }

    /// Drops the future of a cancelled task.
    ///
    /// # Safety
    /// The caller holds RUNNING, and the future is still there. (I2)
    pub(crate) unsafe fn drop_future(task: TaskPtr) -> Outcome {
        // SAFETY: as for `poll`.
        unsafe { (task.as_ref().vtable.drop_future)(task) }
    }

    /// Drops the output.
    ///
    /// # Safety
    /// The output is there and the caller's. (I5)
    pub(crate) unsafe fn drop_output(task: TaskPtr) -> Result<(), Payload> {
        // SAFETY: as for `poll`.
        unsafe { (task.as_ref().vtable.drop_output)(task) }
    }

    /// Moves the output to `to`, which points at a `Result<T, JoinError>` without content.
    ///
    /// # Safety
    /// The task ended so; the output is there, the caller's (I5), and of that type.
    pub(crate) unsafe fn take_output(task: TaskPtr, outcome: Outcome, to: *mut ()) {
        // SAFETY: as for `poll`.
        unsafe { (task.as_ref().vtable.take_output)(task, outcome, to) }
    }

    /// Gives references back, and the block with the last.
    ///
    /// # Safety
    /// The caller holds `count` references and uses none of them again.
    pub(crate) unsafe fn release(task: TaskPtr, count: u64) {
        // SAFETY: the references keep the block alive until here.
        if unsafe { task.as_ref() }.state.release(count) {
            // SAFETY: that was the last reference.
            unsafe { Self::free(task) };
        }
    }

    /// Gives the block back. The future, the output and the join slot are long gone: only memory
    /// is left, and the name.
    ///
    /// # Safety
    /// The caller took the last reference. (I3)
    pub(crate) unsafe fn free(task: TaskPtr) {
        // SAFETY: nobody else has the block.
        if unsafe { task.as_ref() }.origin.is_homed() {
            // SAFETY: as above; the home is not looked at again.
            unsafe { Self::home_behind(task).drop_in_place() };
        }
        // SAFETY: as above; `origin` is not looked at again.
        drop(unsafe { (&raw mut (*task.as_ptr()).origin).read() });
        // SAFETY: the block is still carved, so its chunk is live, and so is what it owns.
        let shared = unsafe { Chunk::of(task).as_ref() }.owner();
        let block = task.cast();
        let taken = context::with(|context| {
            let context = context.filter(|context| Arc::ptr_eq(&context.shared, shared))?;
            // The context keeps the scheduler meanwhile.
            match context.core() {
                // SAFETY: the last reference was the caller's; the block is of this scheduler.
                Some(core) => unsafe { shared.pool.give(block, &core.magazine) },
                // SAFETY: as above.
                None => unsafe { shared.pool.give_foreign(block) },
            }
            Some(())
        });
        if taken.is_none() {
            // The block may be all that keeps the scheduler: see `give_foreign`.
            let shared = shared.clone();
            // SAFETY: as above.
            unsafe { shared.pool.give_foreign(block) };
        }
    }

    /// Does what `complete` left to do.
    ///
    /// # Safety
    /// `completion` is this task's, and the caller's to finish.
    pub(crate) unsafe fn finish(task: TaskPtr, completion: Completion) {
        // SAFETY: the completion holds references, or the caller's handle does.
        let head = unsafe { task.as_ref() };
        if completion.wake_joiner {
            // SAFETY: DONE was set over a set JOIN_WAKER: the slot is full and the completer's.
            let waker = unsafe { head.join_slot.take() };
            super::guard("a waker panicked", || waker.wake());
        }
        if completion.drop_output {
            // SAFETY: DONE was set without HANDLE: the output is the completer's.
            if let Err(payload) = unsafe { Self::drop_output(task) } {
                super::report("the output of a detached task panicked in drop", payload);
            }
        }
        if completion.refs > 0 {
            // SAFETY: the completion says that these are held.
            unsafe { Self::release(task, completion.refs) };
        }
    }
}
