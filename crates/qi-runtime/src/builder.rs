//! All options of a runtime, and its making.

use crate::clock::ReactorClock;
use crate::config::AsyncRuntimeConfig;
use crate::driver::ReactorDriver;
use crate::error::RuntimeError;
use crate::log;
use crate::runtime::AsyncRuntime;
use crate::simulation::{Hub, SimulationBuilder};
use crate::surrounding::Surrounding;
use crate::time::TestClock;
use qi_reactor::Reactor;
use qi_sched::{Clock, ManualClock, PanicPolicy, Scheduler, SchedulerBuilder, Shares, Stepper};
use qi_stackful::{Coroutines, StackPoolConfig, overflow};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Workers of a simulation if not said: the machine's processors would make runs differ.
const SIMULATED_WORKERS: usize = 4;

/// Options of a runtime, with their defaults: those of [`AsyncRuntimeConfig`] and further ones.
///
/// # Examples
/// ```
/// use qi_runtime::AsyncRuntime;
/// use std::time::Duration;
/// let runtime = AsyncRuntime::builder()
///     .worker_threads(2)
///     .thread_name("service")
///     .shutdown_timeout(Duration::from_secs(3))
///     .build()?;
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
#[must_use = "nothing is made before build"]
pub struct AsyncRuntimeBuilder {
    config: AsyncRuntimeConfig,
    scheduler: SchedulerBuilder,
    /// Whether `config.worker_threads` was said by the user.
    workers_set: bool,
    clock: Option<Arc<dyn Clock>>,
    test_clock: Option<TestClock>,
    warm_stacks: bool,
    overflow_handler: bool,
}

impl AsyncRuntimeBuilder {
    pub(crate) fn new() -> Self {
        let config = AsyncRuntimeConfig::with_worker_threads(0);
        let scheduler = Scheduler::builder();
        Self {
            config,
            scheduler,
            workers_set: false,
            clock: None,
            test_clock: None,
            warm_stacks: false,
            overflow_handler: true,
        }
    }

    /// Takes all options of a config; see [`AsyncRuntimeConfig`].
    pub fn config(mut self, config: AsyncRuntimeConfig) -> Self {
        self.config = config;
        self.workers_set = true;
        self
    }

