//! A future, dropped at each of its polls, in every interleaving with what the world does.
//!
//! One *run* makes a fresh world and a fresh future, and then does one of these, again and again:
//! *poll* the future, *step* the world, or *drop* the future. The runs together are all sequences
//! of these that differ: a search over the choices, depth first, each run a replay of the last
//! one with its last open choice changed. What would repeat itself is left out: once the world
//! has no steps left and the future has not been woken, polling it more than once in vain shows
//! nothing new.
//!
//! Each poll brings a waker of its own, because a future owes a wake-up to the last one only. A
//! future that was pending, whose last waker was not woken, and which is ready at the next poll
//! all the same has lost a wake-up: that fails the run.
//!
//! Where the world has threads of its own (a kernel, a worker), a future may become ready between
//! the look at its waker and the poll. [`world_moves_alone`](DropAtEveryPoll::world_moves_alone)
//! then looks for the lost wake-up elsewhere: when the world has no steps left, and two polls were
//! in vain, the next poll waits for the wake-up first. What there is to choose from depends on
//! counts alone in that mode, never on who was faster.

use crate::waker::WakeCount;
use crate::watched::until;
use std::fmt::{self, Write};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// More runs than this are a mistake in the test: too many steps, or a future that never ends.
const MAX_RUNS: usize = 200_000;

/// Polls of one run; beyond them the future wakes itself for ever.
const MAX_POLLS: usize = 1_000;

/// Polls in a row that nothing called for: the second shows that the first one harmed nothing.
const MAX_POLLS_IN_VAIN: usize = 2;

type Step<'a, W> = Box<dyn Fn(&W, usize) + 'a>;

/// Drops a future at every one of its polls, in every interleaving with the steps of a world.
///
/// After each drop the world takes the steps that it has left, and the verdict is asked.
/// See the example of the [crate](crate).
pub struct DropAtEveryPoll<'a, W> {
    make_world: Box<dyn Fn() -> W + 'a>,
    steps: usize,
    step: Step<'a, W>,
    may_keep_wakers: bool,
    world_moves_alone: bool,
}

/// How one run went.
#[derive(Debug)]
pub struct Run<T> {
    /// What the future gave, if it was polled to its end instead of dropped before.
    pub output: Option<T>,
    /// How often the future was polled.
    pub polls: usize,
    /// How many steps the world had taken when the future ended.
    pub steps: usize,
    /// How many wake-ups the future got, of all its polls' wakers.
    pub wakes: usize,
}

impl<T> Run<T> {
    /// Returns whether the future was polled to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.output.is_some()
    }
}

/// What all runs amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs in which the future was dropped before its end.
    pub dropped: usize,
    /// Runs in which it was polled to its end.
    pub completed: usize,
    /// The most polls of a run.
    pub most_polls: usize,
    /// Wake-ups of all runs.
    pub wakes: usize,
}

impl Summary {
    /// Returns how many runs there were.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.dropped + self.completed
    }
}

