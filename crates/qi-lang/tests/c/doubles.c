/* A library of the language that has its own idea of some of the symbols, in one object with what every
 * program needs of it. */
#include "qi.h"

char *qi_string_from_cstr(const char *text)
{
    return strdup(text);
}

/* The same symbols as ours. */
int64_t qi_runtime_get_time_ms(void)
{
    return -1;
}

int64_t qi_sync_atomic_create(int64_t first)
{
    (void)first;
    return -1;
}

/* What it does for itself, through one of them. */
int64_t language_clock(void);
int64_t language_clock(void)
{
    return qi_runtime_get_time_ms();
}
