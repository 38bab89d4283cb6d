/* What needs no coroutine: futures, goroutines, locks, timers, exceptions, mailboxes, sockets. */
#include "qi.h"
#include <pthread.h>

SCENARIO(ready_futures)
{
    int object;
    CHECK(qi_future_await_i64(qi_future_ready_i64(-5)) == -5);
    CHECK(qi_future_await_f64(qi_future_ready_f64(2.5)) == 2.5);
    CHECK(qi_future_await_bool(qi_future_ready_bool(7)) == 1);
    CHECK(qi_future_await_bool(qi_future_ready_bool(0)) == 0);
    void *pointer = qi_future_ready_ptr(&object);
    CHECK(qi_future_await_ptr(pointer) == &object && qi_future_await_ptr(pointer) == 0);
    void *string = qi_future_ready_string("你好, world", 9);
    CHECK_STRING(qi_future_await_string(string), "你好, w");
    CHECK_STRING(qi_future_await_ptr(string), "你好, w");
    CHECK(qi_future_await_i64(0) == -1 && qi_future_await_ptr(0) == 0);
    volatile int caught = 0;
    void *volatile failed = qi_future_failed("坏了!", 6);
    TRY(qi_future_await_f64(failed), {
        CHECK_STRING(qi_exc_message(), "坏了");
        caught = 1;
    });
    CHECK(caught);
    qi_future_free(string);
    qi_future_free(0);
}

static _Noreturn void fail(void)
{
    qi_exc_stage("staged");
    qi_exc_throw_staged();
}

SCENARIO(exceptions)
{
    volatile int inner = 0, outer = 0;
    TRY({
        TRY(fail(), {
            inner++;
            CHECK_STRING(qi_exc_message(), "staged");
            /* Out of the catch: to the next one. */
            qi_exc_throw("again");
        });
    }, {
        outer++;
        CHECK_STRING(qi_exc_message(), "again");
    });
    TRY((void)0, abort());
    CHECK(inner == 1 && outer == 1);
    CHECK_STRING(qi_exc_message(), "");
    CHECK(((uintptr_t)qi_exc_alloc_frame() & 15) == 0);
    qi_exc_pop();
    qi_exc_pop();
}

static int64_t done;

static void add_up(const int64_t *words)
{
    __atomic_add_fetch(&done, words[0] * words[1], __ATOMIC_RELAXED);
    qi_runtime_waitgroup_done((void *)(intptr_t)words[2]);
}

static void throw_away(const int64_t *words)
{
    (void)words;
    qi_exc_throw("thrown away");
}

struct closure {
    void (*function)(struct closure *);
    void *channel;
    int64_t value;
};

static void closure_sends(struct closure *own)
{
    for (int64_t i = 0; i < own->value; i++)
        qi_coro_chan_try_send(own->channel, i); /* waits while it is full, one OS thread or not */
}

static void closure_catches(struct closure *own)
{
    volatile int caught = 0;
    TRY({
        /* Others run, throw and catch meanwhile. */
        qi_datetime_sleep_millis(1);
        qi_exc_throw("mine");
    }, {
        CHECK_STRING(qi_exc_message(), "mine");
        caught = 1;
    });
    CHECK(caught);
    own->value = 1;
}

static void closure_throws(struct closure *own)
{
    qi_runtime_set_timeout(1);
    own->value = 1;
    qi_exc_throw("from a closure");
}

SCENARIO(goroutines)
{
    void *group = qi_runtime_waitgroup_create();
    __atomic_store_n(&done, 0, __ATOMIC_RELAXED);
    for (int64_t i = 1; i <= 20; i++) {
        CHECK(qi_runtime_waitgroup_add(group, 1) == 0);
        int64_t words[3] = { i, 2, (int64_t)(intptr_t)group };
        qi_runtime_spawn_goroutine_with_args(add_up, words, 3);
        memset(words, 0, sizeof words);
    }
    CHECK(qi_runtime_waitgroup_wait(group) == 0);
    CHECK(__atomic_load_n(&done, __ATOMIC_RELAXED) == 420);
    CHECK(qi_runtime_waitgroup_add(0, 1) == -1 && qi_runtime_waitgroup_done(0) == -1);
    CHECK(qi_runtime_waitgroup_wait(0) == -1);

    qi_runtime_spawn_goroutine_with_args(throw_away, 0, 0);
    while (qi_exc_goroutine_count() == 0)
        qi_runtime_set_timeout(1);
    CHECK_STRING(qi_exc_goroutine_take(), "thrown away");
    CHECK_STRING(qi_exc_goroutine_take(), "");

    struct closure all[10];
    int64_t handles[10];
    for (int i = 0; i < 10; i++) {
        all[i] = (struct closure){ i % 2 ? closure_catches : closure_throws, 0, 0 };
        handles[i] = qi_runtime_spawn_goroutine_handle(&all[i]);
    }
    for (int i = 0; i < 10; i++) {
        CHECK(qi_runtime_goroutine_join(handles[i]) == 0 && all[i].value == 1);
        CHECK(qi_runtime_goroutine_has_exception(handles[i]) == !(i % 2));
        CHECK_STRING(qi_runtime_goroutine_take_exception(handles[i]), i % 2 ? "" : "from a closure");
    }
    CHECK(qi_runtime_spawn_goroutine_handle(0) == -1 && qi_runtime_goroutine_join(12345) == -1);
    CHECK(qi_runtime_goroutine_has_exception(-7) == -1);
    CHECK_STRING(qi_runtime_goroutine_take_exception(0), "");

    void *ch = qi_coro_chan_new(1);
    struct closure sender = { closure_sends, ch, 25 };
    int64_t handle = qi_runtime_spawn_goroutine_handle(&sender), sum = 0;
    for (int i = 0; i < 25; i++)
        sum += receive(ch);
    CHECK(sum == 300 && qi_runtime_goroutine_join(handle) == 0);
    qi_coro_chan_free(ch);
    CHECK(qi_runtime_waitgroup_destroy(group) == 0 && qi_runtime_waitgroup_destroy(0) == -1);
}

