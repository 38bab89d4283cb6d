/* Select: channels in both directions, tasks, events, timers, a time limit and a default; from threads,
 * coroutines and poll functions; what is not chosen is not done. */
#include "check.h"

static int drops;

static void count_drop(void *value) {
    (void)value;
    __atomic_add_fetch(&drops, 1, __ATOMIC_SEQ_CST);
}

static qi_select_case branch(int32_t operation, qi_handle handle, void *data) {
    qi_select_case made;
    memset(&made, 0, sizeof made);
    made.struct_size = sizeof made;
    made.operation = operation;
    made.handle = handle;
    made.data = data;
    return made;
}

static qi_select_case within(uint64_t ns) {
    qi_select_case made = branch(QI_SELECT_TIMEOUT, 0, NULL);
    made.timeout_ns = ns;
    return made;
}

static void nothing_is_ready(void) {
    int value = 0;
    size_t chosen = 99;
    qi_chan channel;
    FINE(qi_chan_create(sizeof(int), 0, 0, NULL, &channel));
    qi_select_case cases[3] = {branch(QI_SELECT_RECV, channel, &value),
                               branch(QI_SELECT_SEND, channel, &value),
                               branch(QI_SELECT_DEFAULT, 0, NULL)};
    ANSWERS(QI_ERR_INVALID, qi_select(cases, 3, 0, &chosen)); /* it would meet itself */
    cases[1].handle = 0;
    FINE(qi_select(cases, 3, 0, &chosen));
    CHECK(chosen == 2);
    cases[2] = within(1000000);
    uint64_t before = qi_now_ns();
    FINE(qi_select(cases, 3, 0, &chosen));
    CHECK(chosen == 2 && qi_now_ns() - before >= 1000000);
    FINE(qi_release(channel));
}

/* A sender that waits is chosen as well as a receiver; a closed channel answers. */
static void channels(void) {
    int got = 0, value = 5;
    size_t chosen = 99;
    qi_chan in, out;
    FINE(qi_chan_create(sizeof(int), 0, 2, count_drop, &in));
    FINE(qi_chan_create(sizeof(int), 0, 1, count_drop, &out));
    FINE(qi_chan_send(in, &value));
    qi_select_case cases[2] = {branch(QI_SELECT_RECV, in, &got),
                               branch(QI_SELECT_SEND, out, &value)};
    int received = 0, sent = 0;
    drops = 0;
    for (int round = 0; round < 2; round++) {
        FINE(qi_select(cases, 2, 0, &chosen));
        ANSWERS(QI_OK, cases[chosen].answer);
        received += chosen == 0, sent += chosen == 1;
        /* The branch that was done is not ready any more: the other one is next. */
    }
    CHECK(received == 1 && sent == 1 && got == 5);
    CHECK(qi_chan_len(in) == 0 && qi_chan_len(out) == 1 && drops == 0);
    FINE(qi_chan_close(in));
    FINE(qi_select(cases, 2, QI_SELECT_IN_ORDER, &chosen));
    CHECK(chosen == 0);
    ANSWERS(QI_ERR_CLOSED, cases[0].answer);
    cases[0].handle = 0; /* never chosen from now on */
    FINE(qi_chan_recv(out, &got));
    FINE(qi_select(cases, 2, 0, &chosen));
    CHECK(chosen == 1);
    FINE(qi_release(in));
    FINE(qi_release(out));
    CHECK(drops == 1);
}

/* Of branches that are always ready each has its turns. */
static void fairness(void) {
    int got, turns[3] = {0, 0, 0};
    size_t chosen;
    qi_chan channels[3];
    qi_select_case cases[3];
    for (int index = 0; index < 3; index++) {
        FINE(qi_chan_create(sizeof(int), 0, QI_UNBOUNDED, NULL, &channels[index]));
        cases[index] = branch(QI_SELECT_RECV, channels[index], &got);
        for (int number = 0; number < 3000; number++) {
            FINE(qi_chan_send(channels[index], &number));
        }
    }
    for (int round = 0; round < 3000; round++) {
        FINE(qi_select(cases, 3, 0, &chosen));
        turns[chosen]++;
    }
    CHECK(turns[0] > 700 && turns[1] > 700 && turns[2] > 700);
    for (int round = 0; round < 100; round++) {
        FINE(qi_select(cases, 3, QI_SELECT_IN_ORDER, &chosen));
        CHECK(chosen == 0);
    }
    for (int index = 0; index < 3; index++) {
        FINE(qi_release(channels[index]));
    }
}

static int32_t quick(void *argument, void *result) {
    (void)argument;
    int64_t number = 11;
    memcpy(result, &number, sizeof number);
    return qi_sleep_ns(1000);
}

static void others(void) {
    qi_task_options options;
    size_t chosen = 99;
    int64_t number = 0;
    qi_task task;
    qi_event event;
    qi_timer timer;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = sizeof(int64_t);
    FINE(qi_event_create(true, &event));
    FINE(qi_timer_create(UINT64_C(3600000000000), 0, &timer));
    FINE(qi_task_spawn(quick, NULL, NULL, &options, &task));
    qi_select_case cases[3] = {branch(QI_SELECT_TASK, task, NULL),
                               branch(QI_SELECT_EVENT, event, NULL),
                               branch(QI_SELECT_TIMER, timer, NULL)};
    FINE(qi_select(cases, 3, 0, &chosen));
    CHECK(chosen == 0);
    FINE(qi_task_await(task, &number));
    CHECK(number == 11);
    cases[0].handle = 0;
    FINE(qi_event_set(event));
    FINE(qi_select(cases, 3, 0, &chosen));
    CHECK(chosen == 1);
    FINE(qi_timer_reset(timer, 1000));
    FINE(qi_select(cases, 3, 0, &chosen));
    CHECK(chosen == 2 && cases[2].answer == QI_OK);
    FINE(qi_release(task));
    FINE(qi_release(event));
    FINE(qi_release(timer));
}

