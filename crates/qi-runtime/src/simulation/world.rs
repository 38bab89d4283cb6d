//! The loop of a simulation: who goes on next, when time passes, and when nothing can go on any more.
//!
//! # What is simulated
//! One thread stands for all. A simulated worker is the production worker with its queues, its share
//! account, its randomness and its timers' wheel; only the thread around it is missing. Where that would
//! park, the worker is taken to sleep, and goes on only when the runtime has unparked its seat, a timer of
//! its seat is due, or the network has something: so a wake-up that the runtime forgets is one that never
//! comes. (I75) The seed chooses who goes on, how long each step takes, which blocking call runs when, and
//! all that the network does.
//!
//! # Blocking
//! A thread in a `block_on`, that of the program or one inside a task, goes on with this loop instead of
//! sleeping. Blocks lie on one stack then, and return innermost first: one that waits for another one below
//! it is a deadlock here, and would be none on threads. A test that needs such a pair runs on a real
//! runtime.
//!
//! # Time
//! The clock moves by a little with each step, and to the next timer or packet when nothing can go on;
//! never back, and never past either of them while somebody could still act before it. (I76)
//!
//! # Rejected
//! * A thread per worker with a baton that only one holds: blocks would not lie on each other, at the price
//!   of two context switches a step, a hundred times what a step costs.
//! * Stepping sleeping workers now and then: it would hide lost wake-ups.
#![forbid(unsafe_code)]

use super::dice::{Concern, Dice};
use super::error::SimulationError;
use super::hub::Hub;
use super::net::Network;
use super::trace::{Event, Trace};
use qi_reactor::Reactor;
use qi_sched::{Clock, ManualClock, SchedState, StepOutcome, Stepper, Tally};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

thread_local! {
    /// The simulation that this thread runs.
    static CURRENT: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// Where a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Awake,
    Asleep,
    Left,
}

/// Who can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Candidate {
    Worker(usize),
    BlockingCall,
}

/// How the seed likes to choose: schedules that are even all the time would miss what comes of long
/// stretches.
#[derive(Clone, Copy, Debug)]
enum Style {
    Even,
    /// The same one goes on, mostly.
    Sticky,
    /// One worker hardly gets a turn.
    Slow(usize),
}

/// Limits of a simulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_steps: u64,
    pub(super) longest_step: Duration,
    pub(super) trace_lines: usize,
}

/// One simulation.
pub(super) struct World {
    seed: u64,
    stepper: Stepper,
    hub: Arc<Hub>,
    reactor: Arc<Reactor>,
    clock: Arc<ManualClock>,
    begun: Instant,
    network: Network,
    places: Box<[Cell<Place>]>,
    tallies: Box<[Cell<Tally>]>,
    last: Cell<Candidate>,
    style: Style,
    order: RefCell<Dice>,
    program: RefCell<Dice>,
    trace: RefCell<Trace>,
    limits: Limits,
    steps: Cell<u64>,
    /// Threads in a `block_on`, one on top of the other.
    blocks: Cell<u32>,
    /// Why it cannot go on.
    fault: RefCell<Option<SimulationError>>,
}

/// What a world is made of.
pub(super) struct Parts {
    pub(super) seed: u64,
    pub(super) stepper: Stepper,
    pub(super) hub: Arc<Hub>,
    pub(super) reactor: Arc<Reactor>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) network: Network,
    pub(super) limits: Limits,
}

