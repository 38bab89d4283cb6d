/* The side of the instrument that is written in C: the same work as in src/workload/abi.rs, through the C
 * ABI. Called with the number of workers, `quick` or `full`, and the workload; prints a line of JSON. */
#include <qi_runtime.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                                  \
    do {                                                                  \
        if (!(condition)) {                                               \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                      \
        }                                                                 \
    } while (0)

/* Values that are sent before they are received: all of them find room. */
enum { BATCH = 1000 };

struct work {
    uint64_t turns, turn, value;
    double wall_ns, cpu_ns;
    qi_task child;
    qi_chan channel;
};

static double nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void start(struct work *work) {
    work->wall_ns -= nanoseconds(CLOCK_MONOTONIC);
    work->cpu_ns -= nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop(struct work *work) {
    work->wall_ns += nanoseconds(CLOCK_MONOTONIC);
    work->cpu_ns += nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static qi_task_options options_of_a_child(void) {
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = sizeof(uint64_t);
    options.result_align = sizeof(uint64_t);
    return options;
}

static int32_t child_poll(void *state, qi_cx *cx, void *result) {
    (void)cx;
    memcpy(result, state, sizeof(uint64_t));
    return QI_OK;
}

static int32_t child_call(void *argument, void *result) {
    uint64_t value = (uint64_t)(uintptr_t)argument;
    memcpy(result, &value, sizeof value);
    return QI_OK;
}

/* Spawns a poll function and awaits it, one after the other. */
static int32_t awaits_polled(void *state, qi_cx *cx, void *result) {
    struct work *work = state;
    qi_task_options options = options_of_a_child();
    (void)result;
    if (work->turn == 0 && work->child == 0) {
        start(work);
    }
    while (work->turn < work->turns) {
        if (work->child == 0) {
            CHECK(qi_task_spawn_inline(child_poll, NULL, &work->turn, sizeof work->turn, 8, &options,
                                       &work->child) == QI_OK);
        }
        int32_t code = qi_task_poll_await(work->child, cx, &work->value);
        if (code == QI_PENDING) {
            return QI_PENDING;
        }
        CHECK(code == QI_OK && work->value == work->turn);
        qi_release(work->child);
        work->child = 0;
        work->turn++;
    }
    stop(work);
    return QI_OK;
}

/* Spawns a coroutine and awaits it, one after the other. */
static int32_t awaits_coroutines(void *argument, void *result) {
    struct work *work = argument;
    qi_task_options options = options_of_a_child();
    (void)result;
    start(work);
    for (uint64_t turn = 0; turn < work->turns; turn++) {
        qi_task child;
        uint64_t value;
        CHECK(qi_task_spawn(child_call, NULL, (void *)(uintptr_t)turn, &options, &child) == QI_OK);
        CHECK(qi_task_await(child, &value) == QI_OK && value == turn);
        qi_release(child);
    }
    stop(work);
    return QI_OK;
}

static void drain(struct work *work) {
    uint64_t value;
    for (int number = 0; number < BATCH; number++) {
        CHECK(qi_chan_try_recv(work->channel, &value) == QI_OK);
    }
}

static int32_t sends_polled(void *state, qi_cx *cx, void *result) {
    struct work *work = state;
    (void)result;
    while (work->turn < work->turns) {
        if (work->turn % BATCH == 0) {
            start(work);
        }
        int32_t code = qi_chan_poll_send(work->channel, cx, &work->turn);
        if (code == QI_PENDING) {
            /* The budget is spent: it will be polled again. */
            if (work->turn % BATCH == 0) {
                stop(work);
            }
            return QI_PENDING;
        }
        CHECK(code == QI_OK);
        if (++work->turn % BATCH == 0) {
            stop(work);
            drain(work);
        }
    }
    return QI_OK;
}

static int32_t sends_suspending(void *argument, void *result) {
    struct work *work = argument;
    (void)result;
    for (uint64_t turn = 0; turn < work->turns; turn += BATCH) {
        start(work);
        for (uint64_t number = 0; number < BATCH; number++) {
            CHECK(qi_chan_send(work->channel, &number) == QI_OK);
        }
        stop(work);
        drain(work);
    }
    return QI_OK;
}

static void run(const char *name, struct work *work) {
    qi_task task = 0;
    if (strcmp(name, "abi-await") == 0) {
        CHECK(qi_task_spawn_poll(awaits_polled, NULL, work, NULL, &task) == QI_OK);
    } else if (strcmp(name, "abi-await-stack") == 0) {
        CHECK(qi_task_spawn(awaits_coroutines, NULL, work, NULL, &task) == QI_OK);
    } else if (strcmp(name, "abi-send") == 0) {
        CHECK(qi_task_spawn_poll(sends_polled, NULL, work, NULL, &task) == QI_OK);
    } else if (strcmp(name, "abi-send-stack") == 0) {
        CHECK(qi_task_spawn(sends_suspending, NULL, work, NULL, &task) == QI_OK);
    } else {
        puts("{\"none\":\"has no such workload\"}");
        exit(0);
    }
    CHECK(qi_task_await(task, NULL) == QI_OK);
    qi_release(task);
}

int main(int count, char **arguments) {
    struct work warm, work;
    qi_config config;
    CHECK(count == 4);
    memset(&config, 0, sizeof config);
    memset(&warm, 0, sizeof warm);
    config.struct_size = sizeof config;
    config.worker_threads = (uint32_t)strtoul(arguments[1], NULL, 10);
    CHECK(qi_init(&config) == QI_OK);
    CHECK(qi_chan_create(sizeof(uint64_t), 8, 2 * BATCH, NULL, &warm.channel) == QI_OK);
    work = warm;
    work.turns = strcmp(arguments[2], "quick") == 0 ? 100000 : 1000000;
    warm.turns = work.turns / 10;
    run(arguments[3], &warm);
    run(arguments[3], &work);
    printf("{\"figures\":{\"operations\":%llu,\"wall_ns\":%.3f,\"cpu_ns\":%.3f}}\n",
           (unsigned long long)work.turns, work.wall_ns / (double)work.turns,
           work.cpu_ns / (double)work.turns);
    return 0;
}