/* The state of a poll function that adds up what comes from two channels until both are closed. */
struct merge {
    qi_chan from[2];
    qi_select_case cases[2];
    size_t chosen;
    int got[2];
    int64_t sum;
};

static int32_t merging(void *state, qi_cx *cx, void *result) {
    struct merge *merge = state;
    (void)result;
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_select(merge->cases, 2, 0, &merge->chosen));
    while (merge->cases[0].handle != 0 || merge->cases[1].handle != 0) {
        int32_t code = qi_poll_select(merge->cases, 2, 0, &merge->chosen, cx);
        if (code != QI_OK) {
            return code;
        }
        if (merge->cases[merge->chosen].answer == QI_ERR_CLOSED) {
            merge->cases[merge->chosen].handle = 0;
        } else {
            merge->sum += merge->got[merge->chosen];
        }
    }
    return QI_OK;
}

static int32_t feeding(void *argument, void *result) {
    qi_chan channel = *(qi_chan *)argument;
    (void)result;
    for (int number = 0; number < 500; number++) {
        FINE(qi_chan_send(channel, &number));
    }
    return qi_chan_close(channel);
}

static void in_a_poll_function(void) {
    struct merge merge;
    qi_task tasks[3];
    size_t first = 99;
    memset(&merge, 0, sizeof merge);
    for (int index = 0; index < 2; index++) {
        FINE(qi_chan_create(sizeof(int), 0, index, NULL, &merge.from[index]));
        merge.cases[index] = branch(QI_SELECT_RECV, merge.from[index], &merge.got[index]);
        FINE(qi_task_spawn(feeding, NULL, &merge.from[index], NULL, &tasks[index]));
    }
    FINE(qi_task_spawn_poll(merging, NULL, &merge, NULL, &tasks[2]));
    FINE(qi_task_await_any(tasks, 3, &first));
    FINE(qi_task_await_all(tasks, 3));
    CHECK(merge.sum == 500 * 499);
    for (int index = 0; index < 3; index++) {
        FINE(qi_release(tasks[index]));
    }
    FINE(qi_release(merge.from[0]));
    FINE(qi_release(merge.from[1]));
}

/* Waits for one of two tasks, then for both, in poll form. */
struct waits {
    qi_task tasks[2];
    size_t first;
    int stage;
};

static int32_t waiting(void *state, qi_cx *cx, void *result) {
    struct waits *waits = state;
    (void)result;
    if (waits->stage == 0) {
        int32_t code = qi_task_poll_await_any(waits->tasks, 2, &waits->first, cx);
        if (code != QI_OK) {
            return code;
        }
        waits->stage = 1;
    }
    return qi_task_poll_await_all(waits->tasks, 2, cx);
}

static void twins(void) {
    struct waits waits = {{0, 0}, 99, 0};
    qi_task_options options;
    qi_task task;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = sizeof(int64_t);
    FINE(qi_task_spawn(quick, NULL, NULL, &options, &waits.tasks[0]));
    FINE(qi_task_spawn(quick, NULL, NULL, &options, &waits.tasks[1]));
    FINE(qi_task_spawn_poll(waiting, NULL, &waits, NULL, &task));
    FINE(qi_task_await(task, NULL));
    CHECK(waits.first < 2);
    FINE(qi_release(task));
    FINE(qi_release(waits.tasks[0]));
    FINE(qi_release(waits.tasks[1]));
}

static void misuse(void) {
    int value = 0;
    size_t chosen = 99;
    qi_select_case one = branch(QI_SELECT_DEFAULT, 0, NULL);
    ANSWERS(QI_ERR_INVALID, qi_select(&one, 0, 0, &chosen));
    ANSWERS(QI_ERR_INVALID, qi_select(&one, 1, 1u << 31, &chosen));
    ANSWERS(QI_ERR_NULL, qi_select(NULL, 1, 0, &chosen));
    ANSWERS(QI_ERR_NULL, qi_select(&one, 1, 0, NULL));
    one = branch(77, 5, NULL);
    ANSWERS(QI_ERR_INVALID, qi_select(&one, 1, 0, &chosen));
    one = branch(QI_SELECT_RECV, 5, &value);
    ANSWERS(QI_ERR_STALE, qi_select(&one, 1, 0, &chosen));
    one = branch(QI_SELECT_DEFAULT, 0, NULL);
    one.struct_size = 8;
    ANSWERS(QI_ERR_STRUCT_SIZE, qi_select(&one, 1, 0, &chosen));
    CHECK(chosen == 99);
}

static int32_t everything(void *argument) {
    (void)argument;
    nothing_is_ready();
    channels();
    fairness();
    others();
    in_a_poll_function();
    twins();
    misuse();
    return 0;
}

int main(void) {
    int32_t exit_code = 1;
    FINE(qi_init(NULL));
    everything(NULL);
    FINE(qi_main(NULL, everything, NULL, &exit_code));
    CHECK(exit_code == 0);
    puts("fine");
    return 0;
}
