//! The thread's context: which scheduler it works for, which seat it sits on, what it runs.
//!
//! A thread has a stack of contexts (a `block_on` of another scheduler puts one on top); the
//! innermost is the current one. Each lives on the stack of the function that entered it.

use super::core::Core;
use super::slot::ThreadSlot;
use crate::driver::Driver;
use crate::error::JoinError;
use crate::priority::TaskPriority;
use crate::queue::{Arrival, HomeQueues};
use crate::scheduler::{Blocks, Shared};
use crate::task::{Header, Home, TaskPtr};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

thread_local! {
    static CURRENT: Cell<*const Context> = const { Cell::new(ptr::null()) };
}

/// What a thread knows while it works for a scheduler.
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    /// For worker threads only.
    pub(crate) slot: Option<Arc<ThreadSlot>>,
    /// Runnable tasks pinned to this thread.
    pub(crate) pinned: HomeQueues,
    /// Tasks pinned to this thread that have begun and not ended.
    pub(crate) pinned_live: Cell<usize>,
    /// The context around this one, if this is none of a worker thread: those lie at the bottom.
    outer: Cell<*const Context>,
    core: Cell<Option<NonNull<Core>>>,
    frame: Cell<*const Frame>,
    pub(crate) budget: Cell<u32>,
    /// Set by a yield: the poll that is returning asks to be run again at once.
    pub(crate) yielding: Cell<bool>,
    /// Why tasks are woken on this thread now.
    arrival: Cell<Arrival>,
    /// Children being run in place, one inside the other.
    pub(crate) nesting: Cell<u32>,
    /// No in-place run below this address.
    pub(crate) stack_floor: Cell<usize>,
    /// Whether the code that runs now may have something that its children inherit. Set too often
    /// does no harm: whoever spawns then looks.
    pub(crate) bequeathing: Cell<bool>,
    /// The blocks of this thread that wait.
    pub(crate) blocks: Blocks,
    /// Whether the worker is stepped by hand, without a thread of its own.
    stepped: bool,
}

/// One thing being polled on this thread: a task, or the root future of a `block_on`.
pub(crate) struct Frame {
    task: Option<TaskPtr>,
    below: *const Frame,
}

impl Context {
    pub(crate) fn new(shared: Arc<Shared>, slot: Option<Arc<ThreadSlot>>) -> Self {
        Self {
            shared,
            slot,
            pinned: HomeQueues::default(),
            pinned_live: Cell::new(0),
            outer: Cell::new(ptr::null()),
            core: Cell::new(None),
            frame: Cell::new(ptr::null()),
            budget: Cell::new(crate::coop::UNLIMITED),
            yielding: Cell::new(false),
            arrival: Cell::new(Arrival::Woken),
            nesting: Cell::new(0),
            stack_floor: Cell::new(usize::MAX),
            bequeathing: Cell::new(false),
            blocks: Blocks::default(),
            stepped: false,
        }
    }

    /// The context of a worker without a thread of its own.
    pub(crate) fn stepped(shared: Arc<Shared>, slot: Arc<ThreadSlot>) -> Self {
        Self { stepped: true, ..Self::new(shared, Some(slot)) }
    }

    /// Whether this is the thread's current context.
    #[inline]
    pub(crate) fn is_current(&self) -> bool {
        with(|current| current.is_some_and(|current| ptr::eq(current, self)))
    }

    pub(crate) fn is_stepped(&self) -> bool {
        self.stepped
    }

    /// Lets children run in place on the next so many bytes of this thread's stack.
    pub(crate) fn allow_stack_below_here(&self, bytes: usize) {
        let here = 0_u8;
        self.stack_floor.set((&raw const here).addr().saturating_sub(bytes));
    }

    /// The lowest address to which children run in place may fill this thread's stack.
    pub(crate) fn set_stack_floor(&self, floor: usize) {
        self.stack_floor.set(floor);
    }

    /// As [`enter`](Self::enter), on a thread that is taken to be another one: what was entered before has
    /// nothing to do with `code`.
    pub(crate) fn enter_apart<R>(&self, code: impl FnOnce() -> R) -> R {
        let _restore = Restore(CURRENT.replace(self));
        code()
    }

