//! For unit tests: safe ways to the portable arithmetic declared in `c/internal.h`.
#![allow(unsafe_code, reason = "foreign functions can only be declared in an unsafe block")]

/// `qi_sys_time`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    pub(crate) s: u64,
    pub(crate) ns: u32,
}

// SAFETY: the names, arguments and results are those of the header, which the C sources include.
// Every function is arithmetic on values and touches no memory; those marked `safe` accept all values.
unsafe extern "C" {
    pub(crate) safe fn qi_sys_internal_after_ms(now: Time, ms: u64) -> Time;
    pub(crate) safe fn qi_sys_internal_is_before(a: Time, b: Time) -> i32;
    pub(crate) safe fn qi_sys_internal_next_wait(now: Time, deadline: Time) -> Time;
    pub(crate) safe fn qi_sys_internal_to_ns(time: Time) -> i64;
    pub(crate) safe fn qi_sys_internal_to_ms_ceil(time: Time) -> u32;
    // Division by a zero `per_second` is undefined in C, so this one is wrapped below.
    fn qi_sys_internal_from_ticks(ticks: u64, per_second: u64) -> Time;
}

/// Scales `ticks` of a counter that makes `per_second` of them in a second.
pub(crate) fn from_ticks(ticks: u64, per_second: u64) -> Time {
    assert_ne!(per_second, 0, "a counter that never ticks");
    // SAFETY: `per_second` is not zero; the function has no other condition.
    unsafe { qi_sys_internal_from_ticks(ticks, per_second) }
}
