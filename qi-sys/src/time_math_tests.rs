//! Tests of the arithmetic on times, over the whole range of its arguments.
//!
//! The Windows clock's scaling is tested here on every platform.
#![forbid(unsafe_code)]

use crate::ffi_internal::{
    Time, from_ticks, qi_sys_internal_after_ms as after_ms, qi_sys_internal_is_before as is_before,
    qi_sys_internal_next_wait as next_wait, qi_sys_internal_to_ms_ceil as to_ms_ceil,
    qi_sys_internal_to_ns as to_ns,
};

const NS_PER_S: u32 = 1_000_000_000;
const DAY_S: u64 = 86_400;

fn time(s: u64, ns: u32) -> Time {
    Time { s, ns }
}

/// Times at every edge that the code has.
fn edges() -> Vec<Time> {
    let seconds = [0, 1, DAY_S - 1, DAY_S, DAY_S + 1, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
    let nanoseconds = [0, 1, 999_999, 1_000_000, 500_000_000, NS_PER_S - 1];
    seconds.iter().flat_map(|&s| nanoseconds.iter().map(move |&ns| time(s, ns))).collect()
}

fn in_ns(time: Time) -> u128 {
    u128::from(time.s) * u128::from(NS_PER_S) + u128::from(time.ns)
}

#[test]
fn adding_milliseconds_agrees_with_wide_arithmetic_and_stays_at_the_end() {
    let last = time(u64::MAX, NS_PER_S - 1);
    for now in edges() {
        for ms in [0, 1, 999, 1000, 1001, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
            let expected = (in_ns(now) + u128::from(ms) * 1_000_000).min(in_ns(last));
            let later = after_ms(now, ms);
            assert_eq!(in_ns(later), expected, "{now:?} + {ms} ms");
            assert!(later.ns < NS_PER_S);
        }
    }
}

#[test]
fn the_longest_sleep_lies_584_million_years_ahead() {
    let deadline = after_ms(time(1000, 500_000_000), u64::MAX);
    assert_eq!(deadline, time(1000 + u64::MAX / 1000 + 1, 115_000_000));
}

#[test]
fn order_agrees_with_wide_arithmetic() {
    for a in edges() {
        for b in edges() {
            assert_eq!(is_before(a, b) != 0, in_ns(a) < in_ns(b), "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_wait_is_what_is_left_but_never_more_than_a_day() {
    let day = u128::from(DAY_S) * u128::from(NS_PER_S);
    for now in edges() {
        for deadline in edges() {
            let left = in_ns(deadline).saturating_sub(in_ns(now)).min(day);
            let wait = next_wait(now, deadline);
            assert_eq!(in_ns(wait), left, "{now:?} to {deadline:?}");
            assert!(wait.ns < NS_PER_S);
        }
    }
}

#[test]
fn nanoseconds_stay_at_the_largest_instead_of_wrapping() {
    for at in edges() {
        let expected = i64::try_from(in_ns(at)).unwrap_or(i64::MAX);
        assert_eq!(to_ns(at), expected, "{at:?}");
    }
    let (s, ns) = (i64::MAX as u64 / 1_000_000_000, (i64::MAX % 1_000_000_000) as u32);
    assert_eq!(to_ns(time(s, ns - 1)), i64::MAX - 1);
    assert_eq!(to_ns(time(s, ns)), i64::MAX);
    assert_eq!(to_ns(time(s, ns + 1)), i64::MAX);
}

#[test]
fn milliseconds_are_rounded_up_and_stay_below_the_endless_timeout() {
    for at in edges() {
        let expected = in_ns(at).div_ceil(1_000_000).min(u128::from(u32::MAX - 1));
        assert_eq!(u128::from(to_ms_ceil(at)), expected, "{at:?}");
    }
    assert_eq!(to_ms_ceil(time(4_294_967, 294_000_000)), u32::MAX - 1);
    assert_eq!(to_ms_ceil(time(4_294_967, 294_000_001)), u32::MAX - 1);
}

#[test]
fn ticks_are_scaled_exactly_at_every_real_frequency() {
    // PIT, ACPI timer, Windows' 10 MHz, Apple's 24 MHz, time stamp counters, the last exact one.
    for per_second in
        [1, 1000, 1_193_182, 3_579_545, 10_000_000, 24_000_000, 3_000_000_001, 18_446_744_073]
    {
        for ticks in [0, 1, per_second - 1, per_second, per_second * 3600, u64::MAX - 1, u64::MAX] {
            let expected = u128::from(ticks) * u128::from(NS_PER_S) / u128::from(per_second);
            assert_eq!(in_ns(from_ticks(ticks, per_second)), expected, "{ticks} at {per_second}");
        }
    }
}

#[test]
fn an_absurd_frequency_loses_precision_but_not_order() {
    for per_second in [18_446_744_074, 1 << 40, u64::MAX / 2, u64::MAX] {
        let mut last = time(0, 0);
        let near_a_second = (0..10).map(|i| per_second - 10 + i);
        for ticks in (0..10).map(|i| per_second / 10 * i).chain(near_a_second) {
            let at = from_ticks(ticks, per_second);
            assert!(at >= last, "{ticks} at {per_second}");
            assert!(at.ns < NS_PER_S);
            let exact = u128::from(ticks) * u128::from(NS_PER_S) / u128::from(per_second);
            assert!(in_ns(at).abs_diff(exact) <= 1, "{ticks} at {per_second}");
            last = at;
        }
    }
}