    /// Makes this the thread's current context while `code` runs.
    pub(crate) fn enter<R>(&self, code: impl FnOnce() -> R) -> R {
        let before = CURRENT.replace(self);
        if self.slot.is_none() {
            self.outer.set(before);
        }
        let _restore = Restore(before);
        code()
    }

    /// Sits down on a seat.
    pub(crate) fn sit(&self, core: Box<Core>) {
        let seat = core.seat;
        debug_assert!(self.core.get().is_none());
        self.core.set(Some(NonNull::from(Box::leak(core))));
        if let Some(slot) = &self.slot {
            slot.set_seat(Some(seat));
            self.shared.seats[seat].set_occupant(Some(slot.clone()));
        }
    }

    /// Leaves the seat, and gives it to the caller.
    pub(crate) fn stand_up(&self) -> Option<Box<Core>> {
        // Children of the poll that stands up are for whoever sits down, or steals.
        if let Some(core) = self.core() {
            core.spill(&self.shared);
        }
        let core = self.core.take()?;
        // SAFETY: leaked in `sit`, and taken out of the only place that held it.
        let core = unsafe { Box::from_raw(core.as_ptr()) };
        if let Some(slot) = &self.slot {
            core.shown.set_occupant(None);
            slot.set_seat(None);
        }
        Some(core)
    }

    /// Calls the driver. Wakers run inside, so afterwards the seat may be another one.
    pub(crate) fn turn<R>(&self, driver: impl FnOnce(&dyn Driver) -> R) -> R {
        self.with_arrival(Arrival::Event, || driver(&*self.shared.driver))
    }

    /// Runs `code`, during which tasks are woken for a reason of their own.
    pub(crate) fn with_arrival<R>(&self, arrival: Arrival, code: impl FnOnce() -> R) -> R {
        let outer = self.arrival.replace(arrival);
        let result = code();
        self.arrival.set(outer);
        result
    }

    /// How a task that is woken now arrives in a queue of this worker.
    #[inline]
    pub(crate) fn arrival(&self) -> Arrival {
        self.arrival.get()
    }

    /// The seat's part, for as long as no code of the user's runs: that might hand the seat over.
    #[inline]
    pub(crate) fn core(&self) -> Option<&Core> {
        // SAFETY: what `sit` leaked lives until `stand_up` takes it; callers do not keep the
        // reference across the user's code, which is all that could call `stand_up` meanwhile.
        self.core.get().map(|core| unsafe { &*core.as_ptr() })
    }

    /// Whether a task that has begun runs on this thread and on no other.
    #[inline]
    pub(crate) fn is_home_of(&self, task: &Header) -> bool {
        match (task.home(), &self.slot) {
            (Home::Thread(home), Some(slot)) => home.is(slot),
            _ => false,
        }
    }

    /// Changes what the monitor takes for the task that the seat runs, 0 for none; returns what it
    /// was. Without a seat there is nothing to change.
    pub(crate) fn replace_current(&self, task: usize) -> usize {
        let Some(core) = self.core() else { return 0 };
        let current = &core.shown.current;
        // Relaxed: written by the thread on the seat only; the monitor copes with any value.
        let before = current.load(Relaxed);
        current.store(task, Relaxed);
        before
    }

    /// Enters a frame while `code` runs.
    #[inline]
    pub(crate) fn with_frame<R>(&self, task: Option<TaskPtr>, code: impl FnOnce() -> R) -> R {
        let frame = self.frame_of(task);
        let _restore = self.enter_frame(&frame);
        code()
    }

    /// A frame on top of the present one.
    #[inline(always)]
    pub(crate) fn frame_of(&self, task: Option<TaskPtr>) -> Frame {
        Frame { task, below: self.frame.get() }
    }

    /// Enters a frame until what is returned is dropped, which the caller sees to: as in
    /// [`Self::with_frame`], of which this is the part that the compiler is to put in place.
    #[inline(always)]
    pub(crate) fn enter_frame<'a>(&'a self, frame: &'a Frame) -> RestoreFrame<'a> {
        self.frame.set(frame);
        RestoreFrame(&self.frame, frame.below)
    }

