/* Programs that cannot go on, and say so. */
#include "qi.h"

static void *never;

static void closure_locks(void **own)
{
    (void)own;
    qi_sync_mutex_lock((int64_t)(intptr_t)never);
}

SCENARIO(deadlocks)
{
    void *ch = qi_coro_chan_new(1);
    volatile int caught = 0;

    /* All coroutines wait: run_all says so and returns. */
    void *volatile parked = qi_coro_spawn(consumer(ch, 1));
    qi_coro_run_all();
    CHECK(qi_coro_await_poll(parked) == 0);

    /* Awaiting one of them throws. */
    TRY(qi_future_await_i64(parked), {
        char *message = qi_exc_message();
        CHECK(strstr(message, "死锁") && strstr(message, "deadlock"));
        CHECK(strstr(message, "receives from channel") && strstr(message, "awaits future"));
        qi_string_free(message);
        caught++;
    });

    /* So does a receive that nobody can serve, and a lock that nobody can free. */
    void *volatile empty = qi_coro_chan_new(1);
    TRY(receive(empty), caught++);
    int64_t mutex = qi_sync_mutex_create();
    CHECK(qi_sync_mutex_lock(mutex) == 1);
    TRY(qi_sync_mutex_lock(mutex), caught++);
    never = (void *)(intptr_t)mutex;
    struct { void (*function)(void **); } closure = { closure_locks };
    volatile int64_t handle = qi_runtime_spawn_goroutine_handle(&closure);
    TRY(qi_runtime_goroutine_join(handle), caught++);
    CHECK(caught == 4);

    /* A full channel answers full, once nothing can make room: nothing is thrown. */
    void *full = qi_coro_chan_new(1);
    CHECK(qi_coro_chan_try_send(full, 1) == 0);
    CHECK(qi_coro_chan_try_send(full, 2) == 1);

    /* It was not for ever: whoever waits is served. */
    CHECK(qi_sync_mutex_unlock(mutex) == 1);
    CHECK(qi_runtime_goroutine_join(handle) == 0);
    CHECK(qi_coro_chan_try_send(ch, 6) == 0 && qi_future_await_i64(parked) == 6);
    /* A sleeper, though alone, is no deadlock. */
    CHECK(qi_future_await_i64(qi_coro_spawn(sleeper(30))) == 30);
    qi_coro_run_all();
    CHECK(qi_sync_mutex_destroy(mutex) == 1);
}
