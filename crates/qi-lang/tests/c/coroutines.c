/* Coroutines, channels between them, and what a plain function does with both. */
#include "qi.h"

static int64_t cleanups;

void note_cleanup(int64_t one);
void note_cleanup(int64_t one)
{
    __atomic_add_fetch(&cleanups, one, __ATOMIC_RELAXED);
}

SCENARIO(values)
{
    CHECK(qi_future_await_i64(qi_coro_spawn(constant(7))) == 7);
    CHECK(qi_future_await_i64(qi_coro_spawn(counter(5))) == 5);
    CHECK(qi_future_await_i64(qi_coro_spawn(fib(10))) == 55);
    CHECK(qi_future_await_i64(qi_coro_spawn(chain(50))) == 50);
    void *twice = qi_coro_spawn(counter(3));
    CHECK(qi_future_await_i64(twice) == 3 && qi_future_await_i64(twice) == 3);
    CHECK(qi_coro_await_poll(twice) == 1 && qi_coro_await_poll(0) == 1);
    CHECK(*(uint64_t *)twice == 0xC0DEF00DC0A05151u);
}

SCENARIO(run_all)
{
    void *futures[100];
    for (int64_t i = 0; i < 100; i++)
        futures[i] = qi_coro_spawn(counter(i));
    qi_coro_run_all();
    for (int64_t i = 0; i < 100; i++) {
        CHECK(qi_coro_await_poll(futures[i]) == 1);
        CHECK(qi_future_await_i64(futures[i]) == i);
    }
    CHECK(qi_coro_stat(0) == 0 && qi_coro_step_once() == 0);
    /* Every frame was cleaned up, once. */
    qi_coro_run_all();
}

SCENARIO(channels)
{
    void *ch = qi_coro_chan_new(2), *sums[4];
    for (int i = 0; i < 4; i++)
        sums[i] = qi_coro_spawn(consumer(ch, 50));
    for (int i = 0; i < 4; i++)
        qi_coro_spawn(producer(ch, 50));
    int64_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += qi_future_await_i64(sums[i]);
    CHECK(sum == 4 * 49 * 50 / 2);
    qi_coro_run_all();
    qi_coro_chan_free(ch);

    void *there = qi_coro_chan_new(0), *back = qi_coro_chan_new(1);
    qi_coro_spawn(echo(there, back, 20));
    for (int64_t i = 0; i < 20; i++) {
        CHECK(qi_coro_chan_try_send(there, i) == 0);
        CHECK(receive(back) == i);
    }
    qi_coro_run_all();
    qi_coro_chan_free(there);
    qi_coro_chan_free(back);
    CHECK(qi_coro_chan_try_send(0, 1) == 1 && qi_coro_chan_try_recv(0, 0) == 1);
}

/* The language's own runtime lost 8 of 10. */
SCENARIO(plain_sends_wait)
{
    void *ch = qi_coro_chan_new(2), *sum = qi_coro_spawn(consumer(ch, 10));
    for (int64_t i = 0; i < 10; i++)
        qi_coro_chan_try_send(ch, i); /* ch <- i */
    CHECK(qi_future_await_i64(sum) == 45);
    qi_coro_run_all();
    qi_coro_chan_free(ch);
}

/* The language's own runtime hung. */
SCENARIO(child_parks_first)
{
    void *ch = qi_coro_chan_new(1);
    CHECK(qi_future_await_i64(qi_coro_spawn(mother(ch))) == 3);
    qi_coro_run_all();
    qi_coro_chan_free(ch);
}

static void wait_for_group(void *group)
{
    qi_runtime_waitgroup_wait(group);
}

static void finish_group(void *group)
{
    qi_runtime_waitgroup_done(group);
}

/* Plain functions that block in coroutines: others go on, however many block. */
SCENARIO(blocks)
{
    void *group = qi_runtime_waitgroup_create(), *blocked[6];
    qi_runtime_waitgroup_add(group, 1);
    for (int i = 0; i < 6; i++)
        blocked[i] = qi_coro_spawn(caller(wait_for_group, group));
    CHECK(qi_future_await_i64(qi_coro_spawn(awaiter(50))) == 50);
    CHECK(qi_coro_stat(0) >= 6);
    qi_coro_spawn(caller(finish_group, group));
    for (int i = 0; i < 6; i++)
        CHECK(qi_future_await_i64(blocked[i]) == 1);
    CHECK(qi_future_await_i64(qi_coro_spawn(awaiter(50))) == 50);
    qi_coro_run_all();
    CHECK(qi_runtime_waitgroup_destroy(group) == 0);
}

