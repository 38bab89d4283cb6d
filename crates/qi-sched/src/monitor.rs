//! The monitor: a thread that watches the workers' heartbeats, as Go's sysmon does.
//!
//! A worker inside one long poll cannot look at its timers and events, nor wake others for its
//! queue. The monitor sees that its heartbeat stands still and does it: within `poll_interval`,
//! because it looks twice in that time. It does so too for a worker that moves, but too slowly to
//! have come to its duties. A poll that lasts longer than `stall_threshold` is counted
//! and named; if all workers are in such polls and something is runnable, an extra worker starts.
//!
//! # Protocol
//! The monitor sleeps when all workers sleep, and whoever wakes up wakes it: see [`rest`]. (I11) Whoever
//! leaves something for the monitor to do ([`Monitor::call`]) goes about it in the same way.
//!
//! # When the system refuses a thread
//! Refused itself, the monitor is asked for again at a wake-up of a worker, after a pause. Refused
//! an extra worker, or a thread for blocking calls, it asks again itself.
#![forbid(unsafe_code)]

mod recall;
mod rest;

pub(crate) use rest::{Doing, Rest};

use crate::TaskId;
use crate::blocking::BlockingPool;
use crate::scheduler::Shared;
use crate::shortage::Shortage;
use crate::worker::counters::Counter;
use crate::worker::duty;
use crate::worker::slot::Parker;
use crate::worker::{Context, Seat};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Ticks without a worker awake before the monitor sleeps as well: waking it costs a system call,
/// which a runtime that is idle only for moments should not pay each time.
const IDLE_TICKS: u32 = 20;

/// Ticks of the scheduler's coarse time, about a second of them, before the system is asked again
/// for a monitor that it refused. Asking at every wake-up would cost more than it could bring.
const REFUSED_TICKS: u32 = 100;

/// Rescued children remembered per worker: as many as it can keep.
const RESCUES: usize = 16;

/// The monitor as workers see it.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    rest: Rest,
    stopped: AtomicBool,
    /// The scheduler's coarse time at the monitor's last look.
    ticks: AtomicU32,
    /// When the system last refused a thread for it.
    refused_at: AtomicU32,
    parker: Parker,
    /// Polls longer than `stall_threshold`.
    pub(crate) stalls: Counter,
    /// Extra workers started.
    pub(crate) extra_workers: Counter,
}

/// What the monitor remembers of a seat.
#[derive(Clone, Copy, Default)]
struct Sight {
    heartbeat: u64,
    /// The address of the task being polled, 0 if none.
    task: usize,
    since: Option<Instant>,
    reported: bool,
    /// Children that were rescued last, in a ring, and how many there were.
    rescued: [Option<TaskId>; RESCUES],
    rescues: usize,
}

/// What a worker did since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// It is between tasks, or made so many picks that it has looked at the clock itself.
    Lively,
    /// It runs tasks, but so few that it may not have looked at the clock: its interval was chosen
    /// while they were shorter.
    Slow,
    /// It is inside one poll, since about so long.
    Stuck(Duration),
}

impl Monitor {
    /// A worker has woken up: the monitor watches from now on.
    #[inline]
    pub(crate) fn rouse(&self, shared: &Arc<Shared>) {
        if self.rest.must_wake() {
            self.wake(shared);
        }
    }

    /// There is something to do for the monitor; `false` if there is none and none can be had.
    pub(crate) fn call(&self, shared: &Arc<Shared>) -> bool {
        self.rouse(shared);
        // Relaxed: one that is stopped just after this leaves the rest to the shutdown.
        self.is_there() && !self.stopped.load(Relaxed)
    }

    /// Whether it has a thread.
    pub(crate) fn is_there(&self) -> bool {
        matches!(self.rest.doing(), Doing::Watching | Doing::Asleep)
    }

    #[cold]
    fn wake(&self, shared: &Arc<Shared>) {
        let now = shared.ticks(shared.clock.now());
        // Relaxed: a matter of time only.
        let pause = now.wrapping_sub(self.refused_at.load(Relaxed));
        if self.rest.doing() == Doing::Refused && pause < REFUSED_TICKS {
            return;
        }
        self.ticks.store(now, Relaxed);
        match self.rest.begin_watch() {
            Doing::Absent | Doing::Refused => {
                let name = format!("{}-monitor", shared.config.thread_name);
                let watched = shared.clone();
                if let Err(error) = shared.start_thread(name, move || watch(&watched)) {
                    self.refused_at.store(now, Relaxed);
                    self.rest.set(Doing::Refused);
                    tracing::warn!(%error, "no thread for the monitor: long polls go unseen");
                }
            }
            Doing::Asleep => self.parker.unpark(),
            _ => {}
        }
    }

