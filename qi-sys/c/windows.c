/*
 * windows.c: the five calls' Windows half. Error numbers are those of GetLastError.
 */
#ifndef _WIN32_WINNT
/* Windows 7, the first with processor groups. */
#define _WIN32_WINNT 0x0601
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "internal.h"
#include "qi_async_sys.h"

/*
 * Groups hold up to 64 processors each; Windows supports 2048 processors, but unevenly filled
 * groups have been seen, so there is room to spare.
 */
#define MAX_GROUPS 256

static int32_t last_error(void)
{
    DWORD error = GetLastError();

    /* A call that failed must not look like success to our caller. */
    return error == 0 || error > INT32_MAX ? (int32_t)ERROR_GEN_FAILURE : (int32_t)error;
}

int32_t qi_sys_internal_now(qi_sys_time *now)
{
    LARGE_INTEGER ticks;
    LARGE_INTEGER per_second;

    /* The frequency is fixed at boot and read from shared memory: cheaper than keeping it safely. */
    if (!QueryPerformanceFrequency(&per_second) || !QueryPerformanceCounter(&ticks)) {
        return last_error();
    }
    if (per_second.QuadPart <= 0 || ticks.QuadPart < 0) {
        return (int32_t)ERROR_GEN_FAILURE;
    }
    *now = qi_sys_internal_from_ticks((uint64_t)ticks.QuadPart, (uint64_t)per_second.QuadPart);
    return 0;
}

int32_t qi_sys_internal_wait(qi_sys_time now, qi_sys_time wait)
{
    (void)now;
    /* Rounded up, and a day at most: never 0 (a mere yield), never INFINITE. */
    Sleep((DWORD)qi_sys_internal_to_ms_ceil(wait));
    return 0;
}

/* Ticks of 100 ns. */
static uint64_t file_time_ticks(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

int64_t qi_async_sys_cpu_time_ns(void)
{
    FILETIME created;
    FILETIME exited;
    FILETIME kernel;
    FILETIME user;

    if (!GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user)) {
        return -(int64_t)last_error();
    }
    return qi_sys_internal_to_ns(
        qi_sys_internal_from_ticks(file_time_ticks(kernel) + file_time_ticks(user), 10000000));
}

int32_t qi_async_sys_yield(void)
{
    /* The result only says whether another thread was there to run. */
    SwitchToThread();
    return 0;
}

static int32_t count_bits(DWORD_PTR mask)
{
    int32_t count = 0;

    while (mask != 0) {
        mask &= mask - 1;
        count++;
    }
    return count;
}

/* The active processors of all the groups that the process runs in. */
static int32_t group_count(void)
{
    USHORT groups[MAX_GROUPS];
    USHORT len = MAX_GROUPS;
    int32_t count = 0;
    USHORT i;

    if (!GetProcessGroupAffinity(GetCurrentProcess(), &len, groups)) {
        return -last_error();
    }
    for (i = 0; i < len; i++) {
        count += (int32_t)GetActiveProcessorCount(groups[i]);
    }
    return count < 1 ? -(int32_t)ERROR_GEN_FAILURE : count;
}

int32_t qi_async_sys_cpu_count(void)
{
    DWORD_PTR process = 0;
    DWORD_PTR system = 0;

    if (!GetProcessAffinityMask(GetCurrentProcess(), &process, &system)) {
        return -last_error();
    }
    /*
     * Zero means that the process has threads in several groups. A mask as wide as its group says
     * nothing about the other groups, where there are any: since Windows 11 a process that nobody
     * restricted runs in all of them.
     */
    if (process == 0 || (process == system && GetActiveProcessorGroupCount() > 1)) {
        return group_count();
    }
    return count_bits(process);
}
