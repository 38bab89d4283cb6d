//! Spawning: from a future to a queued task.

use super::call::MakeThenRun;
use super::shared::Shared;
use crate::local::{Heritage, Legacy};
use crate::pool::class_of;
use crate::priority::TaskPriority;
use crate::queue::Arrival;
use crate::shutdown::Phase;
use crate::task::{
    self, Birth, Claimed, Cold, Dwelling, Home, Origin, Placement, TaskHandle, TaskId, TaskRef,
};
use crate::worker::{Context, Core, cancel_task, context};
use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// How a task is to be spawned.
pub(crate) struct Spec {
    pub(crate) priority: TaskPriority,
    pub(crate) placement: Placement,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) home: Home,
    /// The seat whose queue the task is put into first, if it has no home.
    pub(crate) first_seat: Option<usize>,
    /// Whether it finds the task-locals that its spawner lets children inherit.
    pub(crate) inherits: bool,
    pub(crate) location: &'static Location<'static>,
}

impl Spec {
    pub(crate) fn new(location: &'static Location<'static>) -> Self {
        Self {
            priority: TaskPriority::Normal,
            placement: Placement::Anywhere,
            name: None,
            home: Home::Anywhere,
            first_seat: None,
            inherits: true,
            location,
        }
    }

    /// Whether any worker may run the task, and be the first to.
    #[inline]
    fn has_no_place(&self) -> bool {
        self.first_seat.is_none()
            && matches!((&self.home, self.placement), (Home::Anywhere, Placement::Anywhere))
    }

    /// What the task inherits from the code that spawns it.
    pub(super) fn heritage(&self) -> Option<Heritage> {
        if self.inherits { Heritage::current() } else { None }
    }
}

impl Shared {
    /// Spawns a future that any worker may run.
    #[inline]
    pub(crate) fn spawn<F>(self: &Arc<Self>, spec: Spec, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        context::with(|context| match context {
            Some(context) if Arc::ptr_eq(&context.shared, self) => {
                spawn_from(context, spec, future)
            }
            _ => self.spawn_from_outside(spec, future),
        })
    }

    /// Spawns a task of which nothing special is known.
    #[inline]
    pub(crate) fn spawn_plain<F>(
        self: &Arc<Self>,
        location: &'static Location<'static>,
        priority: TaskPriority,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        context::with(|context| match context {
            Some(context) if Arc::ptr_eq(&context.shared, self) => {
                spawn_plain(context, location, priority, future)
            }
            _ => self.spawn_from_outside(Spec { priority, ..Spec::new(location) }, future),
        })
    }

    /// Spawns a future that any worker may run, on a thread that sits on no seat.
    fn spawn_from_outside<F>(self: &Arc<Self>, spec: Spec, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Before the lock: in a forked child a thread that is not there may hold it for ever.
        self.process.check();
        let plain = spec.has_no_place() && self.config.work_stealing;
        let heritage = spec.heritage();
        let desk = self.pool.desks.mine();
        let seated = if plain { desk.sit_down(&self.gate, self.is_own_thread()) } else { None };
        let Some(mut stock) = seated else {
            // SAFETY: future and output are `Send`.
            return unsafe { self.spawn_unchecked(spec, future) };
        };
        let block = self.pool.take_from_desk(task::layout::<F>(), &stock, self);
        let birth = Birth {
            vtable: task::vtable::<F>(),
            id: TaskId::new(self.next_id(&mut stock.ids)),
            origin: origin(spec.location, spec.name, spec.home, heritage),
            born: self.ticks_about_now(),
        };
        // SAFETY: the block is fresh, of this layout, and ours; the vtable is `F`'s.
        let task = unsafe { task::init(block, birth, future) };
        // Before others can see it, run it, and count its end.
        desk.spawned.add(1);
        // SAFETY: initialised just now, and nobody else knows it yet.
        unsafe { task.as_ref() }.state.publish(spec.priority, Placement::Anywhere);
        // SAFETY: `publish` counted the handle's reference; future and output are `Send`, so any
        // worker may run it.
        let handle = unsafe { TaskHandle::new(task) };
        // SAFETY: `publish` counted the hint's reference.
        let hint = unsafe { TaskRef::from_raw(task) };
        if spec.priority == TaskPriority::Normal {
            self.backlogs.put(desk.number(), &mut stock.tail, hint);
            drop(stock);
            self.notify();
        } else {
            drop(stock);
            self.inject(hint, spec.priority);
        }
        handle
    }

