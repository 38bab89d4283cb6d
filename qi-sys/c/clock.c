/*
 * clock.c: the sleep and the monotonic clock, over the two calls that each platform implements.
 *
 * The deadline is computed once and the clock is read again after each wait. So a wait may end
 * early for whatever reason: the sleep neither ends early nor drifts.
 */
#include "internal.h"
#include "qi_async_sys.h"

int32_t qi_async_sys_sleep_ms(uint64_t duration_ms)
{
    qi_sys_time now;
    qi_sys_time deadline;
    int32_t error = qi_sys_internal_now(&now);

    if (error != 0) {
        return -error;
    }
    deadline = qi_sys_internal_after_ms(now, duration_ms);
    while (qi_sys_internal_is_before(now, deadline)) {
        error = qi_sys_internal_wait(now, qi_sys_internal_next_wait(now, deadline));
        if (error != 0) {
            return -error;
        }
        error = qi_sys_internal_now(&now);
        if (error != 0) {
            return -error;
        }
    }
    return 0;
}

int64_t qi_async_sys_monotonic_time_ns(void)
{
    qi_sys_time now;
    int32_t error = qi_sys_internal_now(&now);

    return error != 0 ? -(int64_t)error : qi_sys_internal_to_ns(now);
}
