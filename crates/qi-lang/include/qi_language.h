// What the compiler of the Qi language declares, for C: the functions of libqi_lang, and of a libqi_runtime
// that was built for the language. What each does is told by docs/qi-language.md.
#ifndef QI_LANGUAGE_H
#define QI_LANGUAGE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#define QI_NEVER_RETURNS [[noreturn]]
extern "C" {
#else
#define QI_NEVER_RETURNS _Noreturn
#endif

// Coroutines: frames as LLVM makes them, channels that they wait at.
void qi_coro_register_ops(void (*)(void *), bool (*)(void *), void (*)(void *), int64_t (*)(void *));
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

// Futures. Those that await throw what the future failed with.
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

// Closures on stacks of their own, wait groups, locks, timers.
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

// Exceptions: jumps to the newest buffer that setjmp has filled.
void *qi_exc_alloc_frame(void);
void qi_exc_pop(void);
char *qi_exc_message(void);
void qi_exc_clear(void);
void qi_exc_stage(const char *);
QI_NEVER_RETURNS void qi_exc_throw_staged(void);
QI_NEVER_RETURNS void qi_exc_throw(const char *);
int64_t qi_exc_goroutine_count(void);
char *qi_exc_goroutine_take(void);

// What modules of the language call.
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

// New: nobody has to call these. So are qi_coro_chan_free, qi_future_free, the two _destroy above and
// qi_network_async_tcp_listener_port.
int32_t qi_coro_next_priority(int64_t);
int64_t qi_coro_stat(int64_t);
char *qi_coro_dump(void);

#ifdef __cplusplus
}
#endif
#endif