    /// Spawns what makes a future, to be called and kept on the thread that polls it first.
    pub(crate) fn spawn_made<C, F>(
        self: &Arc<Self>,
        mut spec: Spec,
        make: C,
    ) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        spec.placement = Placement::Pinned;
        spec.home = Home::Thread(Dwelling::default());
        // SAFETY: the closure is `Send`; the future that it makes stays on the thread that polls
        // it first, which becomes the task's home; the output is `Send`.
        unsafe { self.spawn_unchecked(spec, MakeThenRun::new(make)) }
    }

    /// Spawns a future on the calling thread, which stays its home. `None`, with the future
    /// dropped, if that is no worker of this scheduler.
    pub(crate) fn spawn_here_for_good<F>(
        self: &Arc<Self>,
        mut spec: Spec,
        future: F,
    ) -> Option<TaskHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let slot = context::with(|context| {
            let context = context?;
            Arc::ptr_eq(&context.shared, self).then(|| context.slot.clone()).flatten()
        })?;
        spec.placement = Placement::Pinned;
        spec.home = Home::Thread(Dwelling::from(slot));
        // SAFETY: the home is the calling thread, so the future is polled and dropped here; the
        // handle is `Send` only if the output is.
        Some(unsafe { self.spawn_unchecked(spec, future) })
    }

    /// Spawns a task with a special place, or from elsewhere than a worker.
    ///
    /// # Safety
    /// The future and its output may be sent to whichever thread `spec` lets run the task, and
    /// the output to wherever the handle goes.
    #[inline]
    unsafe fn spawn_unchecked<F>(
        self: &Arc<Self>,
        mut spec: Spec,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + 'static,
    {
        if !self.config.work_stealing && matches!(spec.placement, Placement::Anywhere) {
            // Round-robin over the base seats; Relaxed: any order will do.
            let next = self.placed.fetch_add(1, Relaxed);
            let seat = spec.first_seat.unwrap_or(next % self.config.worker_threads);
            spec.home = Home::Seat(seat);
            spec.placement = Placement::Pinned;
        }
        // SAFETY: the caller's word.
        unsafe { self.spawn_from_afar(spec, future) }
    }

    /// Spawns from a thread that is no worker of this scheduler, or with a special place.
    ///
    /// # Safety
    /// As for [`Self::spawn_unchecked`].
    pub(super) unsafe fn spawn_from_afar<F>(
        self: &Arc<Self>,
        spec: Spec,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.process.check();
        // The last sweep sees what our own threads spawned; others must announce themselves.
        let from_inside = context::with_core_of(self, |_| ()).is_some() || self.is_own_thread();
        let entry = self.gate.enter();
        let accepted = match self.gate.phase() {
            Phase::Running => true,
            Phase::Draining => from_inside,
            Phase::Closing | Phase::Stopped => false,
        };
        let block = self.pool.take(task::layout::<F>(), None, self);
        let heritage = spec.heritage();
        let Spec { priority, placement, first_seat, location, .. } = spec;
        let birth = Birth {
            vtable: task::vtable::<F>(),
            id: TaskId::new(self.id_block(1).0),
            origin: origin(location, spec.name, spec.home, heritage),
            born: self.ticks_about_now(),
        };
        // SAFETY: the block is fresh, of this layout, and ours; the vtable is `F`'s.
        let task = unsafe { task::init(block, birth, future) };
        self.foreign.spawned.add_shared(1);
        // SAFETY: initialised just now, and nobody else knows it yet.
        unsafe { task.as_ref() }.state.publish(priority, placement);
        // SAFETY: `publish` counted the handle's reference; the output is the future's.
        let handle = unsafe { TaskHandle::new(task) };
        // SAFETY: `publish` counted the hint's reference.
        let hint = unsafe { TaskRef::from_raw(task) };
        if accepted && self.gate.has_closed() {
            // The walk may have passed this block already, and a pinned task keeps its thread.
            let _ = Self::cancel(&hint);
        }
        if !accepted {
            self.discard(hint);
        } else if let Some(seat) = first_seat.filter(|_| placement.may_begin_at_a_seat()) {
            self.send_to_seat(seat, hint);
        } else {
            Self::enqueue(hint, priority);
        }
        drop(entry);
        handle
    }

    /// Ends a task that will never be run: drops its future here.
    pub(crate) fn discard(self: &Arc<Self>, task: TaskRef) {
        let turn = task.state.load().turn();
        let hint = task.for_turn(turn);
        if let Claimed::Run { running, .. } = hint.claim(None) {
            self.foreign.claimed.add_shared(1);
            let context = Context::new(self.clone(), None);
            let ended = context.enter(|| cancel_task(&context, running));
            ended.give_up_legacy();
            self.count_end(None, ended.outcome());
            ended.finish();
        }
    }
}

