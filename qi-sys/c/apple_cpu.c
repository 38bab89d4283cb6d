/*
 * apple_cpu.c: the processor count on Apple's systems, which have neither affinity masks nor quotas.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/sysctl.h>

#include "internal.h"
#include "qi_async_sys.h"

int32_t qi_async_sys_cpu_count(void)
{
    int count = 0;
    size_t size = sizeof count;

    if (sysctlbyname("hw.logicalcpu", &count, &size, NULL, 0) != 0) {
        return -errno;
    }
    return count < 1 ? -ENOTSUP : (int32_t)count;
}
