//! Options of a simulation, and its making.
#![forbid(unsafe_code)]

use super::hub::Hub;
use super::net::{Link, Network};
use super::run::Simulation;
use super::world::{Limits, Parts, World};
use crate::builder::AsyncRuntimeBuilder;
use crate::error::RuntimeError;
use qi_sched::ManualClock;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the thread's stack that children run in place may fill: enough for all the levels that they
/// may be nested in, so that it is not the build that decides.
const STACK_FOR_CHILDREN: usize = 512 * 1024;

/// Options of a simulation. Made by
/// [`AsyncRuntimeBuilder::simulated`](crate::AsyncRuntimeBuilder::simulated).
#[derive(Debug)]
#[must_use = "nothing is made before build"]
pub struct SimulationBuilder {
    runtime: AsyncRuntimeBuilder,
    seed: u64,
    limits: Limits,
    link: Link,
}

impl SimulationBuilder {
    pub(crate) fn new(runtime: AsyncRuntimeBuilder, seed: u64) -> Self {
        let limits = Limits {
            max_steps: 10_000_000,
            longest_step: Duration::from_micros(100),
            trace_lines: 10_000,
        };
        Self { runtime, seed, limits, link: Link::default() }
    }

    /// How many steps a simulation may take, 10 million if not said: a program that goes round in circles
    /// ends with [`SimulationError::TooManySteps`](super::SimulationError::TooManySteps).
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.limits.max_steps = steps;
        self
    }

    /// How long a step of a worker takes at most on the simulation's clock, 100 µs if not said. Most take
    /// a small part of that. With zero, time only passes while everybody waits.
    pub fn longest_step(mut self, time: Duration) -> Self {
        self.limits.longest_step = time;
        self
    }

    /// How many lines of the trace are kept, 10,000 if not said.
    pub fn trace_lines(mut self, lines: usize) -> Self {
        self.limits.trace_lines = lines;
        self
    }

    /// What all hosts are connected by, unless said for two of them.
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Makes the simulation.
    ///
    /// # Errors
    /// As [`AsyncRuntimeBuilder::build`](crate::AsyncRuntimeBuilder::build); there are no threads to be
    /// refused.
    pub fn build(self) -> Result<Simulation, RuntimeError> {
        let Self { runtime, seed, limits, link } = self;
        let clock = Arc::new(ManualClock::new());
        let (stepper, hub, reactor) = runtime.build_stepper(seed, &clock, Hub::new)?;
        stepper.stay_alone();
        stepper.allow_stack(STACK_FOR_CHILDREN);
        let network = Network::new(seed, clock.clone(), link);
        let world = World::new(Parts { seed, stepper, hub, reactor, clock, network, limits });
        Ok(Simulation::new(Rc::new(world)))
    }
}