    /// See [`AsyncRuntimeConfig::worker_threads`].
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.config.worker_threads = count;
        self.workers_set = true;
        self
    }

    /// See [`AsyncRuntimeConfig::queue_capacity`].
    pub fn queue_capacity(mut self, entries: usize) -> Self {
        self.config.queue_capacity = entries;
        self
    }

    /// See [`AsyncRuntimeConfig::max_stack_size`].
    pub fn max_stack_size(mut self, bytes: usize) -> Self {
        self.config.max_stack_size = bytes;
        self
    }

    /// See [`AsyncRuntimeConfig::stack_pool_size`].
    pub fn stack_pool_size(mut self, stacks: usize) -> Self {
        self.config.stack_pool_size = stacks;
        self
    }

    /// Whether the stacks of [`stack_pool_size`](AsyncRuntimeConfig::stack_pool_size) are allocated when
    /// the runtime is built, instead of before the first coroutine runs. Off by default.
    pub fn allocate_stacks_at_start(mut self, on: bool) -> Self {
        self.warm_stacks = on;
        self
    }

    /// Whether an overflow of a coroutine's stack ends the process with a message that names the
    /// coroutine, its size and `max_stack_size`: a handler of the process for such faults, which passes
    /// others on to the one before it. It is installed with the first pool of stacks. On by default;
    /// without, an overflow is the fault that it is.
    pub fn overflow_handler(mut self, on: bool) -> Self {
        self.overflow_handler = on;
        self
    }

    /// See [`AsyncRuntimeConfig::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.config.poll_interval = interval;
        self
    }

    /// See [`AsyncRuntimeConfig::enable_work_stealing`].
    pub fn enable_work_stealing(mut self, on: bool) -> Self {
        self.config.enable_work_stealing = on;
        self
    }

    /// See [`AsyncRuntimeConfig::debug`].
    pub fn debug(mut self, on: bool) -> Self {
        self.config.debug = on;
        self
    }

    /// What lower lanes get while higher ones are backlogged. Default: one pick in 8 for High, in
    /// 16 for Normal, in 64 for Low.
    pub fn shares(mut self, shares: Shares) -> Self {
        self.scheduler = self.scheduler.shares(shares);
        self
    }

    /// A poll longer than this counts as a stall: 100 µs to an hour, 10 ms by default.
    pub fn stall_threshold(mut self, threshold: Duration) -> Self {
        self.scheduler = self.scheduler.stall_threshold(threshold);
        self
    }

    /// The most threads for blocking calls: 1 to 65,536, 512 by default.
    pub fn max_blocking_threads(mut self, count: usize) -> Self {
        self.scheduler = self.scheduler.max_blocking_threads(count);
        self
    }

    /// How long an idle thread for blocking calls is kept: up to a day, 10 s by default.
    pub fn blocking_keep_alive(mut self, time: Duration) -> Self {
        self.scheduler = self.scheduler.blocking_keep_alive(time);
        self
    }

    /// What threads are called; the worker's number is appended. Default: `qi-worker`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.scheduler = self.scheduler.thread_name(name);
        self
    }

    /// Bytes of each thread's own stack: 64 KiB to 4 GiB, 2 MiB by default.
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.scheduler = self.scheduler.thread_stack_size(bytes);
        self
    }

    /// Whether [`TaskHandle::join`](crate::TaskHandle::join) may run an un-started child in place.
    /// On by default.
    pub fn run_in_place(mut self, on: bool) -> Self {
        self.scheduler = self.scheduler.run_in_place(on);
        self
    }

    /// Whether a task lends its urgency to the tasks it waits for. On by default.
    pub fn escalation(mut self, on: bool) -> Self {
        self.scheduler = self.scheduler.escalation(on);
        self
    }

    /// What a panic of a task does beyond ending the task. Default: nothing.
    pub fn panic_policy(mut self, policy: PanicPolicy) -> Self {
        self.scheduler = self.scheduler.panic_policy(policy);
        self
    }

    /// How long [`AsyncRuntime::shutdown`] waits: up to a day, 10 s by default.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.scheduler = self.scheduler.shutdown_timeout(timeout);
        self
    }

    /// Seeds the workers' randomness (which victim a thief tries first).
    pub fn seed(mut self, seed: u64) -> Self {
        self.scheduler = self.scheduler.seed(seed);
        self
    }

    /// The clock of tasks, timers and figures. Default: the system's monotonic one. A clock that is
    /// moved by hand does not wake anybody: whoever moves it spawns or wakes something afterwards.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The clock of timers and of [`Instant::now`](crate::time::Instant::now), for tests: it can be
    /// paused and moved, see [`TestClock`]. There it takes precedence over [`clock`](Self::clock).
    pub fn test_clock(mut self, clock: &TestClock) -> Self {
        self.test_clock = Some(clock.clone());
        self
    }

    /// Makes a simulation of this runtime instead: on one thread, with a clock of its own, a network in
    /// memory, and chances that all come from `seed`. See [`simulation`](crate::simulation).
    ///
    /// It has 4 workers if not said. Of the options those of threads, of clocks, of the monitor and
    /// [`debug`](Self::debug) have no meaning there.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::AsyncRuntime;
    /// use qi_runtime::time::{Duration, sleep};
    /// let simulation = AsyncRuntime::builder().simulated(7).build()?;
    /// let answer = simulation.run(async {
    ///     let task = qi_runtime::spawn(async {
    ///         sleep(Duration::from_secs(3600)).await; // no time at all
    ///         42
    ///     });
    ///     task.join().await
    /// });
    /// assert_eq!(answer?, 42);
    /// simulation.finish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn simulated(self, seed: u64) -> SimulationBuilder {
        SimulationBuilder::new(self, seed)
    }

    /// Makes the workers without threads, over a reactor whose shards nobody parks on.
    pub(crate) fn build_stepper(
        self,
        seed: u64,
        clock: &Arc<ManualClock>,
        hub: impl FnOnce(usize) -> Arc<Hub>,
    ) -> Result<(Stepper, Arc<Hub>, Arc<Reactor>), RuntimeError> {
        self.config.check_stacks()?;
        let coroutines = self.coroutines()?;
        let Self { config, scheduler, workers_set, .. } = self;
        let workers = if workers_set { config.worker_threads } else { SIMULATED_WORKERS };
        let mut scheduler = scheduler
            .worker_threads(workers)
            .queue_capacity(config.queue_capacity)
            .poll_interval(config.poll_interval)
            .work_stealing(config.enable_work_stealing)
            .stacks(coroutines)
            .seed(seed);
        scheduler.check()?;
        let reactor =
            Reactor::builder().shards(workers).clock(Arc::new(ReactorClock(clock.clone())));
        let reactor = Arc::new(reactor.build()?);
        let hub = hub(workers);
        let driver = ReactorDriver::simulated(reactor.clone(), hub.clone());
        let scheduler = scheduler.driver(Arc::new(driver)).clock(clock.clone());
        Ok((scheduler.build_stepper()?, hub, reactor))
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// An option out of range (checked before anything is made), an event queue or a thread that
    /// the system refused. What was made before is given back.
    pub fn build(self) -> Result<AsyncRuntime, RuntimeError> {
        self.config.check_stacks()?;
        let coroutines = self.coroutines()?;
        let Self { mut config, mut scheduler, workers_set, clock, test_clock, .. } = self;
        if workers_set {
            scheduler = scheduler.worker_threads(config.worker_threads);
        }
        let mut scheduler = scheduler
            .queue_capacity(config.queue_capacity)
            .poll_interval(config.poll_interval)
            .work_stealing(config.enable_work_stealing);
        scheduler.check()?;
        config.worker_threads = scheduler.worker_count();
        let mut reactor = Reactor::builder().shards(config.worker_threads);
        if let Some(clock) = clock {
            reactor = reactor.clock(Arc::new(ReactorClock(clock.clone())));
            scheduler = scheduler.clock(clock);
        }
        if let Some(clock) = &test_clock {
            reactor = reactor.clock(Arc::new(clock.clone()));
        }
        let reactor = Arc::new(reactor.build()?);
        let driver = Arc::new(ReactorDriver::new(reactor, test_clock.as_ref()));
        let surrounding = Surrounding::here();
        let has_alt_stacks = self.overflow_handler;
        let dispatch = if config.debug { log::dispatch_for_own_threads() } else { None };
        let scheduler = scheduler
            .driver(driver)
            .stacks(coroutines)
            .around_thread(move |life| {
                // An overflow is reported from a stack of its own.
                let _alt_stack = has_alt_stacks.then(overflow::install_for_thread);
                match &dispatch {
                    Some(dispatch) => {
                        tracing::dispatcher::with_default(dispatch, || surrounding.around(life));
                    }
                    None => surrounding.around(life),
                }
            })
            .build()?;
        Ok(AsyncRuntime::new_from_parts(scheduler, config))
    }

    fn coroutines(&self) -> Result<Arc<Coroutines>, RuntimeError> {
        let stacks = StackPoolConfig::default()
            .max_stack_size(self.config.max_stack_size)
            .stack_pool_size(self.config.stack_pool_size)
            .overflow_handler(self.overflow_handler);
        let coroutines = Coroutines::with(stacks);
        if self.warm_stacks {
            coroutines.warm_up()?;
        }
        Ok(coroutines)
    }
}

impl fmt::Debug for AsyncRuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncRuntimeBuilder")
            .field("config", &self.config)
            .field("scheduler", &self.scheduler)
            .finish_non_exhaustive()
    }
}
