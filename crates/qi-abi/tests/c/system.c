/* The five calls of the system, without any runtime. */
#include "check.h"

int main(void) {
    int64_t before = qi_async_sys_monotonic_time_ns();
    CHECK(before >= 0);
    CHECK(qi_async_sys_sleep_ms(2) == 0);
    CHECK(qi_async_sys_monotonic_time_ns() - before >= 2000000);
    CHECK(qi_async_sys_cpu_time_ns() >= 0);
    CHECK(qi_async_sys_yield() == 0);
    CHECK(qi_async_sys_cpu_count() >= 1);
    puts("fine");
    return 0;
}
