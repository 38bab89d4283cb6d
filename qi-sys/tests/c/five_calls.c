/*
 * five_calls.c: uses the header as a C99 and as a C++11 program would. The test c_header.rs
 * compiles it as both, links it with the library, and runs it: 0 means that all answers hold.
 */
#include "qi_async_sys.h"

#include <stdio.h>

static int holds(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "does not hold: %s\n", what);
    }
    return condition ? 0 : 1;
}

int main(void)
{
    int failures = 0;
    int64_t start = qi_async_sys_monotonic_time_ns();
    int64_t used = qi_async_sys_cpu_time_ns();

    failures += holds(start >= 0, "the monotonic clock can be read");
    failures += holds(used >= 0, "the processor time can be read");
    failures += holds(qi_async_sys_sleep_ms(0) == 0, "an empty sleep works");
    failures += holds(qi_async_sys_sleep_ms(5) == 0, "a sleep works");
    failures += holds(qi_async_sys_monotonic_time_ns() - start >= 5000000, "it was not too short");
    failures += holds(qi_async_sys_cpu_time_ns() >= used, "the processor time does not go back");
    failures += holds(qi_async_sys_yield() == 0, "a yield works");
    failures += holds(qi_async_sys_cpu_count() >= 1, "there is a processor");
    return failures;
}
