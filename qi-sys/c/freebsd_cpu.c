/*
 * freebsd_cpu.c: the processor count on FreeBSD, which is the size of the affinity mask.
 */
#include <sys/param.h>
#include <sys/cpuset.h>

#include <errno.h>

#include "internal.h"
#include "qi_async_sys.h"

int32_t qi_async_sys_cpu_count(void)
{
    cpuset_t mask;
    int32_t count = 0;
    int cpu;

    CPU_ZERO(&mask);
    /* -1 is the calling thread, as on Linux. */
    if (cpuset_getaffinity(CPU_LEVEL_WHICH, CPU_WHICH_TID, -1, sizeof mask, &mask) != 0) {
        return -errno;
    }
    for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &mask)) {
            count++;
        }
    }
    return count < 1 ? -ENOTSUP : count;
}
