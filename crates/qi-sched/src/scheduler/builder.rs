//! Options of a scheduler, and its making.
#![forbid(unsafe_code)]

use super::Scheduler;
use super::shared::Shared;
use super::stepper::Stepper;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, PanicPolicy, extra_seats};
use crate::driver::{Driver, ThreadDriver};
use crate::error::{ConfigError, SchedError};
use crate::queue::{ShareAccount, Shares};
use crate::stackful::Stacks;
use crate::worker::{Core, Seat, thread};
use std::sync::Arc;
use std::time::Duration;

/// Options of a scheduler, with their defaults.
///
/// Values out of range are errors of [`build`](Self::build) that name the option; nothing is
/// clamped.
///
/// # Examples
/// ```
/// let error = qi_sched::Scheduler::builder().worker_threads(0).build().unwrap_err();
/// assert_eq!(error.to_string(), "worker_threads is 0, accepted is 1..=1024");
/// ```
#[must_use = "nothing is made before build"]
pub struct SchedulerBuilder {
    config: Config,
    driver: Option<Arc<dyn Driver>>,
    clock: Arc<dyn Clock>,
}

impl SchedulerBuilder {
    pub(super) fn new() -> Self {
        Self { config: Config::default(), driver: None, clock: Arc::new(SystemClock) }
    }

    /// Threads that run tasks, 1 to 1024. Default: the CPUs that this process may use.
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.config.worker_threads = count;
        self.config.worker_threads_set = true;
        self
    }

    /// The longest local run queue of a worker, per lane: 1 to 2²⁴ entries, 1024 by default. What
    /// does not fit goes to the global queue; nothing is rejected.
    pub fn queue_capacity(mut self, entries: usize) -> Self {
        self.config.queue_capacity = entries;
        self
    }

    /// Whether idle workers take tasks from busy ones. Without, a task stays on the worker that
    /// it was placed on, in turns.
    pub fn work_stealing(mut self, on: bool) -> Self {
        self.config.work_stealing = on;
        self
    }

    /// What lower lanes get while higher ones are backlogged.
    pub fn shares(mut self, shares: Shares) -> Self {
        self.config.shares = shares;
        self
    }

    /// The longest that ready events and due timers go unobserved: 50 µs to 10 s, 1 ms by default.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.config.poll_interval = interval;
        self
    }

    /// A poll longer than this counts as a stall: 100 µs to an hour, 10 ms by default.
    pub fn stall_threshold(mut self, threshold: Duration) -> Self {
        self.config.stall_threshold = threshold;
        self
    }

    /// The most threads for blocking calls: 1 to 65,536, 512 by default.
    pub fn max_blocking_threads(mut self, count: usize) -> Self {
        self.config.max_blocking_threads = count;
        self
    }

    /// How long an idle thread for blocking calls is kept: up to a day, 10 s by default.
    pub fn blocking_keep_alive(mut self, time: Duration) -> Self {
        self.config.blocking_keep_alive = time;
        self
    }

    /// What worker threads are called; the seat's number is appended.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.thread_name = name.into();
        self
    }

    /// Bytes of each thread's stack: 64 KiB to 4 GiB, 2 MiB by default.
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.config.thread_stack_size = bytes;
        self
    }

    /// Whether `join` may run an un-started child in place. On by default.
    pub fn run_in_place(mut self, on: bool) -> Self {
        self.config.run_in_place = on;
        self
    }

    /// Whether a task lends its urgency to the tasks it waits for. On by default.
    pub fn escalation(mut self, on: bool) -> Self {
        self.config.escalation = on;
        self
    }

    /// What a panic of a task does beyond ending the task.
    pub fn panic_policy(mut self, policy: PanicPolicy) -> Self {
        self.config.panic_policy = policy;
        self
    }

    /// How long `shutdown` waits: up to a day, 10 s by default.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.config.shutdown_timeout = timeout;
        self
    }

    /// Seeds the workers' randomness, for runs that can be repeated.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// What workers sleep on. Default: a lock each ([`ThreadDriver`]). It must have as many seats
    /// as there are worker threads.
    pub fn driver(mut self, driver: Arc<dyn Driver>) -> Self {
        self.driver = Some(driver);
        self
    }

    /// The clock. Default: the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Wraps the whole life of every thread that polls or drops tasks: `around` calls its argument
    /// once, between what it sets up and what it tears down.
    pub fn around_thread(
        mut self,
        around: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static,
    ) -> Self {
        self.config.around_thread = Some(Arc::new(around));
        self
    }

    /// The layer that gives tasks stacks of their own.
    pub fn stacks(mut self, stacks: Arc<dyn Stacks>) -> Self {
        self.config.stacks = Some(stacks);
        self
    }

    /// How many workers there will be: other layers must agree with that.
    #[must_use]
    pub fn worker_count(&mut self) -> usize {
        self.config.resolve();
        self.config.worker_threads
    }

    /// Checks the options without making anything.
    ///
    /// # Errors
    /// The first option out of range.
    pub fn check(&mut self) -> Result<(), ConfigError> {
        self.config.resolve();
        self.config.check()
    }

    /// Starts the worker threads.
    ///
    /// # Errors
    /// An option out of range, or a thread that the system refused; then those already started
    /// have ended again.
    pub fn build(self) -> Result<Scheduler, SchedError> {
        let (shared, cores) = self.assemble()?;
        let scheduler = Scheduler::from_shared(shared.clone());
        shared.threads.set_residents(cores.len());
        let mut cores = cores.into_iter();
        for (index, core) in cores.by_ref().enumerate() {
            let name = format!("{}-{index}", shared.config.thread_name);
            if let Err((source, core)) = thread::start(&shared, core, name) {
                for core in std::iter::once(core).chain(cores) {
                    shared.sleep.remove_seat();
                    shared.retire(core);
                }
                if index == 0 {
                    // No thread is there to do it.
                    shared.close();
                    shared.sweep();
                }
                drop(scheduler);
                return Err(SchedError::SpawnThread { index, source });
            }
        }
        Ok(scheduler)
    }

    /// Makes the workers without threads: the caller steps them.
    ///
    /// # Errors
    /// An option out of range.
    pub fn build_stepper(self) -> Result<Stepper, SchedError> {
        let (shared, cores) = self.assemble()?;
        Ok(Stepper::new(shared, cores))
    }

    fn assemble(mut self) -> Result<(Arc<Shared>, Vec<Box<Core>>), SchedError> {
        self.check()?;
        let Self { config, driver, clock } = self;
        let workers = config.worker_threads;
        let driver = driver.unwrap_or_else(|| Arc::new(ThreadDriver::new(workers)));
        let now = clock.now();
        let (seats, mut cores): (Vec<_>, Vec<_>) = (0..workers + extra_seats(workers))
            .map(|seat| Seat::pair(seat, ShareAccount::new(config.shares), config.seed, now))
            .unzip();
        let extra = cores.split_off(workers);
        let shared = Shared::new(config, seats.into_boxed_slice(), extra, driver, clock);
        Ok((Arc::new(shared), cores))
    }
}

impl std::fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchedulerBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
