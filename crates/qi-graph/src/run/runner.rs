//! A task of the runtime that runs nodes, one after the other, in its own polls.
//!
//! # States
//! *Idle*: it takes the next node. *Flight*: a node has begun and not ended. *Pause*: its node
//! failed and waits to be tried again. When a node suspends, its runner stays with it and stops
//! being active, and a new one takes the next node: so nodes that do not suspend cost no spawn, and
//! those that do are woken directly.
//!
//! # Rejected alternatives
//! Runners that keep many suspended nodes, as in a `FuturesUnordered`: one task is one poll at a
//! time, so nodes would not run in parallel and would share one budget.

use super::ending::StopReason;
use super::limit::Place;
use super::queue::{Help, Next, Queue};
use super::record::{Content, NodeStatus};
use super::settle::{Fate, drop_guarded, guarded};
use super::{Live, Shared, lock};
use crate::body::{Begun, Body, NodeFuture, Outcome};
use crate::context::NodeContext;
use crate::draw::Bar;
use crate::error::{NodeError, NodeFailure, Skip};
use crate::event::Step;
use crate::options::OnFailure;
use crate::retry::scatter;
use qi_runtime::TaskPriority;
use qi_runtime::time::{Sleep, sleep, timeout};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use thiserror::Error;

/// A runner gives other tasks a turn after so long.
const SLICE_NS: u64 = 100_000;

/// The task.
pub(super) struct Runner {
    lane: TaskPriority,
    /// Whether the queue counts it.
    active: bool,
    place: Option<Place>,
    /// Its place among the sleepers.
    sleeper: Option<usize>,
    work: Work,
    /// The node that it took and has not begun.
    next: Option<u32>,
    /// The last reading of the clock, and the one at the beginning of this turn.
    now_ns: u64,
    turn_ns: u64,
    /// Turns of nodes that can begin, on their way to the queue.
    ready: Vec<u32>,
    ended: bool,
    live: Live,
}

enum Work {
    Idle,
    Flight(Flight),
    Pause { node: u32, sleep: Pin<Box<Sleep>> },
}

/// A node that has begun.
struct Flight {
    node: u32,
    attempt: u32,
    begun_ns: u64,
    /// Before the body, which made it.
    future: Option<NodeFuture>,
    body: Box<dyn Body>,
}

/// A node whose attempt has ended.
struct Landing {
    flight: Flight,
    fate: Fate,
}

/// What a runner does after a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It goes on.
    Go,
    /// It lets others run, and is polled again.
    Yield,
    /// It ends.
    Over,
}

impl Runner {
    pub(super) fn new(live: Live, lane: TaskPriority, place: Option<Place>) -> Self {
        Self {
            lane,
            active: true,
            place,
            sleeper: None,
            work: Work::Idle,
            next: None,
            now_ns: 0,
            turn_ns: 0,
            ready: Vec::new(),
            ended: false,
            live,
        }
    }

    fn run(&self) -> &Arc<Shared> {
        self.live.run()
    }

    /// Lets others run, when the budget is spent or the turn has been long.
    fn is_due_to_yield(&mut self, cx: &mut Context<'_>) -> bool {
        if self.now_ns.saturating_sub(self.turn_ns) > SLICE_NS {
            return Pin::new(&mut qi_runtime::yield_now()).poll(cx).is_pending();
        }
        match qi_runtime::coop::poll_proceed(cx) {
            Poll::Ready(progress) => {
                progress.made_progress();
                false
            }
            Poll::Pending => true,
        }
    }

    /// Tells the queue what has ended, and takes the next node.
    fn advance(&mut self, ended: usize, took_ns: Option<u64>) -> Turn {
        let run = self.live.run();
        let limited = !run.places.are_unlimited();
        let mut queue = lock(&run.queue);
        queue.ended(ended, took_ns);
        queue.extend(&mut self.ready);
        if limited && self.place.is_none() && !queue.is_empty() {
            self.place = run.places.take(run);
        }
        let next = if limited && self.place.is_none() {
            if self.active {
                queue.deactivate(self.lane);
            }
            Next::End
        } else if self.active || queue.activate(self.lane) {
            queue.take(self.lane)
        } else {
            Next::End
        };
        self.active = matches!(next, Next::Node(_));
        let soon = queue.peek();
        self.release_queue(queue);
        if let Some(soon) = soon {
            // While this node runs the record of the next one comes from memory.
            self.run().slots[soon as usize].touch();
        }
        match next {
            Next::Node(node) => {
                self.next = Some(node);
                return Turn::Go;
            }
            Next::End => {}
            Next::HandOver(lane) => {
                let place = self.place.take();
                self.run().spawn_runner(Help { lane, elsewhere: false }, place);
            }
        }
        Turn::Over
    }

