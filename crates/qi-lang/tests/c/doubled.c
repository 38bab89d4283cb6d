/* Calls what both libraries have, and what only the other one has. */
#include "qi.h"

int64_t language_clock(void);

int main(void)
{
    CHECK(qi_runtime_get_time_ms() > 0);
    int64_t number = qi_sync_atomic_create(3);
    CHECK(number > 0 && qi_sync_atomic_load(number) == 3);
    /* Its own code works on, with ours. */
    CHECK(language_clock() > 0);
    char *string = qi_exc_message();
    CHECK(*string == 0);
    free(string);
    puts("fine");
    return 0;
}