impl<W> fmt::Debug for DropAtEveryPoll<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropAtEveryPoll").field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl<'a, W> DropAtEveryPoll<'a, W> {
    /// Begins with a world that does nothing by itself; `make_world` is called for every run.
    pub fn new(make_world: impl Fn() -> W + 'a) -> Self {
        Self {
            make_world: Box::new(make_world),
            steps: 0,
            step: Box::new(|_, _| {}),
            may_keep_wakers: false,
            world_moves_alone: false,
        }
    }

    /// Has the world take `steps` steps; `step` is handed the number of the step, from 0.
    #[must_use]
    pub fn steps(mut self, steps: usize, step: impl Fn(&W, usize) + 'a) -> Self {
        self.steps = steps;
        self.step = Box::new(step);
        self
    }

    /// Allows that the world holds the future's wakers when the future is gone. Without this a
    /// run in which it does fails: what is held keeps a task's memory alive.
    #[must_use]
    pub fn may_keep_wakers(mut self) -> Self {
        self.may_keep_wakers = true;
        self
    }

    /// Says that the world has threads of its own, which bring events about at times that are theirs.
    ///
    /// A future that is ready without having been woken is no fault then, since it may just have
    /// become so. A wake-up that is lost shows as a run that waits for ever: run such tests
    /// [`watched`](crate::watched()).
    #[must_use]
    pub fn world_moves_alone(mut self) -> Self {
        self.world_moves_alone = true;
        self
    }

    /// Carries out all runs: `make_future` is called once in each, and `verdict` at its end, when
    /// the future is gone and the world has taken all its steps.
    ///
    /// # Panics
    /// When the verdict, a step, or the future panics; when the future lost a wake-up; when its
    /// waker is held after its end; when no run completed it; when there is no end to the runs. The sequence of the run is
    /// printed to standard error: `P` a poll, `S` a step, `D` the drop.
    #[track_caller]
    pub fn run<T>(
        &self,
        make_future: impl for<'w> Fn(&'w W) -> Pin<Box<dyn Future<Output = T> + 'w>>,
        verdict: impl Fn(&W, Run<T>),
    ) -> Summary {
        let mut summary = Summary::default();
        let mut choices = Choices::default();
        loop {
            let mut trace = String::new();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let world = (self.make_world)();
                let run = self.one_run(&world, &make_future, &mut choices, &mut trace);
                summary.count(&run);
                for step in run.steps..self.steps {
                    (self.step)(&world, step);
                }
                verdict(&world, run);
            }));
            if let Err(panic) = outcome {
                eprintln!("drop at every poll: run {} was {trace}", summary.runs());
                resume_unwind(panic);
            }
            if !choices.advance() {
                break;
            }
            assert!(summary.runs() < MAX_RUNS, "more than {MAX_RUNS} runs: too many steps");
        }
        assert!(summary.completed > 0, "no run completed the future, so nothing was shown");
        summary
    }

    fn one_run<T>(
        &self,
        world: &W,
        make_future: &impl for<'w> Fn(&'w W) -> Pin<Box<dyn Future<Output = T> + 'w>>,
        choices: &mut Choices,
        trace: &mut String,
    ) -> Run<T> {
        let mut future = make_future(world);
        let mut run = Run { output: None, polls: 0, steps: 0, wakes: 0 };
        let mut wakes: Vec<WakeCount> = Vec::new();
        let mut in_vain = 0;
        choices.rewind();
        loop {
            let woken = wakes.last().is_none_or(WakeCount::is_woken);
            let can_step = run.steps < self.steps;
            let waits = self.world_moves_alone && in_vain >= MAX_POLLS_IN_VAIN && !can_step;
            let called_for = waits || (woken && !self.world_moves_alone);
            let can_poll = called_for || in_vain < MAX_POLLS_IN_VAIN;
            let actions = [Some(Action::Drop), can_poll.then_some(Action::Poll)];
            let actions = actions.into_iter().chain([can_step.then_some(Action::Step)]).flatten();
            let action = choices.choose(&actions.collect::<Vec<_>>());
            let _ = write!(trace, "{action}");
            match action {
                Action::Drop => break,
                Action::Step => {
                    (self.step)(world, run.steps);
                    run.steps += 1;
                    in_vain = 0;
                }
                Action::Poll => {
                    run.polls += 1;
                    assert!(run.polls <= MAX_POLLS, "the future wakes itself for ever");
                    if waits {
                        until(|| wakes.last().is_none_or(WakeCount::is_woken));
                    }
                    in_vain = if called_for { 0 } else { in_vain + 1 };
                    let fresh = WakeCount::new();
                    let poll = future.as_mut().poll(&mut Context::from_waker(&fresh.waker()));
                    wakes.push(fresh);
                    if let Poll::Ready(output) = poll {
                        run.output = Some(output);
                        assert!(
                            woken || self.world_moves_alone,
                            "a wake-up was lost: ready, but never woken since pending"
                        );
                        break;
                    }
                }
            }
        }
        drop(future);
        run.wakes = wakes.iter().map(WakeCount::count).sum();
        let held = || wakes.iter().map(WakeCount::held).sum::<usize>();
        if self.world_moves_alone && !self.may_keep_wakers {
            // A thread that is about to wake holds one for a moment.
            until(|| held() == 0);
        }
        assert!(self.may_keep_wakers || held() == 0, "the future is gone; its waker is still held");
        run
    }
}

impl Summary {
    fn count<T>(&mut self, run: &Run<T>) {
        if run.is_complete() {
            self.completed += 1;
        } else {
            self.dropped += 1;
        }
        self.most_polls = self.most_polls.max(run.polls);
        self.wakes += run.wakes;
    }
}

/// What a run does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Drop,
    Poll,
    Step,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(match self {
            Action::Drop => 'D',
            Action::Poll => 'P',
            Action::Step => 'S',
        })
    }
}

/// The choices of the present run, and how many there were to choose from.
#[derive(Debug, Default)]
struct Choices {
    taken: Vec<(usize, usize)>,
    next: usize,
}

impl Choices {
    fn rewind(&mut self) {
        self.next = 0;
    }