    /// The scheduler's coarse time, if the monitor keeps it up to date now.
    pub(crate) fn ticks(&self) -> Option<u32> {
        // Relaxed: a tick more or less does not matter.
        (self.rest.doing() == Doing::Watching).then(|| self.ticks.load(Relaxed))
    }

    /// Nobody is to watch: nothing starts the monitor any more. Called before the first step of a
    /// stepper, and in the end.
    pub(crate) fn forgo(&self) {
        self.rest.set(Doing::Forgone);
    }

    /// The scheduler closes: the monitor ends as soon as all workers sleep. Until then polls that do
    /// not return may keep from the others what the end waits for. Called again when they sleep.
    pub(crate) fn stop(&self) {
        // Relaxed: the parker's lock hands it over.
        self.stopped.store(true, Relaxed);
        self.parker.unpark();
    }

    /// Sleeps if nothing is left to be done; `picks` were made when it began to tidy up.
    fn sleep(&self, shared: &Shared, picks: u64) {
        let may_sleep = self.rest.lie_down(|| {
            shared.sleep.all_asleep()
                && picks_made(shared) == picks
                && !shared.blocking.is_short()
                && shared.covered.is_empty()
        });
        // Relaxed: see `stop`.
        if may_sleep && !self.stopped.load(Relaxed) {
            self.parker.park();
        }
        self.rest.get_up();
    }
}

fn watch(shared: &Arc<Shared>) {
    let context = Context::new(shared.clone(), None);
    context.enter(|| {
        let monitor = &shared.monitor;
        let mut sights = vec![Sight::default(); shared.seats.len()];
        let mut shortage = Shortage::default();
        let (mut idle_ticks, mut recall) = (0, recall::Recall::default());
        // Relaxed: see `stop`.
        while !(monitor.stopped.load(Relaxed) && shared.sleep.all_asleep()) {
            monitor.parker.park_for(shared.config.poll_interval / 2);
            monitor.ticks.store(shared.ticks(shared.clock.now()), Relaxed);
            if !shared.covered.is_empty() {
                shared.covered.inspect(shared);
                idle_ticks = 0;
            }
            if shared.blocking.is_short() {
                relieve_pool(shared, &mut shortage);
                idle_ticks = 0;
            }
            if shared.sleep.all_asleep() {
                idle_ticks += 1;
                if idle_ticks >= IDLE_TICKS {
                    // Workers that wake up, work and sleep again meanwhile leave behind what this trim
                    // does not find, and nobody else would come for it. (I11)
                    let picks = picks_made(shared);
                    if !recall.ask(shared) {
                        shared.pool.trim();
                        recall.trimmed(shared);
                        if let Some(stacks) = &shared.config.stacks {
                            stacks.idle();
                        }
                        monitor.sleep(shared, picks);
                    }
                    idle_ticks = 0;
                }
                continue;
            }
            idle_ticks = 0;
            inspect(shared, &mut sights, &mut shortage);
        }
        monitor.forgo();
    });
}

/// Moves with every task that a worker takes. Exact while all workers sleep: a worker says how often it
/// has picked before it announces its sleep, and whoever sees it asleep sees that, too.
fn picks_made(shared: &Shared) -> u64 {
    // Relaxed: see above; while somebody is awake it does not matter.
    let heartbeats = shared.seats.iter().map(|seat| seat.heartbeat.load(Relaxed));
    heartbeats.fold(0, u64::wrapping_add)
}

/// Blocking calls wait for a thread that the system refused: it is asked again.
#[cold]
fn relieve_pool(shared: &Arc<Shared>, shortage: &mut Shortage) {
    let now = shared.clock.now();
    if !shortage.may_ask(now) {
        return;
    }
    match BlockingPool::try_again(shared) {
        Ok(true) => shortage.granted(),
        Ok(false) => {}
        // It was logged when the call was made.
        Err(_) => {
            shortage.refused(now);
        }
    }
}

