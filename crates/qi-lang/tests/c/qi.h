/* What the compiler declares, and what the programs of this folder share. */
#ifndef QI_H
#define QI_H
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The symbols of qi-lang. */
void qi_coro_register_ops(void (*)(void *), _Bool (*)(void *), void (*)(void *), int64_t (*)(void *));
void *qi_coro_spawn(void *);
void qi_coro_yield_ready(void);
void qi_coro_sleep(int64_t);
int32_t qi_coro_await_poll(void *);
void qi_coro_run_all(void);
int64_t qi_coro_step_once(void);
void qi_coro_cancel(void *);
void *qi_coro_chan_new(int64_t);
int32_t qi_coro_chan_try_send(void *, int64_t);
int32_t qi_coro_chan_try_recv(void *, int64_t *);
void qi_coro_chan_park_recv(void *);
void qi_coro_chan_park_send(void *, int64_t);
void qi_coro_chan_free(void *);
void *qi_future_ready_i64(int64_t);
void *qi_future_ready_f64(double);
void *qi_future_ready_bool(int32_t);
void *qi_future_ready_ptr(void *);
void *qi_future_ready_string(const char *, int64_t);
void *qi_future_failed(const char *, int64_t);
int64_t qi_future_await_i64(void *);
double qi_future_await_f64(void *);
int32_t qi_future_await_bool(void *);
void *qi_future_await_ptr(void *);
char *qi_future_await_string(void *);
void qi_future_free(void *);
void qi_runtime_spawn_goroutine_with_args(void (*)(const int64_t *), const int64_t *, int64_t);
int64_t qi_runtime_spawn_goroutine_handle(void *);
int64_t qi_runtime_goroutine_join(int64_t);
int64_t qi_runtime_goroutine_has_exception(int64_t);
char *qi_runtime_goroutine_take_exception(int64_t);
void *qi_runtime_waitgroup_create(void);
int32_t qi_runtime_waitgroup_add(void *, int32_t);
int32_t qi_runtime_waitgroup_done(void *);
int32_t qi_runtime_waitgroup_wait(void *);
int32_t qi_runtime_waitgroup_destroy(void *);
void *qi_runtime_mutex_create(void);
int32_t qi_runtime_mutex_lock(void *);
int32_t qi_runtime_mutex_unlock(void *);
int32_t qi_runtime_mutex_trylock(void *);
int32_t qi_runtime_mutex_destroy(void *);
void *qi_runtime_timer_create(int64_t);
int64_t qi_runtime_timer_expired(void *);
int64_t qi_runtime_timer_stop(void *);
int64_t qi_runtime_set_timeout(int64_t);
int64_t qi_runtime_get_time_ms(void);
void qi_runtime_select_backoff(void);
void *qi_exc_alloc_frame(void);
void qi_exc_pop(void);
char *qi_exc_message(void);
void qi_exc_clear(void);
void qi_exc_stage(const char *);
_Noreturn void qi_exc_throw_staged(void);
_Noreturn void qi_exc_throw(const char *);
int64_t qi_exc_goroutine_count(void);
char *qi_exc_goroutine_take(void);
int64_t qi_sync_mutex_create(void);
int32_t qi_sync_mutex_lock(int64_t);
int32_t qi_sync_mutex_unlock(int64_t);
int32_t qi_sync_mutex_trylock(int64_t);
int32_t qi_sync_mutex_destroy(int64_t);
int64_t qi_sync_atomic_create(int64_t);
int64_t qi_sync_atomic_load(int64_t);
int32_t qi_sync_atomic_store(int64_t, int64_t);
int64_t qi_sync_atomic_add(int64_t, int64_t);
int32_t qi_sync_atomic_cas(int64_t, int64_t, int64_t);
int32_t qi_sync_atomic_destroy(int64_t);
void qi_datetime_sleep_millis(int64_t);
void *qi_datetime_async_sleep_future(int64_t);
void *qi_network_async_tcp_connect(const char *, uint16_t);
void *qi_network_async_tcp_read_bytes(int64_t, int64_t);
void *qi_network_async_tcp_write_bytes(int64_t, int64_t);
int64_t qi_network_async_tcp_close(int64_t);
void *qi_network_async_tcp_listen(const char *, uint16_t);
void *qi_network_async_tcp_accept(int64_t);
int64_t qi_network_async_tcp_listener_close(int64_t);
int64_t qi_network_async_tcp_listener_port(int64_t);
int64_t qi_mailbox_create(void);
int64_t qi_mailbox_post(int64_t, const char *, const char *);
int64_t qi_mailbox_post_after(int64_t, int64_t, const char *, const char *);
char *qi_mailbox_take(int64_t);
int64_t qi_mailbox_count(int64_t);
int64_t qi_mailbox_close(int64_t);
int32_t qi_coro_next_priority(int64_t);
int64_t qi_coro_stat(int64_t);
char *qi_coro_dump(void);

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

#define SCENARIO(name) void scenario_##name(void)
#endif