    /// The task being polled innermost; `None` in a root future or outside of any.
    #[inline]
    pub(crate) fn current_task(&self) -> Option<&Header> {
        // SAFETY: frames live on this thread's stack for as long as they are in the list.
        let task = unsafe { self.frame.get().as_ref() }?.task?;
        // SAFETY: a task in a frame is being polled, and referred to by whoever polls it.
        Some(unsafe { task.as_ref() })
    }

    /// The task being polled innermost, looking through root futures: those are polled by it.
    #[inline]
    fn innermost_task(&self) -> Option<TaskPtr> {
        self.and_outer().find_map(|context| {
            let mut frame = context.frame.get();
            // SAFETY: as in `current_task`.
            while let Some(entry) = unsafe { frame.as_ref() } {
                if entry.task.is_some() {
                    return entry.task;
                }
                frame = entry.below;
            }
            None
        })
    }

    /// Whether waiting for `target` could never end: it is the very task that waits, or it lies
    /// under a `block_on` on this thread's stack and cannot go on before that returns.
    fn lies_below(&self, target: TaskPtr) -> bool {
        let mut stopped = true;
        let mut blocked = false;
        self.and_outer().any(|context| {
            let mut frame = context.frame.get();
            // SAFETY: as in `current_task`.
            while let Some(entry) = unsafe { frame.as_ref() } {
                if entry.task == Some(target) && (stopped || blocked) {
                    return true;
                }
                blocked |= entry.task.is_none();
                stopped = false;
                frame = entry.below;
            }
            false
        })
    }

    /// This context and those around it, the innermost first.
    #[inline]
    fn and_outer(&self) -> impl Iterator<Item = &Context> {
        // SAFETY: `outer` is read while this context is entered, and so are those around it.
        std::iter::successors(Some(self), |context| unsafe { context.outer.get().as_ref() })
    }
}

struct Restore(*const Context);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

pub(crate) struct RestoreFrame<'a>(&'a Cell<*const Frame>, *const Frame);

impl Drop for RestoreFrame<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

struct RestoreFlag<'a>(&'a Cell<bool>, bool);

impl Drop for RestoreFlag<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Calls `code` with the thread's current context, if it has one.
#[inline]
pub(crate) fn with<R>(code: impl FnOnce(Option<&Context>) -> R) -> R {
    // During the destruction of thread-locals there is no context any more.
    let current = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: a context is current only inside `enter`, which borrows it; `code` cannot keep it.
    code(unsafe { current.as_ref() })
}

/// Calls `code` with the context of the worker that the thread belongs to, whatever was entered on
/// top of it: if the thread blocks, it is that worker that blocks.
pub(crate) fn with_worker<R>(code: impl FnOnce(Option<&Context>) -> R) -> R {
    with(|context| {
        code(context.and_then(|context| context.and_outer().find(|context| context.slot.is_some())))
    })
}

/// Calls `code` with the calling thread's seat, if it sits on one of this scheduler's.
#[inline]
pub(crate) fn with_core_of<R>(shared: &Arc<Shared>, code: impl FnOnce(&Core) -> R) -> Option<R> {
    with_seat_of(shared, |_, core| code(core))
}

/// As [`with_core_of`], with the context as well.
#[inline]
pub(crate) fn with_seat_of<R>(
    shared: &Arc<Shared>,
    code: impl FnOnce(&Context, &Core) -> R,
) -> Option<R> {
    with(|context| {
        let context = context?;
        if !Arc::ptr_eq(&context.shared, shared) {
            return None;
        }
        context.core().map(|core| code(context, core))
    })
}

/// Whose code the thread runs: the address of the innermost task, 0 outside of tasks. (I40)
pub(crate) fn owner() -> usize {
    with(|context| context?.innermost_task()).map_or(0, |task| task.as_ptr().addr())
}

/// The innermost context, as code on a stack of its own takes it along when it suspends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entered(*const Context);

impl Entered {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(CURRENT.try_with(Cell::get).unwrap_or(ptr::null()))
    }

    /// Takes it off the calling thread.
    pub(crate) fn take() -> Self {
        Self(CURRENT.replace(ptr::null()))
    }

    /// Makes it the current one again.
    ///
    /// # Safety
    /// The context exists for as long as it is current.
    pub(crate) unsafe fn put_back(self) {
        CURRENT.set(self.0);
    }
}