/// Every worker is stuck: an extra one starts, if one is left.
#[cold]
fn start_extra_worker(shared: &Arc<Shared>, shortage: &mut Shortage, now: Instant) {
    if !shortage.may_ask(now) {
        return;
    }
    match shared.start_extra_worker() {
        Ok(true) => {
            shortage.granted();
            shared.monitor.extra_workers.add(1);
        }
        Ok(false) => {}
        Err(error) => {
            if shortage.refused(now) {
                tracing::warn!(%error, "no thread for an extra worker");
            }
        }
    }
}

/// Looks at every worker once.
fn inspect(shared: &Arc<Shared>, sights: &mut [Sight], shortage: &mut Shortage) {
    let now = shared.clock.now();
    let base = shared.config.worker_threads;
    let mut stuck = 0;
    for (index, (seat, sight)) in shared.seats.iter().zip(sights.iter_mut()).enumerate() {
        let look = look(seat, sight, now);
        if look != Look::Lively && index < base {
            shared.help(|| {
                shared.driver.try_turn(index);
            });
        }
        let Look::Stuck(lasting) = look else { continue };
        rescue_children(shared, seat, sight);
        rescue_mail(shared, seat);
        if !seat.stealers.is_empty() {
            // Relaxed: whoever steals compares it with the heartbeat again.
            seat.stuck_at.store(sight.heartbeat, Relaxed);
            shared.notify();
        }
        if lasting >= shared.config.stall_threshold {
            stuck += usize::from(index < base);
            report(shared, sight, lasting);
        }
    }
    let everybody_is = stuck == base;
    if everybody_is && (something_waits(shared) || shared.waits_for_walk()) {
        start_extra_worker(shared, shortage, now);
    }
}

/// Compares a worker with what it was at the last look.
fn look(seat: &Seat, sight: &mut Sight, now: Instant) -> Look {
    // Relaxed: a mixture of old and new looks like movement, and the next look is soon.
    let heartbeat = seat.heartbeat.load(Relaxed);
    let task = seat.current.load(Relaxed);
    if task != 0 && heartbeat == sight.heartbeat && task == sight.task {
        let lasting = sight.since.map(|since| now.saturating_duration_since(since));
        return Look::Stuck(lasting.unwrap_or(Duration::ZERO));
    }
    let moved = heartbeat.wrapping_sub(sight.heartbeat);
    *sight = Sight { heartbeat, task, since: (task != 0).then_some(now), ..Sight::default() };
    if task != 0 && moved < duty::MAX_INTERVAL { Look::Slow } else { Look::Lively }
}

/// Queues hints for the children that the poll of a stuck worker keeps at hand, where others find
/// them: once for each. (I29) Not while there is something for them to find already: if nobody takes
/// it, the hints of children that their parent has run meanwhile would pile up there.
fn rescue_children(shared: &Shared, seat: &Seat, sight: &mut Sight) {
    if !shared.nothing_global() {
        return;
    }
    for address in seat.cradles.addresses() {
        let Some(task) = shared.task_at(address) else { continue };
        let word = task.state.load();
        let known = sight.rescued.contains(&Some(task.id()));
        if known || !word.is_scheduled() || !word.may_run_anywhere_now() {
            continue;
        }
        let oldest = sight.rescues % sight.rescued.len();
        sight.rescued[oldest] = Some(task.id());
        sight.rescues += 1;
        shared.inject(task.for_turn(word.turn()), word.lane());
    }
}

/// Hands the tasks that were to begin with a stuck worker to the others. With stealing off, they stay.
fn rescue_mail(shared: &Shared, seat: &Seat) {
    if !shared.config.work_stealing || seat.inbox.is_empty() {
        return;
    }
    while let Some(task) = seat.inbox.take() {
        let lane = task.state.load().lane();
        shared.inject(task, lane);
    }
}

fn something_waits(shared: &Shared) -> bool {
    !shared.nothing_global() || shared.seats.iter().any(|seat| !seat.stealers.is_empty())
}

/// Counts and names a stall, once.
fn report(shared: &Shared, sight: &mut Sight, lasting: Duration) {
    if std::mem::replace(&mut sight.reported, true) {
        return;
    }
    shared.monitor.stalls.add(1);
    if let Some(task) = shared.running_task_at(sight.task) {
        tracing::warn!(
            task = %Shared::describe(&task),
            lasting_ms = lasting.as_millis(),
            "a task holds its worker without suspending"
        );
    }
}
