//! What the C ABI is held against: the same work as in `c/abi.c`, through Qi's Rust interface. An
//! operation is a task that is spawned and awaited, or a value that is sent and finds room.

use std::hint::black_box;
use std::time::Instant;

use qi_runtime::channel::mpmc;
use qi_runtime::coroutine::Wait;
use qi_runtime::{AsyncRuntime, spawn, spawn_coroutine};

use super::Job;
use crate::measure::process_cpu_ns;
use crate::sample::Sample;

/// Operations.
const TURNS: u64 = 1_000_000;
/// Values that are sent before they are received: all of them find room.
const BATCH: u64 = 1000;

/// Time and CPU time of several stretches together.
#[derive(Default)]
struct Stretches {
    wall_ns: f64,
    cpu_ns: f64,
}

impl Stretches {
    /// Adds what has passed since then.
    fn add(&mut self, (wall, cpu): (Instant, u64)) {
        self.wall_ns += wall.elapsed().as_nanos() as f64;
        self.cpu_ns += (process_cpu_ns() - cpu) as f64;
    }

    fn over(self, turns: u64) -> Sample {
        let turns = turns as f64;
        Sample::default()
            .with("operations", turns)
            .with("wall_ns", self.wall_ns / turns)
            .with("cpu_ns", self.cpu_ns / turns)
    }
}

fn now() -> (Instant, u64) {
    (Instant::now(), process_cpu_ns())
}

async fn awaits_futures(turns: u64) -> Sample {
    let (begin, mut spent) = (now(), Stretches::default());
    for turn in 0..turns {
        let child = spawn(async move { black_box(turn) });
        assert_eq!(child.join().await.expect("it does not panic"), turn);
    }
    spent.add(begin);
    spent.over(turns)
}

fn awaits_coroutines(turns: u64) -> Sample {
    let (begin, mut spent) = (now(), Stretches::default());
    for turn in 0..turns {
        let child = spawn_coroutine(move || black_box(turn));
        assert_eq!(child.join().wait().expect("it does not panic"), turn);
    }
    spent.add(begin);
    spent.over(turns)
}

fn channel() -> (mpmc::Sender<u64>, mpmc::Receiver<u64>) {
    mpmc::bounded(2 * BATCH as usize)
}

fn drain(receiver: &mpmc::Receiver<u64>) {
    for _ in 0..BATCH {
        black_box(receiver.try_recv().expect("they were sent"));
    }
}

async fn sends(turns: u64) -> Sample {
    let ((sender, receiver), mut spent) = (channel(), Stretches::default());
    for _ in 0..turns / BATCH {
        let begin = now();
        for number in 0..BATCH {
            sender.send(number).await.expect("it is open");
        }
        spent.add(begin);
        drain(&receiver);
    }
    spent.over(turns)
}

fn sends_suspending(turns: u64) -> Sample {
    let ((sender, receiver), mut spent) = (channel(), Stretches::default());
    for _ in 0..turns / BATCH {
        let begin = now();
        for number in 0..BATCH {
            sender.send(number).wait().expect("it is open");
        }
        spent.add(begin);
        drain(&receiver);
    }
    spent.over(turns)
}

/// Runs a workload; `None` for a name that is not among them.
pub(crate) fn run(workload: &str, job: &Job) -> Option<Sample> {
    let turns = job.count(TURNS);
    let runtime = AsyncRuntime::builder().worker_threads(job.workers).build();
    let runtime = runtime.expect("a Qi runtime starts");
    let one = |turns| {
        let task = match workload {
            "abi-await" => runtime.spawn(awaits_futures(turns)),
            "abi-await-stack" => runtime.spawn_coroutine(move || awaits_coroutines(turns)),
            "abi-send" => runtime.spawn(sends(turns)),
            "abi-send-stack" => runtime.spawn_coroutine(move || sends_suspending(turns)),
            _ => return None,
        };
        Some(runtime.block_on(task).expect("it does not panic"))
    };
    one(turns / 10)?;
    one(turns)
}
