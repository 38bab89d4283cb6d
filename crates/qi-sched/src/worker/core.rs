//! The part of a worker that belongs to its seat: queues, memory, randomness, accounts. It moves
//! from thread to thread when a seat is handed over; everything in it is touched by the thread on
//! the seat alone, through shared references that never live across the user's code.
#![forbid(unsafe_code)]

use super::counters::SeatCounters;
use crate::pool::Magazine;
use crate::priority::TaskPriority;
use crate::queue::{
    Arrival, Cradles, Handoff, HomeQueues, Inbox, LocalQueues, Nursery, ONE_LANE, Refused,
    ShareAccount, Stealers,
};
use crate::rng::Rng;
use crate::scheduler::Shared;
use crate::task::TaskRef;
use crate::worker::glance::Glance;
use crate::worker::slot::ThreadSlot;
use crate::worker::spin::Patience;
use crossbeam_utils::CachePadded;
use std::any::Any;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A backlog of so much work is worth waking another worker. That costs 5 to 10 µs of CPU time, in
/// system calls and in cold caches, and takes as long until it runs: for less the backlog would be
/// gone when it comes.
const HELP_FROM_NS: u64 = 50_000;

/// Before anything was timed, polls are taken for long: better to wake one worker too many.
const UNKNOWN_POLL_NS: u64 = 100_000;

/// So many tasks in a row are run right after the one that woke them, before those in the queue get
/// their turn.
const MOST_HANDED: u32 = 7;

/// Of so many tasks that did not fit, one calls for help: looking whether somebody sleeps takes a
/// fence, a good part of what it costs to queue a task.
const CALL_EVERY: u64 = 32;

/// The seat's owner's part.
pub(crate) struct Core {
    pub(crate) seat: usize,
    /// The part that everybody sees.
    pub(crate) shown: Arc<CachePadded<Seat>>,
    /// The seat's figures, which this worker writes.
    pub(crate) counters: Arc<SeatCounters>,
    pub(crate) nursery: Nursery,
    pub(crate) handoff: Handoff,
    /// Tasks taken from there in a row.
    handed: Cell<u32>,
    pub(crate) queues: LocalQueues,
    pub(crate) homed: HomeQueues,
    pub(crate) magazine: Magazine,
    pub(crate) rng: Rng,
    pub(crate) shares: ShareAccount,
    /// Picks made, and the heartbeat that others see.
    pub(crate) picks: Cell<u64>,
    /// Picks of each lane, for what goes first every so often.
    pub(crate) looks: [Cell<u64>; TaskPriority::COUNT],
    /// Counts children and events taken, and the turns that others had among them.
    pub(crate) in_a_row: Cell<u32>,
    /// Entries of children that were run in place and may still lie in the children's queue.
    pub(crate) stale_children: Cell<u32>,
    /// Whether tasks of this worker went to the global queue, and some may still be there: then it
    /// takes every second task from there.
    pub(crate) overflowing: Cell<bool>,
    /// How often something lay at the desks when the global queue was looked at: which part of it goes
    /// first, and which desk.
    pub(crate) desk_turns: Cell<usize>,
    /// Whether its last look at others' queues, beside pinned tasks of its own, found something.
    pub(crate) robs: Cell<bool>,
    /// Whether this worker has the role of the searcher.
    pub(crate) searching: Cell<bool>,
    /// Whether it announced its sleep and was not taken off the list since.
    pub(crate) asleep: Cell<bool>,
    /// Whether it has called the monitor since it began: later on, waking up does.
    pub(crate) watched: Cell<bool>,
    pub(crate) duty: Duty,
    pub(crate) patience: Patience,
    /// Whether a look at the events before a sleep pays.
    pub(crate) glance: Glance,
    /// What the layer that gives tasks stacks keeps here: so its caches need no lock.
    store: Cell<Option<Box<dyn Any + Send>>>,
    ids: Cell<(u64, u64)>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("seat", &self.seat).finish_non_exhaustive()
    }
}

