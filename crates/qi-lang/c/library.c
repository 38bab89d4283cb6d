/* Functions of the language's own library that a program may be linked without.
 *
 * Weak references: absent ones are null, and the answer is 0. Mach-O has no undefined weak symbols in a
 * static link, so there they are looked up by name.
 *
 * Strings are allocated by qi_string_from_cstr. An ordinary reference has the linker take it out of the
 * language's archive; QI_LANG_WEAK_LIBRARY makes it a weak one, for programs that have no such library,
 * and then the first string ends a program that lacks it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define STATES \
    WANT(int32_t, qi_future_is_ready, (void *)) \
    WANT(int32_t, qi_future_is_completed, (void *))
#define VALUES \
    WANT(int64_t, qi_future_value_i64, (void *)) \
    WANT(double, qi_future_value_f64, (void *)) \
    WANT(int32_t, qi_future_value_bool, (void *)) \
    WANT(char *, qi_future_value_string, (void *)) \
    WANT(void *, qi_future_value_ptr, (void *))
#define BYTES \
    WANT(int64_t, qi_bytes_from_hex, (const char *)) \
    WANT(char *, qi_bytes_to_hex, (int64_t)) \
    WANT(void, qi_string_free, (char *))
#define STRINGS \
    WANT(char *, qi_string_from_cstr, (const char *))

#if defined(__APPLE__)
#include <dlfcn.h>
#define WANT(type, name, takes) \
    static type(*found_##name(void)) takes { return (type(*) takes)dlsym(RTLD_DEFAULT, #name); }
STATES VALUES BYTES
#define FIND(name) found_##name()
#else
#define WANT(type, name, takes) extern type name takes __attribute__((weak));
STATES VALUES BYTES
#define FIND(name) (&(name))
#endif

#ifdef QI_LANG_WEAK_LIBRARY
STRINGS
#else
extern char *qi_string_from_cstr(const char *);
#endif

int32_t qi_lang_future_state(void *future);
int32_t qi_lang_future_bits(void *future, int32_t kind, int64_t *bits);
int64_t qi_lang_bytes_from_hex(const char *hex);
char *qi_lang_bytes_to_hex(int64_t bytes);
void qi_lang_string_free(char *string);
char *qi_lang_string(const char *text);

/* 0 pending, 1 completed, 2 failed, -1 the library cannot say. */
int32_t qi_lang_future_state(void *future)
{
    if (!FIND(qi_future_is_ready))
        return -1;
    if (!FIND(qi_future_is_ready)(future))
        return 0;
    if (FIND(qi_future_is_completed) && !FIND(qi_future_is_completed)(future))
        return 2;
    return 1;
}

/* The value of a completed one: kinds are those of the functions that await. */
int32_t qi_lang_future_bits(void *future, int32_t kind, int64_t *bits)
{
    union { double number; int64_t bits; } turn;
    *bits = 0;
    switch (kind) {
    case 0:
        if (!FIND(qi_future_value_i64)) return 0;
        *bits = FIND(qi_future_value_i64)(future);
        return 1;
    case 1:
        if (!FIND(qi_future_value_f64)) return 0;
        turn.number = FIND(qi_future_value_f64)(future);
        *bits = turn.bits;
        return 1;
    case 2:
        if (!FIND(qi_future_value_bool)) return 0;
        *bits = FIND(qi_future_value_bool)(future);
        return 1;
    case 3:
        if (FIND(qi_future_value_ptr))
            *bits = (int64_t)(intptr_t)FIND(qi_future_value_ptr)(future);
        if (*bits)
            return 1;
        /* A string is no pointer to that library. */
        /* fall through */
    default:
        if (!FIND(qi_future_value_string)) return 0;
        *bits = (int64_t)(intptr_t)FIND(qi_future_value_string)(future);
        return 1;
    }
}

/* -1 if the library has no bytes. */
int64_t qi_lang_bytes_from_hex(const char *hex)
{
    return FIND(qi_bytes_from_hex) ? FIND(qi_bytes_from_hex)(hex) : -1;
}

/* Null if the library has no bytes. */
char *qi_lang_bytes_to_hex(int64_t bytes)
{
    return FIND(qi_bytes_to_hex) ? FIND(qi_bytes_to_hex)(bytes) : 0;
}

void qi_lang_string_free(char *string)
{
    if (FIND(qi_string_free))
        FIND(qi_string_free)(string);
}

/* A string of the language. */
char *qi_lang_string(const char *text)
{
#ifdef QI_LANG_WEAK_LIBRARY
    if (!FIND(qi_string_from_cstr)) {
        fputs("[qi] 没有链接语言自己的库：缺少 qi_string_from_cstr\n"
              "[qi] the language's own library is not linked: qi_string_from_cstr is missing\n", stderr);
        abort();
    }
    return FIND(qi_string_from_cstr)(text);
#else
    return qi_string_from_cstr(text);
#endif
}