struct errand {
    void *channel, *served;
};

static void serve_and_stay(void *pointer)
{
    struct errand *errand = pointer;
    CHECK(qi_coro_chan_try_send(errand->channel, 7) == 0);
    while (qi_coro_await_poll(errand->served) == 0)
        continue;
}

/* A turn that lasts keeps nobody whom it has woken, if there is a free worker. */
SCENARIO(lasting_turns)
{
    /* There are workers once something has run. */
    CHECK(qi_future_await_i64(qi_coro_spawn(counter(1))) == 1);
    if (qi_coro_stat(5) < 2)
        return;
    void *ch = qi_coro_chan_new(1), *served = qi_coro_spawn(consumer(ch, 1));
    struct errand errand = { ch, served };
    CHECK(qi_future_await_i64(qi_coro_spawn(caller(serve_and_stay, &errand))) == 1);
    CHECK(qi_future_await_i64(served) == 7);
    qi_coro_run_all();
    qi_coro_chan_free(ch);
}

SCENARIO(throws_reach_the_awaiter)
{
    volatile int caught = 0;
    void *volatile thrown = qi_coro_spawn(thrower());
    TRY(qi_future_await_i64(thrown), {
        CHECK_STRING(qi_exc_message(), "boom");
        caught++;
    });
    /* Through another coroutine, and as often as one asks. */
    TRY(qi_future_await_i64(qi_coro_spawn(waiter(thrown))), caught++);
    TRY(qi_future_await_i64(thrown), caught++);
    CHECK(caught == 3);
    qi_coro_run_all();
}

SCENARIO(sleeps)
{
    int64_t begin = steady_ms();
    void *one = qi_coro_spawn(sleeper(3)), *none = qi_coro_spawn(sleeper(0));
    void *less = qi_coro_spawn(sleeper(-1));
    CHECK(qi_future_await_i64(one) == 3 && qi_future_await_i64(none) == 0);
    CHECK(qi_future_await_i64(less) == -1);
    CHECK(steady_ms() - begin >= 2);
    /* Several await one future. */
    void *sleep = qi_datetime_async_sleep_future(2), *all[5];
    for (int i = 0; i < 5; i++)
        all[i] = qi_coro_spawn(waiter(sleep));
    for (int i = 0; i < 5; i++)
        CHECK(qi_future_await_i64(all[i]) == 1);
    qi_coro_run_all();
}

SCENARIO(cancels)
{
    void *ch = qi_coro_chan_new(1);
    int64_t before = __atomic_load_n(&cleanups, __ATOMIC_RELAXED);
    void *parked = qi_coro_spawn(consumer(ch, 1)), *sleeping = qi_coro_spawn(sleeper(1000000));
    void *awaiting = qi_coro_spawn(waiter(sleeping));
    void *full = qi_coro_spawn(producer(ch, 100)), *last;
    qi_coro_cancel(awaiting);
    qi_coro_cancel(sleeping);
    qi_coro_cancel(parked);
    qi_coro_cancel(full);
    qi_coro_cancel(0);
    qi_coro_run_all();
    CHECK(qi_future_await_i64(sleeping) == 0 && qi_future_await_i64(awaiting) <= 1);
    CHECK(__atomic_load_n(&cleanups, __ATOMIC_RELAXED) == before + 4);
    qi_coro_cancel(sleeping);
    /* The channel works on: nobody dangles in it. */
    int64_t value;
    while (qi_coro_chan_try_recv(ch, &value) == 0)
        continue;
    last = qi_coro_spawn(consumer(ch, 1));
    CHECK(qi_coro_chan_try_send(ch, 5) == 0);
    CHECK(qi_future_await_i64(last) == 5);
    qi_coro_run_all();
    qi_coro_chan_free(ch);
}

SCENARIO(steps)
{
    void *future = qi_coro_spawn(counter(10));
    while (qi_coro_step_once() == 1)
        continue;
    CHECK(qi_coro_await_poll(future) == 1 && qi_future_await_i64(future) == 10);
}