/// When the worker looks at the clock, and what it knew when it last did.
pub(crate) struct Duty {
    /// At this pick the clock is read next.
    pub(crate) next: Cell<u64>,
    /// Picks between two readings: one while polls are long, more while they are short.
    pub(crate) interval: Cell<u64>,
    /// Whether the worker has slept since it last read the clock.
    pub(crate) slept: Cell<bool>,
    pub(crate) last_pick: Cell<u64>,
    pub(crate) last_claimed: Cell<u64>,
    pub(crate) last_time: Cell<Instant>,
    pub(crate) last_turn: Cell<Instant>,
    /// When and at which pick what waits elsewhere was last preferred because of the time.
    pub(crate) last_fair: Cell<Instant>,
    pub(crate) fair_pick: Cell<u64>,
    /// The seat whose timers were looked at last.
    pub(crate) beside: Cell<usize>,
    /// How long polls take, as far as the last readings tell: it follows long ones at once and
    /// short ones slowly.
    poll_ns: Cell<u64>,
    /// `last_time` as the scheduler's coarse ticks.
    pub(crate) ticks: Cell<u32>,
}

impl Duty {
    /// Whether a backlog would keep this worker busy for longer than it costs to wake another one.
    /// A single task never is: this worker will come to it. If the estimate is wrong, the monitor
    /// sees within `poll_interval` that this worker does not move.
    #[inline]
    pub(crate) fn is_worth_help(&self, backlog: usize) -> bool {
        backlog > 1 && (backlog as u64).saturating_mul(self.poll_ns.get()) >= HELP_FROM_NS
    }

    /// Takes a reading of how long polls take.
    pub(crate) fn note_polls(&self, mean_ns: u64) {
        let before = self.poll_ns.get();
        self.poll_ns.set(if mean_ns >= before { mean_ns } else { before - (before - mean_ns) / 8 });
    }
}

/// The seat's part that everybody sees.
pub(crate) struct Seat {
    pub(crate) stealers: Stealers,
    /// Runnable tasks that must stay on this seat (stealing is off).
    pub(crate) inbox: Inbox,
    pub(crate) counters: Arc<SeatCounters>,
    pub(crate) cradles: Arc<Cradles>,
    /// The owner's picks: if they stand still while the worker is awake, it is inside one poll.
    pub(crate) heartbeat: AtomicU64,
    /// The heartbeat at which the monitor found the worker stuck: then even its only task may be
    /// taken. `u64::MAX`: never.
    pub(crate) stuck_at: AtomicU64,
    /// Whether the worker is to empty its magazine and its seat's store when it wakes up.
    pub(crate) recalled: AtomicBool,
    /// Whether the layer of stacks keeps something on the seat. Written by the thread on it.
    pub(crate) has_store: AtomicBool,
    /// The address of the task that is being polled, 0 if none. Only ever compared.
    pub(crate) current: AtomicUsize,
    occupant: Mutex<Option<Arc<ThreadSlot>>>,
}

impl Seat {
    /// Both parts of a new seat.
    pub(crate) fn pair(
        seat: usize,
        shares: ShareAccount,
        seed: u64,
        now: Instant,
    ) -> (Arc<CachePadded<Self>>, Box<Core>) {
        let counters = Arc::<SeatCounters>::default();
        let cradles = Arc::<Cradles>::default();
        let shown = Arc::new(CachePadded::new(Self {
            stealers: Stealers::default(),
            inbox: Inbox::default(),
            counters: counters.clone(),
            cradles: cradles.clone(),
            heartbeat: AtomicU64::new(0),
            stuck_at: AtomicU64::new(u64::MAX),
            recalled: AtomicBool::new(false),
            has_store: AtomicBool::new(false),
            current: AtomicUsize::new(0),
            occupant: Mutex::default(),
        }));
        let core = Box::new(Core {
            seat,
            shown: shown.clone(),
            counters,
            nursery: Nursery::new(cradles.clone()),
            handoff: Handoff::new(cradles),
            handed: Cell::new(0),
            queues: LocalQueues::default(),
            homed: HomeQueues::default(),
            magazine: Magazine::default(),
            rng: Rng::new(seed, seat as u64),
            shares,
            picks: Cell::new(0),
            looks: Default::default(),
            in_a_row: Cell::new(0),
            stale_children: Cell::new(0),
            overflowing: Cell::new(false),
            desk_turns: Cell::new(0),
            robs: Cell::new(false),
            searching: Cell::new(false),
            asleep: Cell::new(false),
            watched: Cell::new(false),
            duty: Duty {
                next: Cell::new(1),
                interval: Cell::new(1),
                slept: Cell::new(true),
                last_pick: Cell::new(0),
                last_claimed: Cell::new(0),
                last_time: Cell::new(now),
                last_turn: Cell::new(now),
                last_fair: Cell::new(now),
                fair_pick: Cell::new(0),
                beside: Cell::new(seat),
                poll_ns: Cell::new(UNKNOWN_POLL_NS),
                ticks: Cell::new(0),
            },
            patience: Patience::new(),
            glance: Glance::new(),
            store: Cell::new(None),
            ids: Cell::new((0, 0)),
        });
        (shown, core)
    }