    /// Tells the queue what has ended, and takes nothing.
    fn deliver(&mut self, ended: usize, took_ns: Option<u64>) {
        let run = self.live.run();
        let mut queue = lock(&run.queue);
        queue.ended(ended, took_ns);
        queue.extend(&mut self.ready);
        self.release_queue(queue);
    }

    /// Calls help if there is work for it, wakes the watchdog if there is no more.
    fn release_queue(&self, mut queue: MutexGuard<'_, Queue>) {
        let run = self.live.run();
        let help = run.call_help(&mut queue);
        let over = queue.left() == 0;
        drop(queue);
        if let Some(help) = help {
            run.spawn_runner(help, None);
        }
        if over {
            run.places.forget(run);
            if run.has_deadline {
                run.sleepers.wake_all();
            }
        }
    }

    /// Begins an attempt.
    fn begin(&mut self, node: u32) -> Result<Flight, Landing> {
        let run = self.live.run();
        let now = self.now_ns;
        let (body, attempt) = run.slots[node as usize].with(|record| {
            record.status = NodeStatus::Running;
            record.attempts += 1;
            record.begun = now;
            (record.take_body(), record.attempts)
        });
        let Some(mut body) = body else { unreachable!("a queued node has its code in its place") };
        run.tell(node, || Step::Started { attempt });
        let context = || NodeContext::new(run.clone(), node, attempt);
        let begun = guarded(|| body.begin(&run.store(), &context));
        let mut flight = Flight { node, attempt, begun_ns: now, future: None, body };
        match begun {
            Ok(Begun::Future(future)) => {
                let timeout = flight.body.limits().and_then(|limits| limits.timeout);
                flight.future = Some(match timeout {
                    None => future,
                    Some(limit) => Box::pin(limited(limit, future)),
                });
                Ok(flight)
            }
            Ok(Begun::Ended(outcome)) => Err(Landing { flight, fate: outcome.into() }),
            Err(text) => {
                let fate = Fate::Failed(NodeFailure::Panicked(text));
                Err(Landing { flight, fate })
            }
        }
    }

    /// The node is suspended: somebody else takes the next one.
    fn suspend(&mut self, cx: &Context<'_>) {
        let run = self.live.run();
        match self.sleeper {
            None => self.sleeper = Some(run.sleepers.add(cx.waker().clone())),
            Some(place) => run.sleepers.update(place, cx.waker()),
        }
        // After the waker was left: a stop before that is seen here, one after it wakes.
        if run.is_stopped() {
            cx.waker().wake_by_ref();
        }
        if std::mem::take(&mut self.active) {
            let mut queue = lock(&run.queue);
            queue.deactivate(self.lane);
            let help = run.call_help(&mut queue);
            drop(queue);
            if let Some(help) = help {
                // This worker is about to be free.
                run.spawn_runner(Help { elsewhere: false, ..help }, None);
            }
        }
    }

    /// A node's attempt has ended: it is tried again, or settled, and the next one taken.
    fn conclude(&mut self, landing: Landing, cx: &mut Context<'_>) -> Turn {
        let Landing { mut flight, mut fate } = landing;
        // Whatever the future held is dropped before anybody learns of the end.
        let dropped = drop_guarded(flight.future.take());
        if let (Err(text), false) = (dropped, matches!(fate, Fate::Cancelled)) {
            fate = Fate::Failed(NodeFailure::Panicked(text));
        }
        if let Some(place) = self.sleeper.take() {
            self.run().sleepers.remove(place);
        }
        self.now_ns = self.run().now_ns();
        if let Some(pause) = self.pause_before_retry(&flight, &fate) {
            self.pause(flight, &fate, pause);
            return Turn::Go;
        }
        let took_ns = self.now_ns.saturating_sub(flight.begun_ns);
        if let (Err(text), Fate::Done(_)) = (drop_guarded(flight.body), &fate) {
            fate = Fate::Failed(NodeFailure::Panicked(text));
        }
        let run = self.live.run();
        let stop = matches!(fate, Fate::Failed(_)) && run.on_failure == OnFailure::Stop;
        let ended = run.settle(flight.node, fate, self.now_ns, &mut self.ready);
        if stop {
            run.stop(StopReason::Failure);
        }
        if self.is_due_to_yield(cx) {
            self.deliver(ended, Some(took_ns));
            return Turn::Yield;
        }
        self.advance(ended, Some(took_ns))
    }

    /// How long to wait for another attempt, if there is to be one.
    fn pause_before_retry(&self, flight: &Flight, fate: &Fate) -> Option<Duration> {
        let Fate::Failed(NodeFailure::Error(_) | NodeFailure::TimedOut(_)) = fate else {
            return None;
        };
        let retry = flight.body.limits()?.retry.as_ref()?;
        if retry.attempts_left_after(flight.attempt) == 0 || self.run().is_stopped() {
            return None;
        }
        let place = u64::from(flight.node) << 32 | u64::from(flight.attempt);
        Some(retry.jittered_pause(flight.attempt, scatter(self.run().seed, place)))
    }

