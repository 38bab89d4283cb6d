//! Spawning tasks whose code has a stack of its own: from a closure to a queued task.
//!
//! They are spawned as often as others, so from a worker they take the short way: a block of its
//! magazine, no box for the home, and the children's queue, from where they may be stolen until they
//! have begun.

use super::call::MakeThenRun;
use super::shared::Shared;
use super::spawn::{Spec, origin};
use crate::pool::class_of;
use crate::priority::TaskPriority;
use crate::queue::Arrival;
use crate::task::{self, Birth, Dwelling, Home, Origin, Placement, TaskHandle, TaskId, TaskRef};
use crate::worker::{Core, context};
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

impl Shared {
    /// Spawns what makes a future, to be called and kept on the thread that polls it first.
    pub(crate) fn spawn_stackful<C, F>(
        self: &Arc<Self>,
        mut spec: Spec,
        make: C,
    ) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        spec.placement = Placement::Stackful;
        // SAFETY: the closure is `Send`; the future that it makes stays on the thread that polls it
        // first, which becomes the task's home; the output is `Send`.
        unsafe { self.spawn_with_stack(spec, MakeThenRun::new(make)) }
    }

    /// Spawns a future that any worker polls.
    ///
    /// # Safety
    /// The future may be sent to another thread whenever it is not being polled.
    pub(crate) unsafe fn spawn_migratable<F>(
        self: &Arc<Self>,
        mut spec: Spec,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // With stealing off a task stays where it was begun.
        let stays = !self.config.work_stealing;
        spec.placement = if stays { Placement::Stackful } else { Placement::Migratable };
        // SAFETY: the caller's word; the output is `Send`.
        unsafe { self.spawn_with_stack(spec, future) }
    }

    /// # Safety
    /// The future may be sent to wherever the spec lets it run; the output is `Send`.
    unsafe fn spawn_with_stack<F>(
        self: &Arc<Self>,
        mut spec: Spec,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + 'static,
    {
        let mut parcel = Some((spec, future));
        let spawned = context::with_core_of(self, |core| {
            let fits = |(spec, _): &mut (Spec, F)| spec.first_seat.is_none();
            let short = self.accepts_children();
            let (spec, future) = parcel.take_if(|parcel| short && fits(parcel))?;
            // SAFETY: the caller's word.
            Some(unsafe { spawn_child(self, core, spec, future) })
        });
        if let Some(handle) = spawned.flatten() {
            return handle;
        }
        let future;
        (spec, future) = parcel.expect("not taken by the closure above");
        if spec.placement == Placement::Stackful {
            spec.home = Home::Thread(Dwelling::default());
        }
        // SAFETY: the caller's word.
        unsafe { self.spawn_from_afar(spec, future) }
    }
}

/// Spawns what makes a future on the seat of the calling thread, with nothing else said and nothing to
/// inherit; gives it back if there is no seat, or the scheduler takes no children.
#[inline]
pub(crate) fn spawn_stackful_here<C, F>(
    location: &'static Location<'static>,
    make: C,
) -> Result<TaskHandle<F::Output>, C>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    context::with(|context| {
        let Some(context) = context else { return Err(make) };
        let shared = &context.shared;
        let Some(core) = context.core() else { return Err(make) };
        if context.bequeathing.get() || !shared.accepts_children() {
            return Err(make);
        }
        let place = (TaskPriority::Normal, Placement::Stackful);
        // SAFETY: the closure is `Send`; the future that it makes stays on the thread that polls it
        // first, which becomes the task's home; the output is `Send`.
        Ok(unsafe { spawn_at(shared, core, location.into(), place, MakeThenRun::new(make)) })
    })
}

/// # Safety
/// As for [`Shared::spawn_with_stack`].
unsafe fn spawn_child<F>(
    shared: &Arc<Shared>,
    core: &Core,
    spec: Spec,
    future: F,
) -> TaskHandle<F::Output>
where
    F: Future + 'static,
{
    let heritage = spec.heritage();
    let place = (spec.priority, spec.placement);
    let origin = origin(spec.location, spec.name, Home::Anywhere, heritage);
    // SAFETY: the caller's word.
    unsafe { spawn_at(shared, core, origin, place, future) }
}

/// # Safety
/// As for [`Shared::spawn_with_stack`].
#[inline]
unsafe fn spawn_at<F>(
    shared: &Arc<Shared>,
    core: &Core,
    origin: Origin,
    (priority, placement): (TaskPriority, Placement),
    future: F,
) -> TaskHandle<F::Output>
where
    F: Future + 'static,
{
    let birth = |origin| Birth {
        vtable: task::vtable::<F>(),
        id: TaskId::new(core.next_id(shared)),
        origin,
        born: core.duty.ticks.get(),
    };
    let magazine = Some(&core.magazine);
    let task = if placement == Placement::Migratable {
        let (layout, class) = const { (task::layout::<F>(), class_of(task::layout::<F>())) };
        let block = shared.pool.take_of(layout, class, magazine, shared);
        // SAFETY: the block is fresh, of this layout, and ours; the vtable is `F`'s.
        unsafe { task::init(block, birth(origin), future) }
    } else {
        let home = Home::Thread(Dwelling::default());
        let (layout, class) =
            const { (task::homed_layout::<F>(), class_of(task::homed_layout::<F>())) };
        let block = shared.pool.take_of(layout, class, magazine, shared);
        // SAFETY: as above; the origin says that there is a home.
        unsafe { task::init_homed(block, birth(origin.homed()), future, home) }
    };
    // Before others can see it, run it, and count its end.
    core.counters.tasks.spawned.add(1);
    // SAFETY: initialised just now, and nobody else knows it yet.
    unsafe { task.as_ref() }.state.publish(priority, placement);
    // SAFETY: `publish` counted the hint's reference.
    let hint = unsafe { TaskRef::from_raw(task) };
    if priority == TaskPriority::Normal {
        core.push_child(shared, hint);
    } else {
        core.push(shared, hint, priority, Arrival::Child);
    }
    // SAFETY: `publish` counted the handle's reference; the rest is the caller's word.
    unsafe { TaskHandle::new(task) }
}