    /// The thread that sits here.
    pub(crate) fn occupant(&self) -> Option<Arc<ThreadSlot>> {
        self.occupant.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_occupant(&self, slot: Option<Arc<ThreadSlot>>) {
        *self.occupant.lock().unwrap_or_else(PoisonError::into_inner) = slot;
    }
}

impl Core {
    /// Calls `code` with what the layer of stacks keeps on this seat.
    #[inline]
    pub(crate) fn with_store<R>(
        &self,
        code: impl FnOnce(&mut Option<Box<dyn Any + Send>>) -> R,
    ) -> R {
        let mut store = self.store.take();
        let was_empty = store.is_none();
        let result = code(&mut store);
        if was_empty {
            // Relaxed: the monitor asks for it some time after this worker has fallen asleep.
            self.shown.has_store.store(store.is_some(), Relaxed);
        }
        // What is replaced is nothing: it was taken out above.
        std::mem::forget(self.store.replace(store));
        result
    }

    /// Drops that: the worker has nothing to do.
    pub(crate) fn clear_store(&self) {
        drop(self.store.take());
        // Relaxed: see `with_store`.
        self.shown.has_store.store(false, Relaxed);
    }

    /// A fresh task id.
    #[inline]
    pub(crate) fn next_id(&self, shared: &Shared) -> u64 {
        let mut block = self.ids.get();
        let id = shared.next_id(&mut block);
        self.ids.set(block);
        id
    }

    /// Queues a runnable task here, or globally if it does not fit.
    ///
    /// Another worker is woken when the backlog is worth it (see [`Duty::is_worth_help`]), which is
    /// looked at whenever it has doubled; sleepers that find work wake further ones. Urgent work does
    /// not wait. Events come in batches, which are judged as a whole when the driver is done (see
    /// `worker::duty`).
    #[inline]
    pub(crate) fn push(
        &self,
        shared: &Shared,
        task: TaskRef,
        lane: TaskPriority,
        arrival: Arrival,
    ) {
        // The compiler is told which lane it mostly is.
        if lane == TaskPriority::Normal || ONE_LANE {
            self.push_in(shared, task, TaskPriority::Normal, arrival);
        } else {
            self.push_special(shared, task, lane, arrival);
        }
    }

    #[cold]
    fn push_special(&self, shared: &Shared, task: TaskRef, lane: TaskPriority, arrival: Arrival) {
        self.push_in(shared, task, lane, arrival);
    }

    #[inline(always)]
    fn push_in(&self, shared: &Shared, task: TaskRef, lane: TaskPriority, arrival: Arrival) {
        let queue = self.queues.lane(lane, &self.shown.stealers);
        let len = queue.len();
        if len >= shared.config.queue_capacity {
            return self.overflow(shared, task, lane);
        }
        shared.lanes.raise(lane);
        queue.push(task, arrival);
        let backlog = len + 1;
        let counts = arrival != Arrival::Event && backlog.is_power_of_two();
        if lane.is_urgent() || (counts && self.duty.is_worth_help(backlog)) {
            shared.notify();
        }
    }

