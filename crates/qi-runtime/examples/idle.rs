//! Shows that an idle runtime is silent: 10,000 parked tasks, far timers, and no thread stirs.
//!
//! Sets up, waits until the runtime's threads stand still, then lets time pass between two marks
//! and prints what those threads did meanwhile. Run it under `strace -f` to see that they make no
//! system call. The figures come from `/proc`, so it needs Linux.
//!
//! ```text
//! cargo run --release -p qi-runtime --example idle [seconds]
//! ```

use qi_runtime::time::{Duration, sleep};
use qi_runtime::{AsyncRuntime, TaskStatus};
use std::error::Error;
use std::future::pending;
use std::io::Write as _;
use std::{fs, io, thread};

const TASKS: u64 = 10_000;

/// Looks at the threads at this distance while they settle.
const SETTLE_STEP: Duration = Duration::from_millis(200);

/// So many looks in a row without a change mean that they have settled; far more looks than that
/// mean that they never will, and the figures will say so.
const STILL_LOOKS: u32 = 3;
const MOST_LOOKS: u32 = 50;

/// What threads did since they began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Activity {
    voluntary_switches: u64,
    cpu_ns: u64,
}

impl Activity {
    /// The sum over all threads of the process but its first, which is the one that looks.
    fn of_other_threads() -> io::Result<Self> {
        let first = std::process::id().to_string();
        let mut sum = Self::default();
        for thread in fs::read_dir("/proc/self/task")? {
            let thread = thread?;
            if thread.file_name().to_str() == Some(&first) {
                continue;
            }
            let status = fs::read_to_string(thread.path().join("status"))?;
            let schedule = fs::read_to_string(thread.path().join("schedstat"))?;
            let switches = status.lines().find_map(|line| {
                line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok()
            });
            let cpu_ns =
                schedule.split_whitespace().next().and_then(|first| first.parse::<u64>().ok());
            let (Some(switches), Some(cpu_ns)) = (switches, cpu_ns) else {
                return Err(io::Error::other("/proc does not say what a thread did"));
            };
            sum.voluntary_switches += switches;
            sum.cpu_ns += cpu_ns;
        }
        Ok(sum)
    }

    fn settled() -> io::Result<Self> {
        let mut last = Self::of_other_threads()?;
        let mut still = 0;
        for _ in 0..MOST_LOOKS {
            thread::sleep(SETTLE_STEP);
            let now = Self::of_other_threads()?;
            still = if now == last { still + 1 } else { 0 };
            last = now;
            if still == STILL_LOOKS {
                break;
            }
        }
        Ok(last)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(10), |argument| argument.parse::<u64>())?;
    let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
    let tasks: Vec<_> = (0..TASKS)
        .map(|index| {
            runtime.spawn(async move {
                if index % 2 == 0 {
                    sleep(Duration::from_secs(3600 + index)).await;
                } else {
                    pending::<()>().await;
                }
            })
        })
        .collect();
    while tasks.iter().any(|task| task.status() != TaskStatus::Waiting) {
        thread::yield_now();
    }

    let before = Activity::settled()?;
    println!("idle: begin");
    thread::sleep(Duration::from_secs(seconds));
    // The mark goes out first: looking at `/proc` is no part of the silence.
    print!("idle: end ");
    io::stdout().flush()?;
    let after = Activity::of_other_threads()?;
    println!(
        "voluntary_switches={} cpu_us={}",
        after.voluntary_switches - before.voluntary_switches,
        (after.cpu_ns - before.cpu_ns).div_ceil(1000),
    );

    let parked = runtime.stats();
    println!("{} tasks parked, {} timers set", parked.active_tasks, parked.timers());
    runtime.shutdown()?;
    Ok(())
}
