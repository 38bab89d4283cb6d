/*
 * posix.c: clocks and yield where POSIX has them.
 */
#if defined(__APPLE__)
#define _DARWIN_C_SOURCE
#endif
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "internal.h"
#include "qi_async_sys.h"

#if defined(__APPLE__)
/*
 * Apple's CLOCK_MONOTONIC has a resolution of a microsecond and runs on while the machine is
 * suspended; this clock has neither trait, like CLOCK_MONOTONIC elsewhere.
 */
#define MONOTONIC_CLOCK CLOCK_UPTIME_RAW
#else
#define MONOTONIC_CLOCK CLOCK_MONOTONIC
#endif

static int32_t read_clock(clockid_t clock, qi_sys_time *time)
{
    struct timespec spec;

    if (clock_gettime(clock, &spec) != 0) {
        return errno;
    }
    /* Neither of the two clocks starts below zero. */
    time->s = (uint64_t)spec.tv_sec;
    time->ns = (uint32_t)spec.tv_nsec;
    return 0;
}

int32_t qi_sys_internal_now(qi_sys_time *now)
{
    return read_clock(MONOTONIC_CLOCK, now);
}

int64_t qi_async_sys_cpu_time_ns(void)
{
    qi_sys_time used;
    int32_t error = read_clock(CLOCK_PROCESS_CPUTIME_ID, &used);

    return error != 0 ? -(int64_t)error : qi_sys_internal_to_ns(used);
}

int32_t qi_async_sys_yield(void)
{
    return sched_yield() != 0 ? -errno : 0;
}
