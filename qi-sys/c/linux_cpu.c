/*
 * linux_cpu.c: the processor count on Linux: the affinity mask, narrowed by the control groups.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "internal.h"
#include "qi_async_sys.h"

/* What a cpu_set_t holds, which is enough for nearly every machine. */
#define FIRST_MASK_CPUS ((size_t)1024)
/* A mask of half a mebibyte. Kernels are built for 8192 processors at most today. */
#define LAST_MASK_CPUS ((size_t)1 << 22)

static int own_affinity(size_t bytes, void *mask)
{
    /* 0 is the calling thread; threads and processes it starts inherit its mask. */
    return sched_getaffinity(0, bytes, (cpu_set_t *)mask) != 0 ? errno : 0;
}

int32_t qi_sys_internal_affinity_count(qi_sys_get_affinity get)
{
    size_t cpus;

    /* The kernel refuses a mask that is too small for its own and does not say how large that is. */
    for (cpus = FIRST_MASK_CPUS; cpus <= LAST_MASK_CPUS; cpus *= 2) {
        size_t bytes = CPU_ALLOC_SIZE(cpus);
        cpu_set_t *mask = CPU_ALLOC(cpus);
        int32_t count;
        int error;

        if (mask == NULL) {
            return -ENOMEM;
        }
        CPU_ZERO_S(bytes, mask);
        error = get(bytes, mask);
        count = error == 0 ? (int32_t)CPU_COUNT_S(bytes, mask) : 0;
        CPU_FREE(mask);
        if (error == 0) {
            return count < 1 ? -ENOTSUP : count;
        }
        if (error != EINVAL) {
            return -error;
        }
    }
    return -EINVAL;
}

static int32_t online_count(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    if (online < 1) {
        return -ENOTSUP;
    }
    return online > INT_MAX ? INT_MAX : (int32_t)online;
}

int32_t qi_async_sys_cpu_count(void)
{
    int32_t cpus = qi_sys_internal_affinity_count(own_affinity);
    int32_t limit;

    /* A sandbox may forbid the call; that is no reason for a program not to start. */
    if (cpus == -ENOSYS || cpus == -EPERM) {
        cpus = online_count();
    }
    if (cpus < 0) {
        return cpus;
    }
    limit = qi_sys_internal_cgroup_limit("");
    if (limit < 0) {
        return limit;
    }
    return limit != 0 && limit < cpus ? limit : cpus;
}