impl World {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { seed, stepper, hub, reactor, clock, network, limits } = parts;
        let workers = stepper.workers();
        let mut order = Dice::new(seed, Concern::Order);
        let style = match order.below(4) {
            0 => Style::Sticky,
            1 => Style::Slow(order.index(workers)),
            _ => Style::Even,
        };
        Self {
            seed,
            begun: clock.now(),
            places: (0..workers).map(|_| Cell::new(Place::Awake)).collect(),
            tallies: (0..workers).map(|_| Cell::default()).collect(),
            last: Cell::new(Candidate::BlockingCall),
            style,
            order: RefCell::new(order),
            program: RefCell::new(Dice::new(seed, Concern::Program)),
            trace: RefCell::new(Trace::new(seed, limits.trace_lines)),
            limits,
            steps: Cell::new(0),
            blocks: Cell::new(0),
            fault: RefCell::new(None),
            stepper,
            hub,
            reactor,
            clock,
            network,
        }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn stepper(&self) -> &Stepper {
        &self.stepper
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn trace(&self) -> Trace {
        self.trace.borrow().clone()
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub(super) fn fault(&self) -> Option<SimulationError> {
        self.fault.borrow().clone()
    }

    /// Time since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now() - self.begun
    }

    pub(super) fn note(&self, what: Event) {
        self.trace.borrow_mut().push(self.elapsed(), what);
    }

    pub(super) fn program_below(&self, bound: u64) -> u64 {
        self.program.borrow_mut().below(bound)
    }

    /// One step on behalf of somebody who waits, and now and then a few more: whoever has been woken does
    /// not always go on at once.
    fn go_on(&self) -> Result<(), SimulationError> {
        self.tick()?;
        let more = self.order.borrow_mut().below(3);
        for _ in 0..more {
            if self.candidates().is_empty() {
                break;
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Shuts down: steps until all workers have left.
    pub(super) fn close(&self) -> Result<(), SimulationError> {
        self.note(Event::Closed);
        self.fault.replace(None);
        self.stepper.close();
        while self.places.iter().any(|place| place.get() != Place::Left) {
            self.tick()?;
        }
        Ok(())
    }

    fn tick(&self) -> Result<(), SimulationError> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        self.try_tick().inspect_err(|error| {
            self.fault.replace(Some(error.clone()));
        })
    }

    fn try_tick(&self) -> Result<(), SimulationError> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > self.limits.max_steps {
            return Err(SimulationError::TooManySteps {
                seed: self.seed,
                steps: self.limits.max_steps,
            });
        }
        self.pass_time();
        self.deliver();
        let candidates = self.candidates();
        if candidates.is_empty() {
            return self.jump();
        }
        match self.choose(&candidates) {
            Candidate::Worker(worker) => self.step(worker),
            Candidate::BlockingCall => {
                let waiting = self.stepper.blocking_calls();
                let index = self.order.borrow_mut().index(waiting);
                self.note(Event::Called);
                self.stepper.run_blocking_call(index);
            }
        }
        Ok(())
    }

    /// A step takes a moment: mostly a short one.
    fn pass_time(&self) {
        let mut dice = self.order.borrow_mut();
        let longest = u64::try_from(self.limits.longest_step.as_nanos()).unwrap_or(u64::MAX);
        let longest = if dice.below(32) == 0 { longest } else { longest / 64 };
        let by = dice.below(longest.saturating_add(1));
        self.clock.advance(Duration::from_nanos(by));
    }

    /// Whom the network has something for. A worker collects it, as one that turns its shard.
    fn deliver(&self) {
        if self.network.next_due().is_none_or(|due| due > self.elapsed()) {
            return;
        }
        let present: Vec<usize> =
            (0..self.places.len()).filter(|w| self.places[*w].get() != Place::Left).collect();
        if present.is_empty() {
            self.network.deliver();
        } else {
            let worker = present[self.order.borrow_mut().index(present.len())];
            self.rouse(worker);
            self.stepper.collect(worker, || self.network.deliver());
        }
        for line in self.network.take_log() {
            self.note(Event::Network(line));
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let now = self.clock.now();
        let goes_on = |worker: &usize| match self.places[*worker].get() {
            Place::Awake => true,
            Place::Asleep => {
                self.hub.has_notice(*worker)
                    || self.reactor.next_deadline(*worker).is_some_and(|due| due <= now)
            }
            Place::Left => false,
        };
        let workers = (0..self.places.len()).filter(goes_on).map(Candidate::Worker);
        let calls = (self.stepper.blocking_calls() > 0).then_some(Candidate::BlockingCall);
        workers.chain(calls).collect()
    }

    fn choose(&self, candidates: &[Candidate]) -> Candidate {
        let mut dice = self.order.borrow_mut();
        let mut chosen = candidates[dice.index(candidates.len())];
        match self.style {
            Style::Even => {}
            Style::Sticky => {
                if candidates.contains(&self.last.get()) && dice.below(8) != 0 {
                    chosen = self.last.get();
                }
            }
            Style::Slow(worker) => {
                if chosen == Candidate::Worker(worker) && dice.below(8) != 0 {
                    chosen = candidates[dice.index(candidates.len())];
                }
            }
        }
        self.last.set(chosen);
        chosen
    }

    /// A worker that sleeps returns from where it parks.
    fn rouse(&self, worker: usize) {
        if self.places[worker].get() == Place::Asleep {
            self.hub.take_notice(worker);
            self.places[worker].set(Place::Awake);
            self.note(Event::Woke { worker });
        }
    }

    /// A worker blocks inside a poll: it keeps its seat, and what it has left there it comes to itself,
    /// though it may have fallen asleep when it was stepped in an earlier block of that poll.
    fn is_at_work(&self, worker: Option<usize>) {
        if let Some(place) = worker.and_then(|worker| self.places.get(worker)) {
            if place.get() == Place::Asleep {
                place.set(Place::Awake);
            }
        }
    }

    fn step(&self, worker: usize) {
        if self.places[worker].get() == Place::Asleep {
            self.rouse(worker);
            // Before its park returns it fires what is due.
            self.stepper.collect(worker, || self.reactor.try_turn(worker));
        }
        let outcome = self.stepper.step(worker);
        let (now, before) = (self.stepper.tally(worker), self.tallies[worker].get());
        self.tallies[worker].set(now);
        self.note(Event::Stepped { worker, outcome, did: since(now, before) });
        self.places[worker].set(match outcome {
            StepOutcome::Worked => Place::Awake,
            StepOutcome::WouldPark => Place::Asleep,
            StepOutcome::Left => Place::Left,
        });
    }

    /// Nothing can go on: time passes until something happens (I76). Nothing is left to be run then: a
    /// task that waits in a queue while all sleep was forgotten (I75), though a timer may rouse somebody who
    /// finds it.
    fn jump(&self) -> Result<(), SimulationError> {
        let runnable = self.stepper.runnable();
        if runnable > 0 {
            return Err(SimulationError::LostWakeUp { seed: self.seed, runnable });
        }
        let timers = (0..self.places.len()).filter_map(|seat| self.reactor.next_deadline(seat));
        let timer = timers.min().map(|due| due.saturating_duration_since(self.begun));
        let next = timer.into_iter().chain(self.network.next_due()).min();
        let Some(next) = next else { return Err(self.stuck()) };
        self.clock.advance(next.saturating_sub(self.elapsed()));
        self.note(Event::Jumped);
        Ok(())
    }

    /// What it is called when nothing will ever happen any more.
    fn stuck(&self) -> SimulationError {
        let stats = self.stepper.handle().stats();
        let seed = self.seed;
        if self.stepper.handle().state() != SchedState::Running {
            return SimulationError::LostWakeUp { seed, runnable: stats.queued_tasks };
        }
        let mut tasks = stats.tasks();
        tasks.sort_by_key(|task| task.id);
        let in_words = |task: &qi_sched::TaskInfo| {
            let name = task.name.as_ref().map(|name| format!(" '{name}'")).unwrap_or_default();
            format!("task {}{name} of {} ({})", task.id, task.location, task.status)
        };
        let blocks = self.blocks.get();
        SimulationError::Deadlock { seed, blocks, tasks: tasks.iter().map(in_words).collect() }
    }
}

fn since(now: Tally, before: Tally) -> Tally {
    let mut did = now;
    did.polls -= before.polls;
    did.steals -= before.steals;
    did.in_place -= before.in_place;
    did
}

/// Makes `world` the thread's simulation while `code` runs.
pub(super) fn enter<R>(world: &Rc<World>, code: impl FnOnce() -> R) -> R {
    struct Leave(Option<Rc<World>>);
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = CURRENT.replace(self.0.take());
        }
    }
    let _leave = Leave(CURRENT.replace(Some(world.clone())));
    code()
}

/// The simulation that this thread runs.
pub(super) fn current() -> Option<Rc<World>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// A step of this thread's simulation, if it is that of `hub`. One that cannot go on unwinds, with the
/// reason as payload, out of the innermost block.
pub(super) fn go_on(hub: &Hub, fresh: bool) -> bool {
    let Some(world) = current().filter(|world| std::ptr::eq(&*world.hub, hub)) else {
        return false;
    };
    if fresh {
        world.is_at_work(qi_sched::context::seat());
    }
    world.blocks.set(world.blocks.get() + 1);
    let went_on = world.go_on();
    world.blocks.set(world.blocks.get() - 1);
    if let Err(error) = went_on {
        std::panic::resume_unwind(Box::new(error));
    }
    true
}
