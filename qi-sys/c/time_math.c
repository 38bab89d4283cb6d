/*
 * time_math.c: arithmetic on times, without overflow over the whole range of its arguments.
 *
 * No system header and no platform: the Windows clock's scaling is tested on every platform.
 */
#include "internal.h"

#define NS_PER_S UINT32_C(1000000000)
#define NS_PER_MS UINT32_C(1000000)
#define MS_PER_S UINT32_C(1000)

/*
 * The longest single wait. A day is short enough for every kernel's idea of a timeout (32-bit
 * time_t, the 10^8 seconds that some systems accept, Windows' 49 days) and long enough that the
 * wake-up between two waits costs nothing.
 */
#define LONGEST_WAIT_S UINT64_C(86400)

qi_sys_time qi_sys_internal_after_ms(qi_sys_time now, uint64_t ms)
{
    qi_sys_time later;
    /* Below 2 * 10^9, which 32 bits hold. */
    uint32_t ns = now.ns + (uint32_t)(ms % MS_PER_S) * NS_PER_MS;
    /* At most UINT64_MAX / 1000 + 1. */
    uint64_t s = ms / MS_PER_S + ns / NS_PER_S;

    if (now.s > UINT64_MAX - s) {
        later.s = UINT64_MAX;
        later.ns = NS_PER_S - 1;
        return later;
    }
    later.s = now.s + s;
    later.ns = ns % NS_PER_S;
    return later;
}

int qi_sys_internal_is_before(qi_sys_time a, qi_sys_time b)
{
    return a.s < b.s || (a.s == b.s && a.ns < b.ns);
}

qi_sys_time qi_sys_internal_next_wait(qi_sys_time now, qi_sys_time deadline)
{
    qi_sys_time wait = {0, 0};

    if (!qi_sys_internal_is_before(now, deadline)) {
        return wait;
    }
    wait.s = deadline.s - now.s;
    if (deadline.ns < now.ns) {
        /* `now` lies before `deadline`, so there is a second to borrow. */
        wait.s -= 1;
        wait.ns = deadline.ns + NS_PER_S - now.ns;
    } else {
        wait.ns = deadline.ns - now.ns;
    }
    if (wait.s >= LONGEST_WAIT_S) {
        wait.s = LONGEST_WAIT_S;
        wait.ns = 0;
    }
    return wait;
}

int64_t qi_sys_internal_to_ns(qi_sys_time time)
{
    const uint64_t longest = (uint64_t)INT64_MAX;

    if (time.s > (longest - time.ns) / NS_PER_S) {
        return INT64_MAX;
    }
    return (int64_t)(time.s * NS_PER_S + time.ns);
}

uint32_t qi_sys_internal_to_ms_ceil(qi_sys_time time)
{
    const uint32_t longest = UINT32_MAX - 1;
    uint32_t ms = (time.ns + NS_PER_MS - 1) / NS_PER_MS;

    if (time.s > (longest - ms) / MS_PER_S) {
        return longest;
    }
    return (uint32_t)time.s * MS_PER_S + ms;
}

qi_sys_time qi_sys_internal_from_ticks(uint64_t ticks, uint64_t per_second)
{
    qi_sys_time time;
    uint64_t rest = ticks % per_second;

    time.s = ticks / per_second;
    /*
     * Seconds and rest are scaled apart: ticks * 10^9 would overflow after half an hour at 10 MHz.
     * The rest is below per_second, so only a counter above 18 GHz needs to lose bits; both are
     * halved alike, which keeps rest at or below per_second.
     */
    while (per_second > UINT64_MAX / NS_PER_S) {
        per_second >>= 1;
        rest >>= 1;
    }
    time.ns = (uint32_t)(rest * NS_PER_S / per_second);
    if (time.ns >= NS_PER_S) {
        time.ns = NS_PER_S - 1;
    }
    return time;
}
