/* Programs that wait: a coroutine on a channel, one on a socket, one and a goroutine for an hour, a
 * goroutine on the stream of whoever connects, and the main thread in a way of its own. Each says where it
 * listens; when the stream ends all wake up. The language's own runtime woke 389 times a second, and awaited
 * a socket at full speed. */
#include "qi.h"
#include <unistd.h>

enum { AN_HOUR = 3600 * 1000 };

static struct {
    void *channel, *other, *end, *received, *asleep, *awaits_socket;
    int64_t listener, stream, lock;
} idle;

static void sleep_long(const int64_t *words)
{
    qi_datetime_sleep_millis(words[0]);
}

/* Wakes all, once the stream has ended. */
static void wake(const int64_t *words)
{
    void *reading = qi_network_async_tcp_read_bytes(idle.stream, 64);
    CHECK(qi_future_await_i64(reading) == 0);
    CHECK(qi_network_async_tcp_close(idle.stream) == 1);
    CHECK(qi_network_async_tcp_listener_close(idle.listener) == 1);
    qi_coro_cancel(idle.asleep);
    CHECK(qi_coro_chan_try_send(idle.channel, 7) == 0);
    CHECK(qi_coro_chan_try_send(idle.end, 8) == 0);
    CHECK(qi_sync_mutex_unlock(idle.lock) == 1);
    if (words[0]) {
        /* The main thread sleeps. */
        puts("fine");
        fflush(stdout);
        _exit(0);
    }
}

static void begin(int64_t ends)
{
    idle.channel = qi_coro_chan_new(1);
    idle.other = qi_coro_chan_new(0);
    idle.end = qi_coro_chan_new(0);
    idle.lock = qi_sync_mutex_create();
    CHECK(qi_sync_mutex_lock(idle.lock) == 1);
    idle.listener = qi_future_await_i64(qi_network_async_tcp_listen("127.0.0.1", 0));
    void *accepted = qi_network_async_tcp_accept(idle.listener);
    printf("%lld\n", (long long)qi_network_async_tcp_listener_port(idle.listener));
    fflush(stdout);
    idle.stream = qi_future_await_i64(accepted);
    idle.received = qi_coro_spawn(consumer(idle.channel, 1));
    idle.awaits_socket = qi_coro_spawn(waiter(qi_network_async_tcp_accept(idle.listener)));
    idle.asleep = qi_coro_spawn(sleeper(AN_HOUR));
    int64_t hour = AN_HOUR;
    qi_runtime_spawn_goroutine_with_args(sleep_long, &hour, 1);
    qi_runtime_spawn_goroutine_with_args(wake, &ends, 1);
}

static void end(void)
{
    CHECK(qi_future_await_i64(idle.received) == 7);
    CHECK(qi_future_await_i64(idle.awaits_socket) == 0);
    CHECK(qi_future_await_i64(idle.asleep) == 0);
    qi_coro_run_all();
}

SCENARIO(idle_await)
{
    begin(0);
    CHECK(qi_future_await_i64(idle.received) == 7);
    end();
}

SCENARIO(idle_receive)
{
    begin(0);
    CHECK(receive(idle.end) == 8);
    end();
}

SCENARIO(idle_select)
{
    int64_t value;
    begin(0);
    while (qi_coro_chan_try_recv(idle.other, &value) != 0 && qi_coro_chan_try_recv(idle.end, &value) != 0) {
        qi_coro_step_once();
        qi_runtime_select_backoff();
    }
    CHECK(value == 8);
    end();
}

SCENARIO(idle_lock)
{
    begin(0);
    CHECK(qi_sync_mutex_lock(idle.lock) == 1);
    end();
}

SCENARIO(idle_all)
{
    begin(0);
    qi_coro_run_all();
    end();
}

SCENARIO(idle_sleep)
{
    begin(1);
    qi_runtime_set_timeout(AN_HOUR);
}