/// Whether children of the code that runs now may have something to inherit.
#[inline]
pub(crate) fn is_bequeathing() -> bool {
    with(|context| context.is_some_and(|context| context.bequeathing.get()))
}

/// Changes that, for code that begins or ceases to run on this thread in the middle of a scope.
pub(crate) fn bequeathing_from_now(on: bool) {
    with(|context| {
        if let Some(context) = context {
            context.bequeathing.set(on);
        }
    });
}

/// Runs `code`, whose children may have something to inherit.
pub(crate) fn bequeathing<R>(code: impl FnOnce() -> R) -> R {
    with(|context| {
        let Some(context) = context else { return code() };
        let _restore = RestoreFlag(&context.bequeathing, context.bequeathing.replace(true));
        code()
    })
}

/// The seat that the calling thread sits on: what a driver uses to keep things near their worker.
/// `None` on a thread that is no worker, or blocks.
#[must_use]
pub fn seat() -> Option<usize> {
    with(|context| context?.core().map(|core| core.seat))
}

/// Calls `code` with the driver of the scheduler that the calling thread works for, if it works
/// for one: how timers and sockets find their way without naming a runtime.
pub fn with_driver<R>(code: impl FnOnce(&dyn Driver) -> R) -> Option<R> {
    with(|context| context.map(|context| code(&*context.shared.driver)))
}

/// The scheduler that the calling thread works for.
pub(crate) fn shared() -> Option<Arc<Shared>> {
    with(|context| context.map(|context| context.shared.clone()))
}

/// The id of the task that the calling thread runs, `None` outside of tasks.
#[must_use]
pub fn task_id() -> Option<crate::TaskId> {
    with(|context| context?.current_task().map(Header::id))
}

/// How urgent the calling code is: the effective lane of the task that the thread runs, with what
/// others lend it, also inside a `block_on` of that task; `Normal` outside of tasks.
#[inline]
#[must_use]
pub fn lane() -> TaskPriority {
    let lane = |context: &Context| {
        let task = context.innermost_task()?;
        // SAFETY: as in `current_task`.
        Some(unsafe { task.as_ref() }.state.load().lane())
    };
    with(|context| lane(context?)).unwrap_or_default()
}

/// Whether the calling code may block its thread: it is not in the midst of a future's poll, or that is
/// a blocking call, or the root future of a `block_on`.
#[must_use]
pub fn may_block() -> bool {
    let is_poll = |context: &Context| {
        context.current_task().is_some_and(|task| !task.state.load().is_blocking())
    };
    with(|context| !context.is_some_and(is_poll))
}

/// Whether the task that the calling thread runs was told that it is cancelled.
#[inline]
pub(crate) fn was_told() -> bool {
    // SAFETY: as in `current_task`.
    let was_told = |task: TaskPtr| unsafe { task.as_ref() }.state.load().was_told();
    with(|context| match context?.current_task() {
        Some(task) => Some(TaskPtr::from(task)),
        None => context?.innermost_task(),
    })
    .is_some_and(was_told)
}

/// Whether others may run at the same time as the calling thread, as far as its scheduler goes.
pub(crate) fn has_company() -> bool {
    with(|context| context.is_none_or(|context| context.shared.config.worker_threads > 1))
}

/// The error to give if waiting for `target` here could never end.
pub(crate) fn self_wait(target: &Header) -> Option<JoinError> {
    with(|context| {
        let context = context?;
        if !context.lies_below(target.into()) {
            return None;
        }
        let waiter = context.current_task().map_or("a block_on".to_owned(), Shared::describe);
        Some(JoinError::own_ancestor(target.id(), waiter, Shared::describe(target)))
    })
}

/// Lends the current task's urgency to a task that it waits for.
#[inline]
pub(crate) fn escalate(target: &Header) {
    let waiter = with(|context| {
        let context = context?;
        if !context.shared.config.escalation {
            return None;
        }
        Some(context.current_task()?.state.load().lane())
    });
    if let Some(waiter) = waiter.filter(|waiter| target.state.load().lane() < *waiter) {
        target.lend(waiter);
    }
}
