//! An await that suspends, in a coroutine and in a future, under more and more calls: a future is polled from
//! the outermost frame down each time, a coroutine goes on where it was.
//!
//! Frames of the future are boxed, as they must be in a recursion; those of the coroutine are plain calls.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use qi_runtime::AsyncRuntime;
use qi_runtime::coroutine::Wait;

use super::own;
use crate::sample::Sample;
use crate::workload::Job;

/// Awaits of one measurement.
const AWAITS: u64 = 500_000;
/// Each is measured so often, in turns, and the least counts.
const TURNS: usize = 5;
/// Frames between the task and the await.
const LEVELS: [u32; 7] = [0, 4, 8, 12, 16, 24, 32];

/// Pending once, and woken at once.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[inline(never)]
fn calls(level: u32, awaits: u64) -> u64 {
    if level > 0 {
        return calls(level - 1, awaits) + black_box(0);
    }
    for _ in 0..awaits {
        Once(false).wait();
    }
    awaits
}

fn async_calls(level: u32, awaits: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if level > 0 {
            return async_calls(level - 1, awaits).await + black_box(0);
        }
        for _ in 0..awaits {
            Once(false).await;
        }
        awaits
    })
}

fn coroutine_ns(runtime: &AsyncRuntime, level: u32, awaits: u64) -> f64 {
    let start = Instant::now();
    own::inside(runtime, move || calls(level, awaits));
    start.elapsed().as_nanos() as f64 / awaits as f64
}

fn native_ns(runtime: &AsyncRuntime, level: u32, awaits: u64) -> f64 {
    let start = Instant::now();
    let done = runtime.block_on(runtime.spawn(async_calls(level, awaits)));
    let each = start.elapsed().as_nanos() as f64 / awaits as f64;
    assert_eq!(done.expect("no task of a bench panics"), awaits);
    each
}

/// Where two lines of points cross that `LEVELS` belong to: from there on the first is below. More than the
/// deepest level if they do not.
fn even_at(coroutine: &[f64], native: &[f64]) -> f64 {
    let over: Vec<f64> = coroutine.iter().zip(native).map(|(own, other)| own - other).collect();
    let Some(first) = over.iter().position(|over| *over <= 0.0) else {
        return f64::from(LEVELS[LEVELS.len() - 1]) * 2.0;
    };
    let Some(before) = first.checked_sub(1) else { return 0.0 };
    let (from, to) = (f64::from(LEVELS[before]), f64::from(LEVELS[first]));
    from + (to - from) * over[before] / (over[before] - over[first])
}

/// Measures both shapes at each level.
pub(super) fn measure(job: &Job) -> Sample {
    let runtime = own::runtime(job.workers);
    let awaits = job.count(AWAITS);
    let (mut coroutine, mut native) = ([f64::MAX; LEVELS.len()], [f64::MAX; LEVELS.len()]);
    for _ in 0..TURNS {
        for (index, level) in LEVELS.into_iter().enumerate() {
            coroutine[index] = coroutine[index].min(coroutine_ns(&runtime, level, awaits));
            native[index] = native[index].min(native_ns(&runtime, level, awaits));
        }
    }
    Sample::default()
        .with("operations", awaits as f64)
        .with("wall_ns", coroutine[0])
        .with("native_ns", native[0])
        .with("over_native_ns", coroutine[0] - native[0])
        .with("deep_ns", coroutine[LEVELS.len() - 1])
        .with("deep_native_ns", native[LEVELS.len() - 1])
        .with("even_at", even_at(&coroutine, &native))
}

#[cfg(test)]
mod tests {
    use super::even_at;

    #[test]
    fn the_crossing_lies_between_the_levels_around_it() {
        let flat = [40.0; 7];
        assert_eq!(even_at(&flat, &[20.0, 25.0, 30.0, 35.0, 45.0, 60.0, 80.0]), 14.0);
        assert_eq!(even_at(&flat, &[50.0; 7]), 0.0);
        assert_eq!(even_at(&flat, &[30.0; 7]), 64.0);
    }
}
