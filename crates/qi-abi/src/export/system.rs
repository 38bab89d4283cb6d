//! The five system calls of qi-sys, which the libraries export as well: they need no runtime, and may be
//! called anywhere, in a forked child too.

// SAFETY: names, arguments and results are those of qi-sys's own header. They are declared here for
// this library's header alone, and called from nowhere.
unsafe extern "C" {
    /// Blocks the calling thread for at least so many milliseconds; signals do not shorten it. Never
    /// suspends a task: see `qi_sleep_ms`. These five answer a failure as the negated error number of the
    /// system, not as a `QI_ERR_…`.
    pub fn qi_async_sys_sleep_ms(duration_ms: u64) -> i32;

    /// Nanoseconds of the monotonic clock since a fixed moment in the past, or a negated error number.
    pub fn qi_async_sys_monotonic_time_ns() -> i64;

    /// Nanoseconds of processor time that all threads of this process have used together, or a negated
    /// error number.
    pub fn qi_async_sys_cpu_time_ns() -> i64;

    /// Gives the processor to another thread that can run, if there is one: 0, or a negated error number.
    pub fn qi_async_sys_yield() -> i32;

    /// How many processors the calling thread and what it starts can keep busy: at least 1, or a negated
    /// error number.
    pub fn qi_async_sys_cpu_count() -> i32;
}
