//! Why a simulation cannot go on.
#![forbid(unsafe_code)]

use thiserror::Error;

/// A simulation did not come to its end. The texts name the seed: [`simulated`] with the same one, on the
/// same program, goes the same way.
///
/// [`simulated`]: crate::AsyncRuntimeBuilder::simulated
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// Everybody waits, no timer is set, and nothing is on its way through the network: the program waits
    /// for itself.
    /// With blocks inside tasks that lie on each other it may be one only here, see the
    /// [module](super).
    #[error(
        "seed {seed}: everybody waits for ever (tasks: {}, blocks: {blocks}): {}",
        .tasks.len(),
        list(.tasks)
    )]
    Deadlock {
        /// The seed.
        seed: u64,
        /// Threads in a `block_on`, the caller of [`run`](super::Simulation::run) among them.
        blocks: u32,
        /// The tasks that are left, in words.
        tasks: Vec<String>,
    },
    /// A task is runnable, and all workers sleep: a defect of the runtime, or of the program's own wakers.
    #[error("seed {seed}: all workers sleep although {runnable} tasks are runnable")]
    LostWakeUp {
        /// The seed.
        seed: u64,
        /// How many.
        runnable: u64,
    },
    /// It took more steps than the builder's `max_steps`.
    #[error("seed {seed}: not done after {steps} steps")]
    TooManySteps {
        /// The seed.
        seed: u64,
        /// How many were made.
        steps: u64,
    },
    /// The books do not balance at the end: a defect of the runtime.
    #[error("seed {seed}: {what}")]
    Unbalanced {
        /// The seed.
        seed: u64,
        /// What is wrong.
        what: String,
    },
}

/// The first few of them.
fn list(tasks: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = tasks.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if tasks.len() > SHOWN {
        text.push_str("; …");
    }
    text
}

impl SimulationError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Deadlock { seed, blocks, tasks } => format!(
                "种子 {seed}：{} 个任务和 {blocks} 处阻塞都在永久等待：{}",
                tasks.len(),
                list(tasks)
            ),
            Self::LostWakeUp { seed, runnable } => {
                format!("种子 {seed}：仍有 {runnable} 个任务可以运行，但所有工作线程都已休眠")
            }
            Self::TooManySteps { seed, steps } => format!("种子 {seed}：执行 {steps} 步后仍未结束"),
            Self::Unbalanced { seed, what } => format!("种子 {seed}：运行时的统计不一致：{what}"),
        }
    }
}
