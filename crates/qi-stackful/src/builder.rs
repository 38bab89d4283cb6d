//! Spawning coroutines, and the options of one.

use crate::task::{CoroutineTask, Options};
use qi_sched::stackful;
use qi_sched::{ConfigError, Handle, NoRuntimeError, TaskBuilder, TaskHandle, TaskPriority};
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// Spawns a coroutine on the scheduler that the calling thread works for.
///
/// `f` runs on a stack of its own, and may suspend anywhere, in any depth of calls, by
/// [`wait`](crate::wait()). Until it begins, any worker may take it; from then on it stays on that
/// thread, so what it keeps over a suspension need not be `Send`.
///
/// # Panics
/// On a thread that works for no scheduler.
///
/// # Examples
/// ```
/// # use qi_sched::Scheduler;
/// # use qi_stackful::Coroutines;
/// # let scheduler = Scheduler::builder().worker_threads(1).stacks(Coroutines::new()).build()?;
/// use qi_stackful::{spawn, wait};
/// let task = scheduler.handle().enter(|| spawn(|| wait(async { 6 * 7 })));
/// assert_eq!(scheduler.block_on(task)?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn spawn<F, T>(f: F) -> TaskHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // What comes back is what was given: the closure, for the long way.
    let plain = Plain(f);
    match stackful::try_spawn(Location::caller(), move || plain.begin()) {
        Ok(handle) => handle,
        Err(make) => spawn_by_handle(make),
    }
}

/// A closure that becomes a coroutine with no options.
struct Plain<F>(F);

impl<F> Plain<F> {
    fn begin<T: 'static>(self) -> CoroutineTask<T>
    where
        F: FnOnce() -> T + 'static,
    {
        CoroutineTask::begin(&Options::default(), self.0)
    }
}

/// On a thread that has no seat, or while something is inherited or closes.
#[cold]
#[track_caller]
fn spawn_by_handle<C, T>(make: C) -> TaskHandle<T>
where
    C: FnOnce() -> CoroutineTask<T> + Send + 'static,
    T: Send + 'static,
{
    match Handle::try_current() {
        Ok(handle) => handle.task().spawn_stackful(make),
        Err(NoRuntimeError) => panic!("{NoRuntimeError}"),
    }
}

/// Spawns a coroutine that may go on on another worker each time it was suspended. Of use to compilers
/// whose code keeps nothing of its thread: such coroutines can be stolen at any time.
///
/// # Safety
/// As for [`CoroutineBuilder::spawn_migratable`].
///
/// # Panics
/// On a thread that works for no scheduler.
///
/// # Examples
/// ```
/// # use qi_sched::Scheduler;
/// # use qi_stackful::Coroutines;
/// # let scheduler = Scheduler::builder().worker_threads(2).stacks(Coroutines::new()).build()?;
/// use qi_stackful::{spawn_migratable, yield_now};
/// let body = || {
///     let mut sum = 0;
///     for number in 0..10_u32 {
///         yield_now();
///         sum += number;
///     }
///     sum
/// };
/// // SAFETY: nothing but numbers is kept over a suspension.
/// let task = scheduler.handle().enter(|| unsafe { spawn_migratable(body) });
/// assert_eq!(scheduler.block_on(task)?, 45);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub unsafe fn spawn_migratable<F, T>(f: F) -> TaskHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match Handle::try_current() {
        // SAFETY: the caller's word.
        Ok(handle) => unsafe { CoroutineBuilder::new(&handle).spawn_migratable(f) },
        Err(NoRuntimeError) => panic!("{NoRuntimeError}"),
    }
}

/// The options of one coroutine.
///
/// # Examples
/// ```
/// # use qi_sched::Scheduler;
/// # use qi_stackful::Coroutines;
/// # let scheduler = Scheduler::builder().worker_threads(1).stacks(Coroutines::new()).build()?;
/// use qi_sched::TaskPriority;
/// use qi_stackful::CoroutineBuilder;
/// let task = CoroutineBuilder::new(scheduler.handle())
///     .name("parser")
///     .priority(TaskPriority::High)
///     .stack_size(256 * 1024)
///     .spawn(|| qi_stackful::stack_remaining().unwrap());
/// assert_eq!(task.name(), Some("parser"));
/// assert!(scheduler.block_on(task)? <= 256 * 1024);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a coroutine is spawned by `spawn`"]
pub struct CoroutineBuilder<'a> {
    task: TaskBuilder<'a>,
    options: Options,
}

impl<'a> CoroutineBuilder<'a> {
    /// For a coroutine of this scheduler, which was built with
    /// [`Coroutines`](crate::Coroutines).
    #[track_caller]
    pub fn new(handle: &'a Handle) -> Self {
        Self { task: handle.task().spawned_at(Location::caller()), options: Options::default() }
    }

    /// Names the coroutine in statistics, errors and logs, and in what is said when its stack
    /// overflows.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        self.options.name = Some(name.clone());
        self.task = self.task.name(name);
        self
    }

    /// The coroutine's priority; Normal if not said.
    pub fn priority(mut self, priority: TaskPriority) -> Self {
        self.task = self.task.priority(priority);
        self
    }

    /// Usable bytes of its stack, rounded up to pages, 16 KiB to 1 GiB; `max_stack_size` if not said.
    /// If the size is out of range the task fails when it begins.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.options.stack_bytes = Some(bytes);
        self
    }

    /// Whether it finds the task-locals that its spawner lets children inherit; it does if not said.
    pub fn inherit(mut self, on: bool) -> Self {
        self.task = self.task.inherit(on);
        self
    }

    /// The place that statistics and errors name as the one where it was spawned.
    pub fn spawned_at(mut self, location: &'static Location<'static>) -> Self {
        self.task = self.task.spawned_at(location);
        self
    }

    /// Puts it into the inbox of this worker first; with stealing on, others may then take it.
    ///
    /// # Errors
    /// If there is no worker with this number.
    pub fn home_worker(mut self, worker: usize) -> Result<Self, ConfigError> {
        self.task = self.task.home_worker(worker)?;
        Ok(self)
    }

    /// Spawns it. See [`spawn`].
    pub fn spawn<F, T>(self, f: F) -> TaskHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let options = self.options;
        self.task.spawn_stackful(move || CoroutineTask::begin(&options, f))
    }

    /// Spawns a coroutine that may go on on another worker each time it was suspended.
    ///
    /// # Safety
    /// At each suspension nothing on its stack, and nothing in registers, belongs to the thread: no
    /// thread-local or address of one, no guard of a lock that wants to be released where it was taken,
    /// no value that is not `Send`, no entered task-local or scheduler. Compilers keep addresses of
    /// thread-locals over calls as they like, so this is for code from a compiler that does not.
    pub unsafe fn spawn_migratable<F, T>(self, f: F) -> TaskHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let options = self.options;
        let future = async move { CoroutineTask::begin(&options, f).await };
        // SAFETY: the caller's word, and for a closure that has not begun that it is `Send`.
        unsafe { self.task.spawn_migratable(future) }
    }
}

impl fmt::Debug for CoroutineBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoroutineBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
