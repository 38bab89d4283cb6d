//! Time: sleeping, yielding, timers.

use std::time::Duration;

use qi_runtime::time::sleep;
use qi_runtime::yield_now;

use super::{TimerRef, operation, polling, shell, waiting};
use crate::code::Code;
use crate::object;
use crate::pointer::Out;
use crate::poll_context::{Key, PollContext};
use crate::suspend;
use crate::timer::Timer;

/// Nanoseconds of the monotonic clock, from an arbitrary beginning.
#[unsafe(no_mangle)]
pub extern "C" fn qi_now_ns() -> u64 {
    crate::boundary::value(0, || qi_sys::monotonic_time_ns().unwrap_or(0))
}

/// # Errors
/// [`Code::ERR_SHUTDOWN`] if there are no timers any more.
pub(super) fn asleep(
    duration: Duration,
) -> Result<impl Future<Output = Result<Code, Code>> + Send + 'static, Code> {
    suspend::refuse_if_over()?;
    Ok(async move {
        sleep(duration).await;
        Ok(Code::OK)
    })
}

/// # Errors
/// As [`asleep`]; those of the handle.
pub(super) fn fired(
    timer: TimerRef,
) -> Result<impl Future<Output = Result<Code, Code>> + Send + 'static, Code> {
    suspend::refuse_if_over()?;
    let timer = object::find::<Timer>(timer)?;
    Ok(async move { timer.wait().await })
}

/// Lets others run. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_yield() -> i32 {
    waiting(|| {
        Ok(async {
            yield_now().await;
            Ok(Code::OK)
        })
    })
}

/// Sleeps for at least so many nanoseconds. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sleep_ns(ns: u64) -> i32 {
    waiting(|| asleep(Duration::from_nanos(ns)))
}

/// Sleeps for at least so many milliseconds. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_sleep_ms(ms: u64) -> i32 {
    waiting(|| asleep(Duration::from_millis(ms)))
}

/// The twin of `qi_sleep_ns` for poll functions. Two sleeps that a poll function has begun at once must
/// differ in `tag`.
///
/// # Safety
/// `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_poll_sleep_ns(cx: *mut PollContext, ns: u64, tag: u64) -> i32 {
    let key = Key { handle: tag, operation: operation::SLEEP, data: 0 };
    polling(cx, key, move || asleep(Duration::from_nanos(ns)))
}

/// Makes a timer that fires in `first_ns` nanoseconds, and then each `period_ns` (0: once). Firings that
/// nobody waited for are made up for one by one.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_timer_create(first_ns: u64, period_ns: u64, out: *mut TimerRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        let timer = Timer::new(Duration::from_nanos(first_ns), Duration::from_nanos(period_ns));
        out.put(object::publish(timer)?);
        Ok(Code::OK)
    })
}

/// Waits until the timer fires; `QI_ERR_CANCELLED` if it is not set, or is cancelled meanwhile.
/// SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_timer_wait(timer: TimerRef) -> i32 {
    waiting(|| fired(timer))
}

/// The twin of `qi_timer_wait` for poll functions.
///
/// # Safety
/// `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_timer_poll_wait(timer: TimerRef, cx: *mut PollContext) -> i32 {
    let key = Key { handle: timer, operation: operation::TIMER, data: 0 };
    polling(cx, key, move || fired(timer))
}

/// Has the timer fire in `delay_ns` nanoseconds instead of when it would have.
#[unsafe(no_mangle)]
pub extern "C" fn qi_timer_reset(timer: TimerRef, delay_ns: u64) -> i32 {
    shell(|| {
        object::find::<Timer>(timer)?.reset(Duration::from_nanos(delay_ns));
        Ok(Code::OK)
    })
}

/// Keeps the timer from firing; whoever waits is told.
#[unsafe(no_mangle)]
pub extern "C" fn qi_timer_cancel(timer: TimerRef) -> i32 {
    shell(|| {
        object::find::<Timer>(timer)?.cancel();
        Ok(Code::OK)
    })
}
