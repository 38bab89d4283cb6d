/* What the programs of this folder share. */
#ifndef QI_H
#define QI_H
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../include/qi_language.h"

/* The coroutines of ir/coroutines.ll.in. */
void register_ops(void);
void *counter(int64_t);
void *constant(int64_t);
void *fib(int64_t);
void *chain(int64_t);
void *producer(void *, int64_t);
void *consumer(void *, int64_t);
void *echo(void *, void *, int64_t);
void *sleeper(int64_t);
void *thrower(void);
void *waiter(void *);
void *mother(void *);
void *caller(void (*)(void *), void *);
void *spawner(int64_t);
void *awaiter(int64_t);

/* The language's library: language.c. */
char *qi_string_from_cstr(const char *);
void qi_string_free(char *);
int64_t qi_bytes_from_hex(const char *);
char *qi_bytes_to_hex(int64_t);
void *language_future(int64_t value, int64_t looks, int failed);
int64_t language_strings(void);

#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
            abort(); \
        } \
    } while (0)

/* A string of the language that is what it should be; frees it. */
#define CHECK_STRING(string, text) \
    do { \
        char *held_ = (string); \
        if (strcmp(held_, (text)) != 0) \
            fprintf(stderr, "got \"%s\"\n", held_); \
        CHECK(strcmp(held_, (text)) == 0); \
        qi_string_free(held_); \
    } while (0)

/* As the compiler writes 尝试 / 捕获: the catch part runs after the mark is taken away. */
#define TRY(body, caught) \
    do { \
        if (_setjmp(*(jmp_buf *)qi_exc_alloc_frame()) == 0) { \
            body; \
            qi_exc_pop(); \
        } else { \
            qi_exc_pop(); \
            caught; \
            qi_exc_clear(); \
        } \
    } while (0)

/* A clock that nobody sets. */
static inline int64_t steady_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1000 * (int64_t)time.tv_sec + time.tv_nsec / 1000000;
}

/* `<- ch` in a plain function. */
static inline int64_t receive(void *channel)
{
    int64_t value;
    while (qi_coro_chan_try_recv(channel, &value) != 0)
        qi_coro_step_once();
    return value;
}

/* Whether a sanitizer watches, which needs memory of its own. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

#define SCENARIO(name) void scenario_##name(void)
#endif
