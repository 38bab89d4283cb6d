//! A sleep that signals interrupt lasts as long as it was asked to.
#![cfg(unix)]
// Not `forbid`, which the support module could not lift.
#![deny(unsafe_code)]

#[path = "support/signal.rs"]
mod signal;

use std::thread;

use qi_sys::{monotonic_time_ns, sleep_ms};

const SLEEP_MS: u64 = 20;
const NS_PER_MS: u64 = 1_000_000;
/// How many sleeps must have been interrupted, out of how many at most.
const INTERRUPTED: u32 = 10;
const ROUNDS: u32 = 1000;

#[test]
fn a_sleep_goes_on_after_signals() {
    signal::count_from_now_on();
    let sleeper = thread::spawn(|| {
        let mut interrupted = 0;
        for _ in 0..ROUNDS {
            let signals = signal::count();
            let start = monotonic_time_ns().unwrap();
            sleep_ms(SLEEP_MS).unwrap();
            let slept = monotonic_time_ns().unwrap() - start;
            assert!(slept >= SLEEP_MS * NS_PER_MS, "woke after {slept} ns");
            interrupted += u32::from(signal::count() > signals);
            if interrupted == INTERRUPTED {
                break;
            }
        }
        interrupted
    });
    while !sleeper.is_finished() {
        signal::send_to(&sleeper);
        // The pace of the signals, so that the sleeper gets to sleep between them.
        sleep_ms(1).unwrap();
    }
    assert_eq!(sleeper.join().unwrap(), INTERRUPTED, "too few sleeps were interrupted");
}
