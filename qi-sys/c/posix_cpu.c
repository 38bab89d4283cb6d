/*
 * posix_cpu.c: the processor count of a POSIX system that offers no affinity mask to read.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "internal.h"
#include "qi_async_sys.h"

int32_t qi_async_sys_cpu_count(void)
{
    long online;

    /* sysconf leaves errno alone when it has no answer, which would make an old error ours. */
    errno = 0;
    online = sysconf(_SC_NPROCESSORS_ONLN);
    if (online < 1) {
        return errno != 0 ? -errno : -ENOTSUP;
    }
    return online > INT_MAX ? INT_MAX : (int32_t)online;
}
