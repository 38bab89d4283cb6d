/*
 * posix_wait_absolute.c: waiting where the system has clock_nanosleep.
 *
 * The kernel gets a moment, not a length: what passes between reading the clock and the call (the
 * thread may be descheduled there) does not lengthen the sleep.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <time.h>

#include "internal.h"

int32_t qi_sys_internal_wait(qi_sys_time now, qi_sys_time wait)
{
    struct timespec until;
    uint32_t ns = now.ns + wait.ns;
    int error;

    /* A wait is a day at most, so this fits wherever the clock's own value does. */
    until.tv_sec = (time_t)(now.s + wait.s + ns / UINT32_C(1000000000));
    until.tv_nsec = (long)(ns % UINT32_C(1000000000));
    /* The error number is the result here; errno is not set. */
    error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    return error == EINTR ? 0 : error;
}