    /// Keeps a new child of Normal priority at hand for as long as its parent's poll lasts, unless
    /// somebody is looking for work, or there is enough of it to wake somebody.
    #[inline]
    pub(crate) fn push_child(&self, shared: &Shared, task: TaskRef) {
        if self.nursery.is_full() {
            self.spill_half(shared);
        }
        self.nursery.push(task);
        let count = self.nursery.len();
        if shared.sleep.somebody_searches() {
            self.spill(shared);
        } else if count.is_power_of_two()
            && self.duty.is_worth_help(count)
            && shared.sleep.somebody_sleeps()
        {
            // With nobody to wake there is nobody to show them to: who runs out of work searches.
            self.spill(shared);
            shared.notify();
        }
    }

    /// Keeps a task of Normal priority that another one has woken at hand until the next pick, if it is
    /// the only one.
    #[inline]
    pub(crate) fn push_woken(&self, shared: &Shared, task: TaskRef) {
        if let Some(Refused { before, task }) = self.handoff.put(task) {
            for task in before.into_iter().chain([task]) {
                self.push(shared, task, TaskPriority::Normal, Arrival::Woken);
            }
        }
    }

    /// Whether tasks are kept at hand.
    #[inline]
    pub(crate) fn has_at_hand(&self) -> bool {
        !self.nursery.is_empty() || !self.handoff.is_empty()
    }

    /// The next pick among what is kept at hand: the youngest child, or the task that was woken last.
    /// Everything else goes into the queues.
    #[inline]
    pub(crate) fn take_at_hand(&self, shared: &Shared, may_be_child: bool) -> Option<TaskRef> {
        if !self.nursery.is_empty() {
            let child = if may_be_child { self.nursery.take_newest() } else { None };
            self.spill(shared);
            return child;
        }
        let woken = self.handoff.take()?;
        if self.handed.get() < MOST_HANDED && !self.has_events() {
            self.handed.set(self.handed.get() + 1);
            return Some(woken);
        }
        self.push(shared, woken, TaskPriority::Normal, Arrival::Woken);
        None
    }

    /// Something else than a task that was handed on is picked.
    #[inline]
    pub(crate) fn end_handing(&self) {
        self.handed.set(0);
    }

    #[inline]
    fn has_events(&self) -> bool {
        self.queues.used(TaskPriority::Normal).is_some_and(|queue| queue.has_events())
    }

    /// Shows what is kept at hand to everybody: before the worker does something that may take long,
    /// or waits for its thread.
    #[inline]
    pub(crate) fn spill(&self, shared: &Shared) {
        if self.has_at_hand() {
            self.spill_all(shared);
        }
    }

    fn spill_all(&self, shared: &Shared) {
        self.nursery.drain(|task| self.push(shared, task, TaskPriority::Normal, Arrival::Child));
        if let Some(task) = self.handoff.take() {
            self.push(shared, task, TaskPriority::Normal, Arrival::Woken);
        }
    }

    fn spill_half(&self, shared: &Shared) {
        self.nursery
            .drain_half(|task| self.push(shared, task, TaskPriority::Normal, Arrival::Child));
    }

    /// What does not fit the local queue goes to the global one. Nothing is rejected. It is this
    /// worker's own backlog all the same: it takes every second task from there, and others are called
    /// only now and then, in case that one fell asleep before its queue was full.
    #[cold]
    fn overflow(&self, shared: &Shared, task: TaskRef, lane: TaskPriority) {
        self.overflowing.set(true);
        shared.lanes.raise(lane);
        shared.injectors[lane.index()].push(task);
        let before = self.counters.overflows.get();
        self.counters.overflows.add(1);
        if lane.is_urgent() || before % CALL_EVERY == 0 {
            shared.notify();
        }
    }

    /// Queues a task that must stay on this seat.
    pub(crate) fn push_homed(&self, shared: &Shared, task: TaskRef, lane: TaskPriority) {
        if self.homed.len() >= shared.config.queue_capacity {
            self.counters.overflows.add(1);
        }
        self.homed.push(task, lane);
    }
}
