/* What things cost: one line each, `name nanoseconds`. Its argument divides the numbers of repetitions:
 * the test runs it with a large one, to see that it works. A second one names the one group to run. */
#include "qi.h"
#include <time.h>

static int64_t part;

void note_cleanup(int64_t one);
void note_cleanup(int64_t one)
{
    (void)one;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static int64_t times(int64_t count)
{
    return count / part > 0 ? count / part : 1;
}

static void tell(const char *name, double begin, int64_t count)
{
    printf("%-28s %12.1f\n", name, (now() - begin) / (double)count);
    fflush(stdout);
}

static void spawns(void)
{
    int64_t count = times(1000000);
    double begin = now();
    for (int64_t i = 0; i < count; i++)
        qi_coro_spawn(counter(1));
    qi_coro_run_all();
    tell("spawn and run", begin, count);
    begin = now();
    qi_coro_spawn(spawner(count));
    qi_coro_run_all();
    tell("spawn inside", begin, count);
    begin = now();
    qi_future_await_i64(qi_coro_spawn(awaiter(count)));
    tell("await a child", begin, count);
}

static void fibs(void)
{
    double begin = now();
    for (int64_t i = 0; i < times(20); i++)
        CHECK(qi_future_await_i64(qi_coro_spawn(fib(24))) == 46368);
    tell("fib(24)", begin, times(20));
}

static void yields(void)
{
    int64_t count = times(10000);
    double begin = now();
    for (int i = 0; i < 100; i++)
        qi_coro_spawn(counter(count));
    qi_coro_run_all();
    tell("yield among 100", begin, 100 * count);
    void *sleepers[5000];
    for (int i = 0; i < 5000; i++)
        sleepers[i] = qi_coro_spawn(sleeper(1000000));
    count = times(1000000);
    begin = now();
    qi_future_await_i64(qi_coro_spawn(counter(count)));
    tell("yield among 5000 sleepers", begin, count);
    for (int i = 0; i < 5000; i++)
        qi_coro_cancel(sleepers[i]);
    qi_coro_run_all();
}

static void channels(void)
{
    int64_t count = times(500000);
    void *one = qi_coro_chan_new(1), *two = qi_coro_chan_new(1);
    void *last = qi_coro_spawn(echo(one, two, count));
    qi_coro_spawn(echo(two, one, count - 1));
    double begin = now();
    qi_coro_chan_try_send(one, 1);
    qi_future_await_i64(last);
    tell("ping-pong round", begin, count);
    int64_t value;
    qi_coro_run_all();
    while (qi_coro_chan_try_recv(two, &value) == 0)
        continue;

    count = times(1000);
    void *in = qi_coro_chan_new(64);
    begin = now();
    last = qi_coro_spawn(consumer(in, 1000 * count));
    for (int i = 0; i < 1000; i++)
        qi_coro_spawn(producer(in, count));
    qi_future_await_i64(last);
    tell("fan-in 1000 to 1, a message", begin, 1000 * count);
    qi_coro_run_all();

    count = times(200000);
    void *out = qi_coro_chan_new(64);
    begin = now();
    for (int i = 0; i < 8; i++)
        qi_coro_spawn(consumer(out, count));
    qi_coro_spawn(producer(out, 8 * count));
    qi_coro_run_all();
    tell("fan-out 1 to 8, a message", begin, 8 * count);

    count = times(200000);
    void *park = qi_coro_chan_new(0);
    begin = now();
    for (int64_t i = 0; i < count; i++)
        qi_coro_spawn(consumer(park, 1));
    tell("spawn and park", begin, count);
    begin = now();
    for (int64_t i = 0; i < count; i++)
        qi_coro_chan_try_send(park, i);
    qi_coro_run_all();
    tell("wake", begin, count);
    qi_coro_chan_free(one);
    qi_coro_chan_free(two);
    qi_coro_chan_free(in);
    qi_coro_chan_free(out);
    qi_coro_chan_free(park);
}

static void finish(const int64_t *words)
{
    qi_runtime_waitgroup_done((void *)(intptr_t)words[0]);
}

static void goroutines(void)
{
    int64_t count = times(500000);
    void *group = qi_runtime_waitgroup_create();
    qi_runtime_waitgroup_add(group, (int32_t)count);
    int64_t words[1] = { (int64_t)(intptr_t)group };
    double begin = now();
    for (int64_t i = 0; i < count; i++)
        qi_runtime_spawn_goroutine_with_args(finish, words, 1);
    qi_runtime_waitgroup_wait(group);
    tell("plain goroutine", begin, count);
}

struct server {
    void (*function)(struct server *);
    int64_t listener;
};

static void serve(struct server *own)
{
    int64_t stream = qi_future_await_i64(qi_network_async_tcp_accept(own->listener)), got;
    while ((got = qi_future_await_i64(qi_network_async_tcp_read_bytes(stream, 64))) > 0)
        qi_future_await_i64(qi_network_async_tcp_write_bytes(stream, got));
    qi_network_async_tcp_close(stream);
}

static void trips(struct server *own)
{
    int64_t port = qi_network_async_tcp_listener_port(own->listener), count = times(10000);
    void *connected = qi_network_async_tcp_connect("127.0.0.1", (uint16_t)port);
    int64_t stream = qi_future_await_i64(connected), sent = qi_bytes_from_hex("00112233");
    double begin = now();
    for (int64_t i = 0; i < count; i++) {
        qi_future_await_i64(qi_network_async_tcp_write_bytes(stream, sent));
        CHECK(qi_future_await_i64(qi_network_async_tcp_read_bytes(stream, 64)) > 0);
    }
    tell("TCP echo round trip", begin, count);
    qi_network_async_tcp_close(stream);
}

static void sockets(void)
{
    void *listening = qi_network_async_tcp_listen("127.0.0.1", 0);
    struct server server = { serve, qi_future_await_i64(listening) };
    struct server client = { trips, server.listener };
    int64_t one = qi_runtime_spawn_goroutine_handle(&server);
    qi_runtime_goroutine_join(qi_runtime_spawn_goroutine_handle(&client));
    qi_runtime_goroutine_join(one);
}

int main(int count, char **words)
{
    part = count > 1 ? atoll(words[1]) : 1;
    register_ops();
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {
        { "spawns", spawns },     { "fib", fibs },         { "yields", yields },
        { "channels", channels }, { "goroutines", goroutines }, { "sockets", sockets },
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (count < 3 || strcmp(words[2], groups[i].name) == 0)
            groups[i].run();
    return 0;
}