    /// The choice of the replayed run, or the first one where that ended.
    fn choose(&mut self, actions: &[Action]) -> Action {
        if self.next == self.taken.len() {
            self.taken.push((0, actions.len()));
        }
        let (choice, open) = self.taken[self.next];
        assert_eq!(
            open,
            actions.len(),
            "the same choices led elsewhere: the test is not repeatable"
        );
        self.next += 1;
        actions[choice]
    }

    /// Turns to the next run; false when there is none.
    fn advance(&mut self) -> bool {
        while let Some((choice, open)) = self.taken.pop() {
            if choice + 1 < open {
                self.taken.push((choice + 1, open));
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeSet;
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Waker;

    #[derive(Default)]
    struct World {
        set: Cell<bool>,
        waiter: RefCell<Option<Waker>>,
    }

    fn wait(world: &World) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        struct Forget<'w>(&'w World);
        impl Drop for Forget<'_> {
            fn drop(&mut self) {
                self.0.waiter.take();
            }
        }
        let forget = Forget(world);
        Box::pin(async move {
            let Forget(world) = &forget;
            poll_fn(|cx| {
                if world.set.get() {
                    return Poll::Ready(());
                }
                *world.waiter.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            })
            .await;
        })
    }

    #[test]
    fn every_drop_point_and_every_interleaving_is_visited() {
        let seen = RefCell::new(BTreeSet::new());
        let summary = DropAtEveryPoll::new(World::default)
            .steps(1, |world, _| {
                world.set.set(true);
                if let Some(waiter) = world.waiter.take() {
                    waiter.wake();
                }
            })
            .run(wait, |world, run| {
                assert!(world.set.get());
                seen.borrow_mut().insert((run.is_complete(), run.polls, run.steps));
            });
        let expected = [
            (false, 0, 0),
            (false, 0, 1),
            (false, 1, 0),
            (false, 1, 1),
            (false, 2, 0),
            (false, 2, 1),
            (false, 3, 0),
            (false, 3, 1),
            (true, 1, 1),
            (true, 2, 1),
            (true, 3, 1),
            (true, 4, 1),
        ];
        assert_eq!(seen.into_inner(), BTreeSet::from(expected));
        assert_eq!(summary.runs(), expected.len());
        assert_eq!(summary.most_polls, 4);
    }

    #[test]
    #[should_panic(expected = "a wake-up was lost")]
    fn a_lost_wake_up_fails_the_run() {
        let harness = DropAtEveryPoll::new(World::default).steps(1, |world, _| {
            world.set.set(true);
            world.waiter.take();
        });
        harness.run(wait, |_, _| {});
    }

    #[test]
    #[should_panic(expected = "its waker is still held")]
    fn a_waker_that_outlives_its_future_fails_the_run() {
        let harness = DropAtEveryPoll::new(World::default).steps(1, |world, _| world.set.set(true));
        harness.run(
            |world| {
                Box::pin(poll_fn(|cx| {
                    *world.waiter.borrow_mut() = Some(cx.waker().clone());
                    Poll::<()>::Pending
                }))
            },
            |_, _| {},
        );
    }

    #[test]
    #[should_panic(expected = "no run completed the future")]
    fn a_future_that_never_ends_fails_the_runs() {
        DropAtEveryPoll::new(|| ()).run(|()| Box::pin(std::future::pending::<()>()), |(), _| {});
    }

    #[test]
    #[should_panic(expected = "the future wakes itself for ever")]
    fn a_future_that_wakes_itself_for_ever_fails_the_run() {
        DropAtEveryPoll::new(|| ()).run(
            |()| {
                Box::pin(poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    Poll::<()>::Pending
                }))
            },
            |(), _| {},
        );
    }

    /// Becomes ready, and wakes, on a thread of its own, after the first poll.
    fn wait_for_a_thread() -> Pin<Box<dyn Future<Output = ()>>> {
        let (asked, ready) = (Cell::new(false), Arc::new(AtomicBool::new(false)));
        Box::pin(poll_fn(move |cx| {
            if ready.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            // Each poll's waker is woken, so that the last one is.
            let (waker, ready) = (cx.waker().clone(), ready.clone());
            let delay = u64::from(asked.replace(true));
            std::thread::spawn(move || {
                (0..delay * 100).for_each(|_| std::thread::yield_now());
                ready.store(true, Ordering::SeqCst);
                waker.wake();
            });
            Poll::Pending
        }))
    }

    #[test]
    fn in_a_world_that_moves_alone_what_is_ready_unasked_is_no_fault_and_all_runs_are_the_same() {
        let summary = DropAtEveryPoll::new(|| ())
            .world_moves_alone()
            .run(|()| wait_for_a_thread(), |(), _| {});
        assert!(summary.completed > 0 && summary.most_polls > 1, "{summary:?}");
    }
}
