//! The declarations of `include/qi_async_sys.h`, and the crate's only `unsafe` outside its tests.
#![allow(unsafe_code, reason = "foreign functions can only be declared in an unsafe block")]

// SAFETY: the names, arguments and results are those of the header, which the C sources include,
// so that the C compiler holds the definitions to it. Every function takes and returns plain
// integers, accepts all values of them and may be called from any thread, which makes it `safe`.
unsafe extern "C" {
    pub(crate) safe fn qi_async_sys_sleep_ms(duration_ms: u64) -> i32;
    pub(crate) safe fn qi_async_sys_monotonic_time_ns() -> i64;
    pub(crate) safe fn qi_async_sys_cpu_time_ns() -> i64;
    pub(crate) safe fn qi_async_sys_yield() -> i32;
    pub(crate) safe fn qi_async_sys_cpu_count() -> i32;
}
