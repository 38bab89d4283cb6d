/*
 * posix_wait_relative.c: waiting where the system has only nanosleep (Apple's systems, OpenBSD).
 *
 * The remaining time that nanosleep can report is not used: the caller computes it from the clock,
 * which does not add up rounding errors from one signal to the next.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <time.h>

#include "internal.h"

int32_t qi_sys_internal_wait(qi_sys_time now, qi_sys_time wait)
{
    struct timespec length;

    (void)now;
    length.tv_sec = (time_t)wait.s;
    length.tv_nsec = (long)wait.ns;
    if (nanosleep(&length, NULL) != 0 && errno != EINTR) {
        return errno;
    }
    return 0;
}
