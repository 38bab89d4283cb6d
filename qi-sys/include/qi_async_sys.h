/*
 * qi_async_sys.h: the system calls under the Qi asynchronous runtime.
 *
 * Results. Every function returns its answer as a value of zero or more, and a
 * failure as the negated error number of the system: an `errno` value on POSIX
 * systems (so `strerror((int)-result)` names it), a `GetLastError()` code on
 * Windows. No function reports an error in any other way; the variable `errno`
 * may be changed by any call, successful or not.
 *
 * Threads. Every function may be called from any thread, at any time, by any
 * number of threads at once. None keeps state between calls.
 *
 * Signals. A signal handler that runs during a call does not make it fail and
 * does not shorten it. Do not call qi_async_sys_cpu_count from a signal
 * handler: it allocates memory and reads files.
 */
#ifndef QI_ASYNC_SYS_H
#define QI_ASYNC_SYS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Blocks the calling thread for at least `duration_ms` milliseconds of the
 * clock that qi_async_sys_monotonic_time_ns reads. Never returns early: signals
 * do not shorten the sleep and do not make it drift. Every value is accepted;
 * 0 returns at once, and UINT64_MAX is 584 million years.
 *
 * Returns 0, or a negated error number.
 */
int32_t qi_async_sys_sleep_ms(uint64_t duration_ms);

/*
 * Returns the monotonic clock in nanoseconds since a fixed moment in the past
 * (usually the start of the machine), or a negated error number. It never goes
 * back, on one thread or between threads, and setting the date does not move
 * it. Values of different machines or different starts of one machine cannot be
 * compared. The type holds 292 years; beyond that the value stays at INT64_MAX.
 *
 * Time during which the machine is suspended is not counted on Linux and on
 * Apple systems, and is counted on Windows.
 */
int64_t qi_async_sys_monotonic_time_ns(void);

/*
 * Returns the processor time that all threads of this process have used
 * together, in user code and in the kernel, in nanoseconds, or a negated error
 * number. The resolution is the system's: nanoseconds on Linux, often 15.6
 * milliseconds on Windows.
 */
int64_t qi_async_sys_cpu_time_ns(void);

/*
 * Gives the processor to another runnable thread, if there is one. It may
 * return at once and is no way to wait for something.
 *
 * Returns 0, or a negated error number.
 */
int32_t qi_async_sys_yield(void);

/*
 * Returns how many logical processors the calling thread, and what it starts,
 * can keep busy: at least 1, or a negated error number.
 *
 * Linux: the processors of the thread's affinity mask, at most the processor
 * quota of its control group and of every group above it that is visible
 * (versions 1 and 2), a fraction of a processor counting as a whole one.
 * FreeBSD: the affinity mask. Windows: the affinity mask, or the active
 * processors of every processor group that the process runs in. Elsewhere: the
 * processors that are on line.
 *
 * The answer is computed anew by each call and costs file reads on Linux: ask
 * once and keep it.
 */
int32_t qi_async_sys_cpu_count(void);

#ifdef __cplusplus
}
#endif

#endif /* QI_ASYNC_SYS_H */
