//! A million coroutines suspended at once, each resumed four times, and what they take of memory.
//!
//! `million [COUNT [KIB...]]`: so many coroutines (default 1,000,000) with stacks of so many KiB
//! (default 64), each size in a process of its own, because page tables stay once they are there.
#![forbid(unsafe_code)]

use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig, yield_now};
use std::env;
use std::error::Error;
use std::fs;
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Set in the processes that measure.
const SIZE: &str = "QI_MILLION_KIB";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let count = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    if let Ok(size) = env::var(SIZE) {
        return measure(count, size.parse()?);
    }
    let mut sizes: Vec<String> = arguments.collect();
    if sizes.is_empty() {
        sizes.push("64".into());
    }
    for size in sizes {
        let mut own = Command::new(env::current_exe()?);
        if !own.arg(count.to_string()).env(SIZE, size).status()?.success() {
            return Err("a process that measures failed".into());
        }
    }
    Ok(())
}

/// Goes down some frames, and is suspended at the bottom.
#[inline(never)]
fn deep(level: u64) -> u64 {
    if level == 0 {
        yield_now();
        return 1;
    }
    deep(level - 1) + 1
}

fn measure(count: u64, kib: usize) -> Result<(), Box<dyn Error>> {
    let config = StackPoolConfig::default().max_stack_size(kib * 1024).stack_pool_size(0);
    let pool = StackPool::new(config)?;
    let mut all: Vec<Coroutine<u64>> = Vec::with_capacity(usize::try_from(count)?);
    let before = (kib_of("VmRSS:"), kib_of("VmPTE:"), mappings());
    let start = Instant::now();
    for n in 0..count {
        let body = move || (0..4).map(|round| n * deep(3) + round).sum::<u64>();
        all.push(Coroutine::new(pool.take(None)?, Label::numbered(n), body));
    }
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..4 {
        for one in &mut all {
            assert!(Pin::new(one).poll(&mut cx).is_pending());
        }
    }
    let after = (kib_of("VmRSS:"), kib_of("VmPTE:"), mappings());
    for (n, one) in (0..count).zip(&mut all) {
        let Poll::Ready(Ok(sum)) = Pin::new(one).poll(&mut cx) else { panic!("it is not ready") };
        assert_eq!(sum, 16 * n + 6);
    }
    let each = |kib: u64| kib * 1024 / count;
    println!(
        "{count} coroutines of {kib} KiB: resident {} B each, page tables {} B each, {} more mappings, \
         {} ns each for making, 5 resumes and ending",
        each(after.0 - before.0),
        each(after.1 - before.1),
        after.2.saturating_sub(before.2),
        start.elapsed().as_nanos() / u128::from(count),
    );
    drop(all);
    let stats = pool.stats();
    assert_eq!(stats.live_stacks, 0);
    println!("every value was right, every stack came back");
    Ok(())
}

/// A figure of this process, as Linux knows it; 0 elsewhere.
fn kib_of(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    figure.and_then(|figure| figure.parse().ok()).unwrap_or(0)
}

fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().count()
}
