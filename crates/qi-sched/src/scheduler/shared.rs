//! What all threads of a scheduler share, and the ways of a runnable task into a queue.
#![forbid(unsafe_code)]

use super::idle::Idle;
use crate::blocking::BlockingPool;
use crate::clock::Clock;
use crate::config::Config;
use crate::driver::Driver;
use crate::error::CancelError;
use crate::lock::Ledger;
use crate::monitor::Monitor;
use crate::pool::Pool;
use crate::priority::TaskPriority;
use crate::process::HomeProcess;
use crate::queue::{Arrival, Backlogs, LaneCounts};
use crate::rng::Rng;
use crate::scheduler::{Covered, Finish};
use crate::shutdown::Gate;
use crate::sleep::Sleep;
use crate::task::{Header, Home, Outcome, TaskRef};
use crate::threads::Threads;
use crate::worker::counters::TaskCounters;
use crate::worker::{Core, Seat, context};
use crossbeam_deque::Injector;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence,
};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Task ids are handed to workers and desks in blocks of so many: one shared counter, rarely touched.
const ID_BLOCK: u64 = 1 << 12;

/// Milliseconds in a coarse tick, in which a task's birth is noted: 32 bits of them are 497 days.
const TICK_MS: u32 = 10;

/// The shared part of a scheduler. Tasks refer to it through their chunk of memory, so it lives as
/// long as the last waker.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// Base workers first, then the extra seats that are used while all others are stuck.
    pub(crate) seats: Box<[Arc<CachePadded<Seat>>]>,
    /// The global queue, one lane each.
    pub(crate) injectors: [CachePadded<Injector<TaskRef>>; TaskPriority::COUNT],
    /// The other part of it: tasks of Normal priority, spawned by threads outside.
    pub(crate) backlogs: Backlogs<TaskRef>,
    pub(crate) lanes: CachePadded<LaneCounts>,
    pub(crate) sleep: CachePadded<Sleep>,
    pub(crate) gate: CachePadded<Gate>,
    pub(crate) pool: Pool,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) threads: Threads,
    pub(crate) blocking: BlockingPool,
    pub(crate) monitor: Monitor,
    /// Blocks that could return but for others on their stack.
    pub(crate) covered: Covered,
    /// What tasks are lent by those who wait for their locks.
    pub(crate) ledger: Ledger,
    /// What threads without a seat did.
    pub(crate) foreign: CachePadded<TaskCounters>,
    pub(crate) spare_cores: Mutex<Vec<Box<Core>>>,
    pub(crate) finish: Finish,
    pub(super) placed: AtomicUsize,
    pub(crate) epoch: Instant,
    pub(crate) process: HomeProcess,
    /// Whom to look at, and whether anybody wants to know, when nothing can go on.
    pub(super) idle: Idle,
    /// Everything happens on the one thread that steps the workers, and can be repeated.
    alone: AtomicBool,
    /// Randomness for code that runs on no seat meanwhile.
    turns: AtomicUsize,
    ids: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        config: Config,
        seats: Box<[Arc<CachePadded<Seat>>]>,
        spare_cores: Vec<Box<Core>>,
        driver: Arc<dyn Driver>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let epoch = clock.now();
        Self {
            sleep: CachePadded::new(Sleep::new(config.worker_threads)),
            blocking: BlockingPool::new(config.max_blocking_threads, config.blocking_keep_alive),
            config,
            seats,
            idle: Idle::new(driver.watches_idle()),
            injectors: std::array::from_fn(|_| CachePadded::new(Injector::new())),
            backlogs: Backlogs::new(),
            lanes: CachePadded::default(),
            gate: CachePadded::new(Gate::new()),
            pool: Pool::new(),
            driver,
            clock,
            threads: Threads::default(),
            monitor: Monitor::default(),
            covered: Covered::default(),
            ledger: Ledger::default(),
            foreign: CachePadded::default(),
            spare_cores: Mutex::new(spare_cores),
            finish: Finish::default(),
            placed: AtomicUsize::new(0),
            epoch,
            process: HomeProcess::here(),
            alone: AtomicBool::new(false),
            turns: AtomicUsize::new(0),
            ids: AtomicU64::new(1),
        }
    }

    /// Says that everything happens on one thread from now on.
    pub(super) fn be_alone(&self) {
        // Relaxed: said and read on that thread.
        self.alone.store(true, Relaxed);
    }

    /// Whether everything happens on the one thread that steps the workers: then no other is started for
    /// blocking calls, and what is walked over is taken in an order that does not depend on memory.
    pub(crate) fn is_alone(&self) -> bool {
        // Relaxed: see `be_alone`.
        self.alone.load(Relaxed)
    }

    /// A fresh task id, from a block of them that the caller has (the next, and the end) if it is not
    /// used up.
    #[inline]
    pub(crate) fn next_id(&self, block: &mut (u64, u64)) -> u64 {
        if block.0 >= block.1 {
            *block = self.id_block(ID_BLOCK);
        }
        block.0 += 1;
        block.0 - 1
    }

    /// A block of fresh task ids.
    pub(crate) fn id_block(&self, count: u64) -> (u64, u64) {
        // Relaxed: only uniqueness matters.
        let first = self.ids.fetch_add(count, Relaxed);
        (first, first + count)
    }

    /// A number below `bound` for code that runs on no seat; `None` if threads differ anyway.
    pub(crate) fn turn_below(&self, bound: usize) -> Option<usize> {
        // Relaxed: one thread.
        let turn = || self.turns.fetch_add(1, Relaxed) as u64;
        self.is_alone().then(|| Rng::new(self.config.seed, turn()).below(bound))
    }

    /// A moment in coarse ticks since the scheduler was made.
    pub(crate) fn ticks(&self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.epoch);
        // In 32 bits, which wrap around: whole milliseconds would need 128, and a slow division.
        let seconds = u32::try_from(elapsed.as_secs() & u64::from(u32::MAX)).unwrap_or(0);
        seconds.wrapping_mul(1000 / TICK_MS).wrapping_add(elapsed.subsec_millis() / TICK_MS)
    }

    /// The present tick, without reading the clock if the monitor has read it lately.
    pub(crate) fn ticks_about_now(&self) -> u32 {
        self.monitor.ticks().unwrap_or_else(|| self.ticks(self.clock.now()))
    }

    /// How long ago a tick was, to the precision of a tick.
    pub(crate) fn age(&self, born: u32) -> std::time::Duration {
        let ticks = self.ticks(self.clock.now()).wrapping_sub(born);
        std::time::Duration::from_millis(u64::from(ticks) * u64::from(TICK_MS))
    }

    /// Wakes a worker for work that it could take, unless somebody is on the way already.
    #[inline]
    pub(crate) fn notify(&self) {
        if let Some(seat) = self.sleep.notify() {
            self.unpark(seat);
        }
    }

    /// Whether this is one of the extra seats, which the driver knows nothing of: their workers
    /// do not park there, they give the seat back.
    #[inline]
    pub(crate) fn is_extra(&self, seat: usize) -> bool {
        seat >= self.config.worker_threads
    }

    /// The earliest deadline among the timers of a seat.
    pub(crate) fn next_deadline(&self, seat: usize) -> Option<Instant> {
        if self.is_extra(seat) { None } else { self.driver.next_deadline(seat) }
    }

    /// Wakes the worker of a seat that announced its sleep.
    pub(crate) fn unpark(&self, seat: usize) {
        // One on an extra seat learns of it when it gives the seat back.
        if !self.is_extra(seat) {
            self.driver.unpark(seat);
        }
    }

    /// Queues a task that became runnable, and counts that.
    #[inline]
    pub(crate) fn schedule(task: TaskRef, lane: TaskPriority) {
        if let Some(task) = Self::push_here(task, lane, true) {
            Self::count_woken(&task);
            Self::enqueue_elsewhere(task, lane);
        }
    }

    /// Queues one more hint for a task: on the calling worker if it may run there, else globally, or
    /// where the task has its home.
    pub(crate) fn enqueue(task: TaskRef, lane: TaskPriority) {
        if let Some(task) = Self::push_here(task, lane, false) {
            Self::enqueue_elsewhere(task, lane);
        }
    }

    /// Queues a task on the calling worker, if it is one that may run it; else gives it back.
    #[inline]
    fn push_here(task: TaskRef, lane: TaskPriority, count: bool) -> Option<TaskRef> {
        let anywhere = task.state.load().may_run_anywhere();
        context::with(|context| {
            let Some(context) = context else { return Some(task) };
            let Some(core) = context.core() else { return Some(task) };
            if !anywhere {
                if !context.is_home_of(&task) {
                    return Some(task);
                }
                if count {
                    core.counters.tasks.woken.add(1);
                }
                context.pinned.push(task, lane);
                return None;
            }
            if !Arc::ptr_eq(task.shared(), &context.shared) {
                return Some(task);
            }
            if count {
                core.counters.tasks.woken.add(1);
            }
            match context.arrival() {
                Arrival::Woken if lane == TaskPriority::Normal => {
                    core.push_woken(&context.shared, task);
                }
                Arrival::Child if lane == TaskPriority::Normal => {
                    core.push_child(&context.shared, task);
                }
                arrival => core.push(&context.shared, task, lane, arrival),
            }
            None
        })
    }

    fn count_woken(task: &TaskRef) {
        let shared = task.shared();
        let counted = context::with_core_of(shared, |core| {
            core.counters.tasks.woken.add(1);
        });
        if counted.is_none() {
            shared.foreign.woken.add_shared(1);
        }
    }

    #[cold]
    fn enqueue_elsewhere(task: TaskRef, lane: TaskPriority) {
        // The task may be gone as soon as it is pushed, and the scheduler with it.
        let shared = task.shared().clone();
        let word = task.state.load();
        if word.is_blocking() {
            BlockingPool::push(&shared, task);
        } else if word.is_pinned() {
            Self::enqueue_at_home(task, lane);
        } else {
            shared.inject(task, lane);
        }
    }

    #[cold]
    fn enqueue_at_home(task: TaskRef, lane: TaskPriority) {
        let shared = task.shared().clone();
        match task.home() {
            Home::Anywhere => shared.inject(task, lane),
            Home::Thread(home) => match home.kept() {
                Some(slot) => slot.deliver(task, &shared),
                // It has not begun: whoever takes it first becomes its home. Or the hint is stale.
                None => shared.inject(task, lane),
            },
            Home::Seat(seat) => {
                let seat = *seat;
                let mut task = Some(task);
                context::with_core_of(&shared, |core| {
                    if core.seat == seat {
                        if let Some(task) = task.take() {
                            core.push_homed(&shared, task, lane);
                        }
                    }
                });
                if let Some(task) = task {
                    shared.send_to_seat(seat, task);
                }
            }
        }
    }

    /// Leaves a hint for the worker of a seat.
    pub(super) fn send_to_seat(&self, seat: usize, task: TaskRef) {
        self.seats[seat].inbox.push(task);
        self.driver.unpark(seat);
        fence(SeqCst);
        self.drop_late_hints();
    }

    /// Puts a hint into the global queue.
    pub(crate) fn inject(&self, task: TaskRef, lane: TaskPriority) {
        self.lanes.raise(lane);
        self.injectors[lane.index()].push(task);
        // Its fence is the one that `has_stopped` wants.
        self.notify();
        self.drop_late_hints();
    }

    /// Whether nothing lies in the global queue. Exact between the fences of `sleep`. (I7)
    pub(crate) fn nothing_global(&self) -> bool {
        self.backlogs.is_empty() && self.injectors.iter().all(|injector| injector.is_empty())
    }

    /// Entries of the global queue.
    pub(crate) fn global_len(&self) -> usize {
        let in_lanes = self.injectors.iter().map(|injector| injector.len());
        self.backlogs.len() + in_lanes.sum::<usize>()
    }

    /// Asks for a task to be cancelled.
    pub(crate) fn cancel(task: &Header) -> Result<(), CancelError> {
        if let Some((task, lane)) = task.request_cancel()? {
            Self::schedule(task, lane);
        }
        Ok(())
    }

    /// A task in words, for errors and logs.
    pub(crate) fn describe(task: &Header) -> String {
        let name = task.name().map(|name| format!(" '{name}'")).unwrap_or_default();
        format!("task {}{name} spawned at {}", task.id(), task.location())
    }

    /// All live tasks, as they are while the memory is walked.
    pub(crate) fn live_tasks(&self) -> Vec<TaskRef> {
        let mut tasks = Vec::new();
        self.pool.walk(|block| tasks.extend(TaskRef::from_block(block)));
        if self.is_alone() {
            tasks.sort_unstable_by_key(|task| task.id());
        }
        tasks
    }

    /// The live task at an address, if there is one. The address may be out of date: it is compared
    /// with those of the blocks before anything is read there.
    pub(crate) fn task_at(&self, address: usize) -> Option<TaskRef> {
        self.pool.find(address, TaskRef::from_block).flatten()
    }

    /// The task at an address, if it is still being run.
    pub(crate) fn running_task_at(&self, address: usize) -> Option<TaskRef> {
        self.task_at(address).filter(|task| task.state.load().is_running())
    }

    /// Counts the end of a task, before the task's final state can be seen.
    #[inline]
    pub(crate) fn count_end(&self, core: Option<&Core>, outcome: Outcome) {
        match core {
            Some(core) => core.counters.tasks.of(outcome).add(1),
            None => self.foreign.of(outcome).add_shared(1),
        }
    }

    /// Tasks that are runnable and not being run: exact while nobody is at work.
    pub(crate) fn runnable(&self) -> u64 {
        let all = || self.seats.iter().map(|seat| &seat.counters.tasks).chain([&*self.foreign]);
        let claimed: u64 = all().map(|counters| counters.claimed.get()).sum();
        let became: u64 = all().map(|counters| counters.spawned.get() + counters.woken.get()).sum();
        (became + self.pool.desks.spawned()).saturating_sub(claimed)
    }

    /// Tasks spawned and in no final state.
    pub(crate) fn live_count(&self) -> u64 {
        let all = || self.seats.iter().map(|seat| &seat.counters.tasks).chain([&*self.foreign]);
        // The ends first: a task that was spawned by one counted as ended is then counted, too.
        let ended: u64 = all().map(TaskCounters::ended).sum();
        let spawned: u64 = all().map(|counters| counters.spawned.get()).sum();
        (spawned + self.pool.desks.spawned()).saturating_sub(ended)
    }
}