static int64_t plain_number, number_lock;
static void *pointer_lock;

static void count_up(const int64_t *words)
{
    for (int64_t i = 0; i < words[0]; i++) {
        CHECK(qi_runtime_mutex_lock(pointer_lock) == 0);
        int64_t seen = plain_number;
        if (i % 10 == 0)
            qi_datetime_sleep_millis(0);
        plain_number = seen + 1;
        CHECK(qi_runtime_mutex_unlock(pointer_lock) == 0);
        CHECK(qi_sync_mutex_lock(number_lock) == 1);
        seen = plain_number;
        CHECK(qi_sync_mutex_unlock(number_lock) == 1);
    }
    qi_runtime_waitgroup_done((void *)(intptr_t)words[1]);
}

/* The language's own mutex locked nothing. */
SCENARIO(locks)
{
    void *group = qi_runtime_waitgroup_create();
    pointer_lock = qi_runtime_mutex_create();
    number_lock = qi_sync_mutex_create();
    plain_number = 0;
    qi_runtime_waitgroup_add(group, 4);
    CHECK(qi_runtime_mutex_lock(pointer_lock) == 0 && qi_runtime_mutex_trylock(pointer_lock) == 1);
    for (int i = 0; i < 4; i++) {
        int64_t words[2] = { 50, (int64_t)(intptr_t)group };
        qi_runtime_spawn_goroutine_with_args(count_up, words, 2);
    }
    CHECK(qi_runtime_mutex_unlock(pointer_lock) == 0);
    qi_runtime_waitgroup_wait(group);
    CHECK(plain_number == 200);
    CHECK(qi_runtime_mutex_trylock(pointer_lock) == 0 && qi_runtime_mutex_unlock(pointer_lock) == 0);
    CHECK(qi_runtime_mutex_unlock(pointer_lock) == -1);
    CHECK(qi_runtime_mutex_lock(0) == -1 && qi_runtime_mutex_unlock(0) == -1);
    CHECK(qi_runtime_mutex_trylock(0) == -1 && qi_runtime_mutex_destroy(0) == -1);
    CHECK(qi_sync_mutex_trylock(number_lock) == 1 && qi_sync_mutex_trylock(number_lock) == 0);
    CHECK(qi_sync_mutex_unlock(number_lock) == 1 && qi_sync_mutex_unlock(number_lock) == -1);
    CHECK(qi_sync_mutex_destroy(number_lock) == 1 && qi_sync_mutex_destroy(number_lock) == -1);
    CHECK(qi_sync_mutex_lock(number_lock) == -1 && qi_sync_mutex_trylock(number_lock) == -1);
    CHECK(qi_runtime_mutex_destroy(pointer_lock) == 0);
    qi_runtime_waitgroup_destroy(group);

    int64_t number = qi_sync_atomic_create(5);
    CHECK(qi_sync_atomic_add(number, -7) == -2 && qi_sync_atomic_load(number) == -2);
    CHECK(qi_sync_atomic_cas(number, 0, 1) == 0 && qi_sync_atomic_cas(number, -2, 1) == 1);
    CHECK(qi_sync_atomic_store(number, 9) == 1 && qi_sync_atomic_load(number) == 9);
    CHECK(qi_sync_atomic_destroy(number) == 1 && qi_sync_atomic_destroy(number) == -1);
    CHECK(qi_sync_atomic_load(number) == INT64_MIN && qi_sync_atomic_add(number, 1) == INT64_MIN);
    CHECK(qi_sync_atomic_store(number, 1) == -1 && qi_sync_atomic_cas(number, 1, 1) == -1);
}

SCENARIO(timers)
{
    void *timer = qi_runtime_timer_create(2), *stopped = qi_runtime_timer_create(1000000);
    CHECK(qi_runtime_timer_create(-1) == 0 && qi_runtime_timer_expired(0) == -1);
    CHECK(qi_runtime_timer_expired(stopped) == 0 && qi_runtime_timer_stop(stopped) == 0);
    CHECK(qi_runtime_timer_expired(stopped) == 1 && qi_runtime_timer_stop(0) == -1);
    CHECK(qi_runtime_set_timeout(-1) == -1);
    while (qi_runtime_timer_expired(timer) == 0)
        CHECK(qi_runtime_set_timeout(1) == 0);
    int64_t begin = steady_ms();
    CHECK(qi_future_await_i64(qi_datetime_async_sleep_future(2)) == 0);
    qi_datetime_sleep_millis(1);
    CHECK(steady_ms() - begin >= 2 && qi_runtime_get_time_ms() > 0);
}

