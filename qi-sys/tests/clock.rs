//! The clocks, the sleep and the yield, as a user calls them.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use qi_sys::{cpu_count, cpu_time_ns, monotonic_time_ns, sleep_ms, yield_now};

const NS_PER_MS: u64 = 1_000_000;

#[test]
fn a_sleep_never_ends_early() {
    for duration_ms in [0, 1, 2, 3, 5, 10, 20] {
        let start = monotonic_time_ns().unwrap();
        sleep_ms(duration_ms).unwrap();
        let slept = monotonic_time_ns().unwrap() - start;
        assert!(slept >= duration_ms * NS_PER_MS, "{duration_ms} ms took {slept} ns");
    }
}

#[test]
fn sleeps_on_many_threads_do_not_disturb_each_other() {
    thread::scope(|scope| {
        for duration_ms in 1..=16 {
            scope.spawn(move || {
                let start = monotonic_time_ns().unwrap();
                sleep_ms(duration_ms).unwrap();
                assert!(monotonic_time_ns().unwrap() - start >= duration_ms * NS_PER_MS);
            });
        }
    });
}

#[test]
fn the_monotonic_clock_never_goes_back_between_threads() {
    let latest = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50_000 {
                    // Acquire pairs with the Release below: the reading behind `seen` was taken
                    // before the one that follows.
                    let seen = latest.load(Ordering::Acquire);
                    let now = monotonic_time_ns().unwrap();
                    assert!(now >= seen, "{now} after {seen}");
                    // Release publishes that this reading has been taken.
                    latest.fetch_max(now, Ordering::Release);
                }
            });
        }
    });
    // Relaxed: the threads are joined.
    assert!(latest.load(Ordering::Relaxed) > 0);
}

#[test]
fn the_monotonic_clock_moves_at_the_pace_of_the_standard_library() {
    let outer = std::time::Instant::now();
    let start = monotonic_time_ns().unwrap();
    let inner = std::time::Instant::now();
    sleep_ms(20).unwrap();
    let inner = inner.elapsed().as_nanos();
    let ours = u128::from(monotonic_time_ns().unwrap() - start);
    let outer = outer.elapsed().as_nanos();
    // A tick of tolerance: the two are not read from one register on every platform.
    let tick = u128::from(NS_PER_MS);
    assert!(inner <= ours + tick && ours <= outer + tick, "{inner} <= {ours} <= {outer}");
}

#[test]
fn the_cpu_time_grows_with_work() {
    const GIVE_UP_NS: u64 = 60_000 * NS_PER_MS;
    let cpu_start = cpu_time_ns().unwrap();
    let start = monotonic_time_ns().unwrap();
    let mut sum = 0_u64;
    while cpu_time_ns().unwrap() < cpu_start + 20 * NS_PER_MS {
        sum = (0..10_000).fold(sum, |sum, i| std::hint::black_box(sum ^ i));
        let elapsed = monotonic_time_ns().unwrap() - start;
        assert!(elapsed < GIVE_UP_NS, "a minute of work took no processor time");
    }
    std::hint::black_box(sum);
}

#[test]
fn the_cpu_time_counts_the_work_of_other_threads() {
    let before = cpu_time_ns().unwrap();
    let during = thread::spawn(|| {
        let start = cpu_time_ns().unwrap();
        while cpu_time_ns().unwrap() < start + 20 * NS_PER_MS {}
        cpu_time_ns().unwrap()
    })
    .join()
    .unwrap();
    let after = cpu_time_ns().unwrap();
    assert!(before + 20 * NS_PER_MS <= during && during <= after, "{before} {during} {after}");
}

#[test]
fn a_yield_comes_back() {
    for _ in 0..1000 {
        yield_now().unwrap();
    }
}

#[test]
fn the_cpu_count_is_the_same_for_every_caller() {
    let here = cpu_count().unwrap();
    let there = thread::spawn(|| cpu_count().unwrap()).join().unwrap();
    assert_eq!(here, there);
}