    fn pause(&mut self, flight: Flight, fate: &Fate, pause: Duration) {
        let Flight { node, attempt, begun_ns, body, .. } = flight;
        let run = self.live.run();
        let bar = Bar::failed_attempt(run.names.get(node), begun_ns, self.now_ns);
        lock(&run.extra_bars).push(bar);
        if let Fate::Failed(failure) = fate {
            run.tell(node, || Step::Retrying { attempt, pause, error: failure.to_string() });
        }
        run.slots[node as usize].with(|record| {
            record.content = Content::Body(body);
            record.status = NodeStatus::Waiting;
        });
        self.place = None;
        self.work = Work::Pause { node, sleep: Box::pin(sleep(pause)) };
    }

    /// Goes on with the node that has begun.
    fn fly(&mut self, cx: &mut Context<'_>) -> Poll<Landing> {
        let Work::Flight(mut flight) = std::mem::replace(&mut self.work, Work::Idle) else {
            unreachable!("asked in flight only")
        };
        let polled =
            if self.run().is_stopped() { Poll::Ready(Fate::Cancelled) } else { flight.poll(cx) };
        match polled {
            Poll::Ready(fate) => Poll::Ready(Landing { flight, fate }),
            Poll::Pending => {
                self.work = Work::Flight(flight);
                Poll::Pending
            }
        }
    }

    /// Waits until the node of this pause may begin again, or never will.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let run = self.live.run();
        let Work::Pause { node, sleep } = &mut self.work else {
            unreachable!("asked in a pause only")
        };
        if !run.is_stopped() {
            ready!(sleep.as_mut().poll(cx));
            run.tell(*node, || Step::Queued);
            self.ready.push(run.gates[*node as usize].turn());
        }
        if let Some(place) = self.sleeper.take() {
            run.sleepers.remove(place);
        }
        self.work = Work::Idle;
        Poll::Ready(())
    }

    /// Does one thing: takes a node, begins it, goes on with it, or waits for it.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        match &self.work {
            Work::Idle => {
                let Some(node) = self.next.take() else {
                    return Poll::Ready(self.advance(0, None));
                };
                match self.begin(node) {
                    Ok(flight) => self.work = Work::Flight(flight),
                    Err(landing) => return Poll::Ready(self.conclude(landing, cx)),
                }
            }
            Work::Flight(_) => {
                let landing = ready!(self.fly(cx));
                return Poll::Ready(self.conclude(landing, cx));
            }
            Work::Pause { .. } => ready!(self.rest(cx)),
        }
        Poll::Ready(Turn::Go)
    }
}

impl Future for Runner {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.now_ns = this.run().now_ns();
        this.turn_ns = this.now_ns;
        loop {
            match this.turn(cx) {
                Poll::Ready(Turn::Go) => {}
                Poll::Ready(Turn::Yield) => return Poll::Pending,
                Poll::Ready(Turn::Over) => {
                    this.ended = true;
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    this.suspend(cx);
                    return Poll::Pending;
                }
            }
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(place) = self.sleeper.take() {
            self.run().sleepers.remove(place);
        }
        if !self.ended {
            // Only a runtime that shuts down drops a runner before it has ended. The run cannot
            // go on without it.
            self.run().stop(StopReason::ShutDown);
            let work = std::mem::replace(&mut self.work, Work::Idle);
            // A panic of somebody's drop has nobody to go to.
            let _ = drop_guarded(work);
        }
    }
}

impl Flight {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Fate> {
        let Some(future) = &mut self.future else { unreachable!("it stays until the flight ends") };
        match guarded(|| future.as_mut().poll(cx)) {
            Ok(polled) => polled.map(Fate::from),
            Err(text) => Poll::Ready(Fate::Failed(NodeFailure::Panicked(text))),
        }
    }
}

/// The time limit of an attempt has passed: an error of ours among those of nodes.
#[derive(Debug, Error)]
#[error("the time limit of {0:?} has passed")]
struct TimedOut(Duration);

/// An attempt with a time limit.
async fn limited(limit: Duration, future: NodeFuture) -> Outcome {
    match timeout(limit, future).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Box::new(TimedOut(limit))),
    }
}

impl From<Outcome> for Fate {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Ok(output) => Self::Done(output),
            Err(error) => Self::of_error(error),
        }
    }
}

impl Fate {
    #[cold]
    fn of_error(error: NodeError) -> Self {
        let error = match error.downcast::<Skip>() {
            Ok(skip) => return Self::Skipped(skip.0),
            Err(error) => error,
        };
        Self::Failed(match error.downcast::<TimedOut>() {
            Ok(passed) => NodeFailure::TimedOut(passed.0),
            Err(error) => NodeFailure::Error(Arc::from(error)),
        })
    }
}