/// Spawns a task of which nothing special is known on the thread of `context`, for its scheduler:
/// the common case, which is spared the handling of a [`Spec`].
#[inline]
pub(crate) fn spawn_plain<F>(
    context: &Context,
    location: &'static Location<'static>,
    priority: TaskPriority,
    future: F,
) -> TaskHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match context.core() {
        Some(core) if !context.bequeathing.get() && context.shared.accepts_children() => {
            spawn_child(&context.shared, core, priority, location.into(), future)
        }
        _ => spawn_from(context, Spec { priority, ..Spec::new(location) }, future),
    }
}

/// Spawns on the thread of `context`, for its scheduler. What any worker may run needs nobody else's
/// leave there.
fn spawn_from<F>(context: &Context, spec: Spec, future: F) -> TaskHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let shared = &context.shared;
    match context.core() {
        Some(core) if spec.has_no_place() && shared.accepts_children() => {
            let inherits = context.bequeathing.get();
            let heritage = if inherits { spec.heritage() } else { None };
            let origin = origin(spec.location, spec.name, spec.home, heritage);
            spawn_child(shared, core, spec.priority, origin, future)
        }
        None => shared.spawn_from_outside(spec, future),
        // SAFETY: future and output are `Send`.
        _ => unsafe { shared.spawn_unchecked(spec, future) },
    }
}

#[inline]
fn spawn_child<F>(
    shared: &Arc<Shared>,
    core: &Core,
    priority: TaskPriority,
    origin: Origin,
    future: F,
) -> TaskHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (layout, class) = const { (task::layout::<F>(), class_of(task::layout::<F>())) };
    let block = shared.pool.take_of(layout, class, Some(&core.magazine), shared);
    let birth = Birth {
        vtable: task::vtable::<F>(),
        id: TaskId::new(core.next_id(shared)),
        origin,
        born: core.duty.ticks.get(),
    };
    // SAFETY: the block is fresh, of this layout, and ours; the vtable is `F`'s.
    let task = unsafe { task::init(block, birth, future) };
    // Before others can see it, run it, and count its end.
    core.counters.tasks.spawned.add(1);
    // SAFETY: initialised just now, and nobody else knows it yet.
    unsafe { task.as_ref() }.state.publish(priority, Placement::Anywhere);
    // SAFETY: `publish` counted the hint's reference.
    let hint = unsafe { TaskRef::from_raw(task) };
    if priority == TaskPriority::Normal {
        core.push_child(shared, hint);
    } else {
        core.push(shared, hint, priority, Arrival::Child);
    }
    // SAFETY: `publish` counted the handle's reference; future and output are `Send`, so any worker
    // may run it.
    unsafe { TaskHandle::new(task) }
}

#[inline]
pub(super) fn origin(
    location: &'static Location<'static>,
    name: Option<Cow<'static, str>>,
    home: Home,
    heritage: Option<Heritage>,
) -> Origin {
    if name.is_none() && matches!(home, Home::Anywhere) && heritage.is_none() {
        return location.into();
    }
    Box::new(Cold { location, name, home, legacy: Legacy::new(heritage) }).into()
}
