/*
 * internal.h: what the C files of qi-sys share, and what the crate's own unit tests call.
 *
 * Not installed and not an interface: nothing here is promised from one version to the next.
 */
#ifndef QI_SYS_INTERNAL_H
#define QI_SYS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * A moment of the monotonic clock, or a length of time. Seconds and nanoseconds are kept apart
 * because a 64-bit count of nanoseconds cannot hold UINT64_MAX milliseconds. `ns` is below 1e9.
 */
typedef struct qi_sys_time {
    uint64_t s;
    uint32_t ns;
} qi_sys_time;

/* time_math.c: pure arithmetic, the same on every platform. */

/* `now` plus `ms` milliseconds; stays at the largest time instead of wrapping. */
qi_sys_time qi_sys_internal_after_ms(qi_sys_time now, uint64_t ms);
/* 1 if `a` lies before `b`, else 0. */
int qi_sys_internal_is_before(qi_sys_time a, qi_sys_time b);
/*
 * How long to wait in one system call on the way from `now` to `deadline`: what is left, at most
 * a day; zero once the deadline is reached.
 */
qi_sys_time qi_sys_internal_next_wait(qi_sys_time now, qi_sys_time deadline);
/* Nanoseconds, INT64_MAX where they do not fit. */
int64_t qi_sys_internal_to_ns(qi_sys_time time);
/* Whole milliseconds, rounded up, UINT32_MAX - 1 where they do not fit. */
uint32_t qi_sys_internal_to_ms_ceil(qi_sys_time time);
/* `ticks` of a counter that makes `per_second` of them in a second. `per_second` is not zero. */
qi_sys_time qi_sys_internal_from_ticks(uint64_t ticks, uint64_t per_second);

/* One implementation per platform, for clock.c. Both return 0 or a (positive) error number. */

/* Reads the monotonic clock. */
int32_t qi_sys_internal_now(qi_sys_time *now);
/*
 * Blocks for about `wait`, counted from `now`, which was read just before. May return early (a
 * signal came, a tick was coarse): the caller reads the clock again.
 */
int32_t qi_sys_internal_wait(qi_sys_time now, qi_sys_time wait);

/* linux_cpu.c and linux_cgroup.c */

/*
 * Fills the `bytes` bytes at `mask` with an affinity mask. Returns 0, or a (positive) errno:
 * EINVAL says that the mask needs more room.
 */
typedef int (*qi_sys_get_affinity)(size_t bytes, void *mask);
/* The number of processors in the mask that `get` delivers, or a negated errno. */
int32_t qi_sys_internal_affinity_count(qi_sys_get_affinity get);
/*
 * The processors that the control groups of this process leave it, rounded up: at least 1, or 0
 * where they set no limit, or a negated errno (only ENOMEM: a file that is missing or unreadable
 * sets no limit). `root` is put before every path that is opened; it is "" but in tests.
 */
int32_t qi_sys_internal_cgroup_limit(const char *root);

#endif /* QI_SYS_INTERNAL_H */