SCENARIO(mailboxes)
{
    int64_t box = qi_mailbox_create();
    CHECK(qi_mailbox_post(box, "一", "{\"甲\":1}") == 1 && qi_mailbox_count(box) == 1);
    CHECK_STRING(qi_mailbox_take(box), "{\"m\":\"一\",\"p\":\"{\\\"甲\\\":1}\"}");
    CHECK_STRING(qi_mailbox_take(box), "");
    /* A minute: this thread may be held up for longer than any short time. */
    CHECK(qi_mailbox_post_after(box, 60000, "late", "") == 1);
    CHECK(qi_mailbox_post_after(box, 1, "soon", "") == 1);
    while (qi_mailbox_count(box) < 1)
        qi_runtime_set_timeout(1);
    CHECK_STRING(qi_mailbox_take(box), "{\"m\":\"soon\",\"p\":\"\"}");
    CHECK(qi_mailbox_close(box) == 1 && qi_mailbox_close(box) == 0);
    CHECK(qi_mailbox_post(box, "m", "") == 0 && qi_mailbox_count(box) == 0);
}

static void closure_answers(struct closure *own)
{
    int64_t listener = own->value;
    int64_t stream = qi_future_await_i64(qi_network_async_tcp_accept(listener));
    CHECK(stream > 0);
    for (;;) {
        int64_t got = qi_future_await_i64(qi_network_async_tcp_read_bytes(stream, 16));
        if (got == 0)
            break;
        CHECK(qi_future_await_i64(qi_network_async_tcp_write_bytes(stream, got)) > 0);
    }
    CHECK(qi_network_async_tcp_close(stream) == 1 && qi_network_async_tcp_close(stream) == 0);
    CHECK(qi_future_await_i64(qi_network_async_tcp_accept(listener)) == -1);
}

SCENARIO(sockets)
{
    int64_t listener = qi_future_await_i64(qi_network_async_tcp_listen("127.0.0.1", 0));
    int64_t port = qi_network_async_tcp_listener_port(listener);
    CHECK(port > 0 && qi_network_async_tcp_listener_port(1) == -1);
    struct closure server = { closure_answers, 0, listener };
    int64_t handle = qi_runtime_spawn_goroutine_handle(&server);
    int64_t stream = qi_future_await_i64(qi_network_async_tcp_connect("127.0.0.1", (uint16_t)port));
    for (int i = 0; i < 5; i++) {
        int64_t sent = qi_bytes_from_hex("00ff7f61");
        CHECK(qi_future_await_i64(qi_network_async_tcp_write_bytes(stream, sent)) == 4);
        char back[64] = "";
        while (strlen(back) < 8) {
            int64_t got = qi_future_await_i64(qi_network_async_tcp_read_bytes(stream, 0));
            char *hex = qi_bytes_to_hex(got);
            strcat(back, hex);
            qi_string_free(hex);
        }
        CHECK(strcmp(back, "00ff7f61") == 0);
    }
    CHECK(qi_network_async_tcp_close(stream) == 1);
    /* Another accept waits by now, or will: it ends with the listener. */
    qi_runtime_set_timeout(1);
    CHECK(qi_network_async_tcp_listener_close(listener) == 1);
    volatile int caught = 0;
    CHECK(qi_runtime_goroutine_join(handle) == 0);
    if (qi_runtime_goroutine_has_exception(handle)) /* accepted after the close: no such listener */
        caught++;
    CHECK(qi_network_async_tcp_listener_close(listener) == 0);
    TRY(qi_future_await_i64(qi_network_async_tcp_read_bytes(stream, 1)), caught += 2);
    TRY(qi_future_await_i64(qi_network_async_tcp_write_bytes(1, 1)), caught += 4);
    /* Not the port of before: somebody else may have it by now. Nobody listens on the first one. */
    TRY(qi_future_await_i64(qi_network_async_tcp_connect("127.0.0.1", 1)), caught += 8);
    CHECK((caught & 14) == 14);
}

static void *call_in(void *channel)
{
    for (int64_t i = 0; i < 10; i++)
        qi_coro_chan_try_send(channel, i);
    /* What was left unsent is sent by the next call. */
    qi_exc_clear();
    CHECK(qi_coro_chan_try_send(channel, 10) == 0 || qi_coro_stat(0) >= 0);
    return 0;
}

/* Threads that nobody has told us of. */
SCENARIO(threads)
{
    pthread_t thread;
    void *ch = qi_coro_chan_new(3);
    CHECK(pthread_create(&thread, 0, call_in, ch) == 0);
    int64_t sum = 0;
    for (int i = 0; i < 11; i++)
        sum += receive(ch);
    CHECK(sum == 55);
    CHECK(pthread_join(thread, 0) == 0);
    qi_coro_chan_free(ch);
}