/* 选择 over two channels, with and without a time limit, in the compiler's loop. */
SCENARIO(selects)
{
    void *one = qi_coro_chan_new(1), *two = qi_coro_chan_new(1);
    qi_coro_spawn(producer(one, 30));
    qi_coro_spawn(producer(two, 30));
    int64_t value, sum = 0;
    for (int i = 0; i < 60; i++) {
        for (;;) {
            if (qi_coro_chan_try_recv(one, &value) == 0 || qi_coro_chan_try_recv(two, &value) == 0)
                break;
            qi_coro_step_once();
            qi_runtime_select_backoff();
        }
        sum += value;
    }
    CHECK(sum == 2 * 29 * 30 / 2);
    int64_t limit = qi_runtime_get_time_ms() + 5;
    for (;;) {
        CHECK(qi_coro_chan_try_recv(one, &value) == 1 && qi_coro_chan_try_recv(two, &value) == 1);
        if (qi_runtime_get_time_ms() >= limit)
            break;
        qi_coro_step_once();
        qi_runtime_select_backoff();
    }
    /* A send that is not chosen is not sent. */
    CHECK(qi_coro_chan_try_send(one, 1) == 0);
    void *taker = qi_coro_spawn(consumer(one, 2));
    for (;;) {
        if (qi_coro_chan_try_send(one, 2) == 0)
            break;
        qi_coro_step_once();
        qi_runtime_select_backoff();
    }
    CHECK(qi_future_await_i64(taker) == 3);
    qi_coro_run_all();
    CHECK(qi_coro_chan_try_recv(one, &value) == 1);
    qi_coro_chan_free(one);
    qi_coro_chan_free(two);
}

SCENARIO(priorities)
{
    CHECK(qi_coro_next_priority(4) == -1 && qi_coro_next_priority(-1) == -1);
    for (int64_t lane = 0; lane < 4; lane++) {
        CHECK(qi_coro_next_priority(lane) == 0);
        CHECK(qi_future_await_i64(qi_coro_spawn(counter(3))) == 3);
    }
    CHECK(qi_coro_stat(4) > 0 && qi_coro_stat(5) > 0 && qi_coro_stat(99) == -1);
    CHECK(qi_coro_stat(9) > 0);
    void *ch = qi_coro_chan_new(1), *parked = qi_coro_spawn(consumer(ch, 1));
    for (;;) {
        char *dump = qi_coro_dump();
        int seen = strstr(dump, "receives from channel") != 0;
        qi_string_free(dump);
        if (seen)
            break;
    }
    CHECK(qi_coro_chan_try_send(ch, 1) == 0 && qi_future_await_i64(parked) == 1);
    qi_coro_run_all();
    qi_coro_chan_free(ch);
}

/* The language's own futures, beside ours. */
SCENARIO(foreign_futures)
{
    CHECK(qi_future_await_i64(language_future(8, 0, 0)) == 8);
    CHECK(qi_future_await_i64(language_future(9, 2, 0)) == 9);
    CHECK(qi_future_await_i64(qi_coro_spawn(waiter(language_future(10, 3, 0)))) == 11);
    volatile int caught = 0;
    TRY(qi_future_await_i64(language_future(0, 1, 1)), caught++);
    CHECK(caught == 1);
    qi_coro_run_all();
}

/* A figure of a file of /proc, after that word. */
static int64_t figure(const char *path, const char *word)
{
    char line[256];
    int64_t found = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, word, strlen(word)) == 0)
            found = atoll(line + strlen(word));
    if (file)
        fclose(file);
    return found;
}

/* Frames, futures and channels go: the language's own futures and channels stayed. */
SCENARIO(memory)
{
    int64_t count = 20000;
    CHECK(qi_future_await_i64(qi_coro_spawn(awaiter(count))) == count);
    for (int64_t i = 0; i < count; i++) {
        CHECK(qi_future_await_i64(qi_future_ready_i64(i)) == i);
        void *ch = qi_coro_chan_new(1);
        CHECK(qi_coro_chan_try_send(ch, i) == 0 && receive(ch) == i);
        qi_coro_chan_free(ch);
        CHECK_STRING(qi_future_await_string(qi_future_ready_string("gone", 4)), "gone");
    }
    CHECK(language_strings() == 0);
    if (!WATCHED)
        CHECK(figure("/proc/self/status", "VmHWM:") < 64 * 1024);
}
