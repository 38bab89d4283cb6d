/* Coroutines: straight-line code that waits anywhere; cancelling, batches, task-locals, scopes, parking,
 * what is done once, signals; on one worker, as `qi_main` has it here, and on several. */
#include "check.h"

#include <signal.h>

static int drops;

static void count_drop(void *value) {
    (void)value;
    __atomic_add_fetch(&drops, 1, __ATOMIC_SEQ_CST);
}

static int count_of_drops(void) {
    return __atomic_load_n(&drops, __ATOMIC_SEQ_CST);
}

static qi_task_options options_of(size_t result_size) {
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = result_size;
    return options;
}

/* Waits in the depth of calls, which no transform of functions would allow. */
static int32_t deep(int depth, int64_t *sum) {
    char room[64];
    memset(room, depth, sizeof room);
    if (depth == 0) {
        return qi_sleep_ns(1000);
    }
    *sum += room[7];
    return deep(depth - 1, sum);
}

static int32_t digger(void *argument, void *result) {
    int64_t sum = 0;
    CHECK(qi_stack_remaining() > 0);
    int32_t code = deep(*(int *)argument, &sum);
    memcpy(result, &sum, sizeof sum);
    return code;
}

/* Fibonacci numbers, a coroutine for each call. */
static int32_t fibonacci(void *argument, void *result) {
    qi_task_options options = options_of(sizeof(int64_t));
    intptr_t number = (intptr_t)argument;
    int64_t left = 0, right = 0, sum = number;
    if (number >= 2) {
        qi_task tasks[2];
        void *arguments[2] = {(void *)(number - 1), (void *)(number - 2)};
        FINE(qi_task_spawn_batch(fibonacci, NULL, arguments, 2, &options, tasks));
        FINE(qi_task_await(tasks[0], &left));
        FINE(qi_task_await(tasks[1], &right));
        FINE(qi_release(tasks[0]));
        FINE(qi_release(tasks[1]));
        sum = left + right;
    }
    memcpy(result, &sum, sizeof sum);
    return QI_OK;
}

static void results(void) {
    qi_task_options options = options_of(sizeof(int64_t));
    int depth = 100;
    int64_t sum = 0;
    int32_t priority = 9;
    qi_task task;
    options.name = "digger";
    options.name_len = 6;
    options.priority = QI_PRIORITY_HIGH;
    options.stack_size = 256 * 1024;
    drops = 0;
    FINE(qi_task_spawn(digger, count_drop, &depth, &options, &task));
    FINE(qi_task_priority(task, &priority));
    CHECK(priority >= QI_PRIORITY_HIGH);
    FINE(qi_task_await(task, &sum));
    CHECK(sum == 5050);
    CHECK(count_of_drops() == 1);
    ANSWERS(QI_ERR_FINISHED, qi_task_priority(task, &priority));
    FINE(qi_release(task));
    options = options_of(sizeof(int64_t));
    FINE(qi_task_spawn(fibonacci, NULL, (void *)12, &options, &task));
    FINE(qi_task_await(task, &sum));
    CHECK(sum == 144);
    FINE(qi_release(task));
}

struct stubborn {
    qi_chan never;
    int answers;
};

/* Cancelled, it is told by each call that waits, and takes its time. */
static int32_t stubborn(void *argument, void *result) {
    struct stubborn *own = argument;
    int value;
    (void)result;
    for (int round = 0; round < 5; round++) {
        int32_t code = qi_chan_recv(own->never, &value);
        if (code != QI_ERR_CANCELLED) {
            return code;
        }
        own->answers++;
    }
    ANSWERS(QI_ERR_CANCELLED, qi_yield());
    return QI_ERR_CANCELLED;
}

/* Passes on that somebody else was cancelled: it has failed with that, and was not cancelled itself. */
static int32_t awaits_other(void *argument, void *result) {
    (void)result;
    return qi_task_await(*(qi_task *)argument, NULL);
}

static void cancelling(void) {
    struct stubborn own = {0, 0};
    qi_task task, other;
    FINE(qi_chan_create(sizeof(int), 0, 1, NULL, &own.never));
    drops = 0;
    FINE(qi_task_spawn(stubborn, count_drop, &own, NULL, &task));
    while (qi_task_state(task) != QI_TASK_WAITING) {
        FINE(qi_sleep_ns(1000));
    }
    FINE(qi_task_spawn(awaits_other, NULL, &task, NULL, &other));
    while (qi_task_state(other) != QI_TASK_WAITING) {
        FINE(qi_sleep_ns(1000));
    }
    FINE(qi_task_cancel(task));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(other, NULL));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(task, NULL));
    CHECK(own.answers == 5 && count_of_drops() == 1);
    CHECK(qi_task_state(task) == QI_TASK_CANCELLED);
    CHECK(qi_task_state(other) == QI_TASK_COMPLETED);
    FINE(qi_release(other));
    FINE(qi_task_detach(task));
    ANSWERS(QI_ERR_STALE, qi_task_detach(task));
    FINE(qi_release(own.never));
}

/* Task-locals: a depth that children inherit one deeper. */
static qi_local depth_key, plain_key;

static void *one_deeper(void *value) {
    return (void *)((intptr_t)value + 1);
}

static int32_t look_at_locals(void *argument, void *result) {
    void *value = NULL;
    (void)argument;
    FINE(qi_local_get(plain_key, &value));
    CHECK(value == NULL);
    FINE(qi_local_get(depth_key, &value));
    memcpy(result, &value, sizeof value);
    return QI_OK;
}

static int32_t look_in_a_poll(void *state, qi_cx *cx, void *result) {
    (void)cx;
    FINE(qi_local_set(plain_key, NULL));
    return look_at_locals(state, result);
}

static int32_t locals_inside(void *argument, void *result) {
    qi_task_options options = options_of(sizeof(void *));
    qi_task child;
    void *value = NULL;
    (void)argument, (void)result;
    FINE(qi_local_get(depth_key, &value));
    CHECK(value == NULL);
    FINE(qi_local_set(depth_key, (void *)7));
    FINE(qi_local_set(plain_key, (void *)1));
    FINE(qi_yield());
    FINE(qi_local_set(plain_key, (void *)2)); /* drops the first */
    CHECK(count_of_drops() == 1);
    FINE(qi_task_spawn(look_at_locals, NULL, NULL, &options, &child));
    FINE(qi_task_await(child, &value));
    CHECK(value == (void *)8);
    FINE(qi_release(child));
    FINE(qi_task_spawn_poll(look_in_a_poll, NULL, NULL, &options, &child));
    FINE(qi_task_await(child, &value));
    CHECK(value == (void *)8);
    FINE(qi_release(child));
    FINE(qi_local_get(depth_key, &value));
    CHECK(value == (void *)7);
    return QI_OK;
}

static void locals(void) {
    qi_task task;
    void *value;
    drops = 0;
    FINE(qi_local_create(NULL, one_deeper, &depth_key));
    FINE(qi_local_create(count_drop, NULL, &plain_key));
    FINE(qi_task_spawn(locals_inside, NULL, NULL, NULL, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    CHECK(count_of_drops() == 2);
    ANSWERS(QI_ERR_NOT_IN_TASK, qi_local_get(depth_key, &value));
    ANSWERS(QI_ERR_NOT_IN_TASK, qi_local_set(depth_key, NULL));
    FINE(qi_release(depth_key));
    FINE(qi_release(plain_key));
}

struct family {
    qi_scope scope;
    int ended, depth;
};

/* Spawns siblings into the scope that it belongs to. */
static int32_t sibling(void *argument, void *result) {
    struct family *family = argument;
    (void)result;
    FINE(qi_yield());
    if (__atomic_sub_fetch(&family->depth, 1, __ATOMIC_SEQ_CST) > 0) {
        qi_task_options options = options_of(0);
        options.scope = family->scope;
        FINE(qi_task_spawn(sibling, NULL, family, &options, NULL));
    }
    __atomic_add_fetch(&family->ended, 1, __ATOMIC_SEQ_CST);
    return QI_OK;
}

static int32_t failing(void *argument, void *result) {
    (void)argument, (void)result;
    FINE(qi_sleep_ns(1000));
    return QI_ERR_USER_BASE - 3;
}

static int32_t sleeping(void *argument, void *result) {
    (void)argument, (void)result;
    return qi_sleep_ms(3600000);
}

static int32_t never_poll(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return QI_PENDING;
}

static int32_t closes_scope_in_a_poll(void *state, qi_cx *cx, void *result) {
    (void)result;
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_scope_close(*(qi_scope *)state));
    return qi_scope_poll_close(*(qi_scope *)state, cx);
}

/* Cancelled while it closes a scope, it comes back when the children are gone. */
static int32_t guardian(void *argument, void *result) {
    qi_task_options options = options_of(0);
    (void)argument, (void)result;
    FINE(qi_scope_open(0, &options.scope));
    FINE(qi_task_spawn_poll(never_poll, count_drop, NULL, &options, NULL));
    FINE(qi_task_spawn(sleeping, count_drop, NULL, &options, NULL));
    ANSWERS(QI_ERR_CANCELLED, qi_scope_close(options.scope));
    CHECK(count_of_drops() == 2);
    FINE(qi_release(options.scope));
    return QI_ERR_CANCELLED;
}

static void scopes(void) {
    qi_task_options options = options_of(0);
    struct family family = {0, 0, 50};
    qi_task task;
    FINE(qi_scope_open(0, &family.scope));
    options.scope = family.scope;
    FINE(qi_task_spawn(sibling, NULL, &family, &options, NULL));
    FINE(qi_scope_close(family.scope));
    CHECK(family.ended == 50);
    ANSWERS(QI_ERR_CLOSED, qi_task_spawn(sibling, NULL, &family, &options, NULL));
    FINE(qi_release(family.scope));

    FINE(qi_scope_open(QI_SCOPE_FAIL_FAST, &options.scope));
    drops = 0;
    FINE(qi_task_spawn(sleeping, count_drop, NULL, &options, NULL));
    FINE(qi_task_spawn(failing, count_drop, NULL, &options, NULL));
    FINE(qi_task_spawn_poll(closes_scope_in_a_poll, NULL, &options.scope, NULL, &task));
    ANSWERS(QI_ERR_USER_BASE - 3, qi_task_await(task, NULL));
    CHECK(count_of_drops() == 2);
    FINE(qi_release(task));
    FINE(qi_release(options.scope));

    FINE(qi_scope_open(0, &options.scope));
    FINE(qi_task_spawn(sleeping, NULL, NULL, &options, NULL));
    FINE(qi_scope_cancel(options.scope));
    ANSWERS(QI_ERR_CANCELLED, qi_scope_close(options.scope));
    FINE(qi_release(options.scope));

    drops = 0;
    FINE(qi_task_spawn(guardian, NULL, NULL, NULL, &task));
    while (qi_task_state(task) != QI_TASK_WAITING) {
        FINE(qi_sleep_ns(1000));
    }
    FINE(qi_task_cancel(task));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(task, NULL));
    CHECK(qi_task_state(task) == QI_TASK_CANCELLED && count_of_drops() == 2);
    FINE(qi_release(task));
}

struct parking {
    qi_waker waker;
    int is_ready;
};

static int32_t parks(void *argument, void *result) {
    struct parking *parking = argument;
    (void)result;
    FINE(qi_waker_current(&parking->waker));
    __atomic_store_n(&parking->is_ready, 1, __ATOMIC_SEQ_CST);
    FINE(qi_park());
    ANSWERS(QI_ERR_TIMEOUT, qi_park_timeout(1000));
    return QI_OK;
}

static int32_t takes_its_waker(void *state, qi_cx *cx, void *result) {
    qi_waker waker;
    int *polls = state;
    (void)cx, (void)result;
    if (++*polls == 2) {
        return QI_OK;
    }
    FINE(qi_waker_current(&waker));
    FINE(qi_waker_wake(waker));
    FINE(qi_release(waker));
    return QI_PENDING;
}

static void parking(void) {
    struct parking parking = {0, 0};
    int polls = 0;
    qi_task task;
    qi_waker own;
    FINE(qi_task_spawn(parks, NULL, &parking, NULL, &task));
    while (!__atomic_load_n(&parking.is_ready, __ATOMIC_SEQ_CST)) {
        FINE(qi_sleep_ns(1000));
    }
    FINE(qi_waker_wake(parking.waker));
    FINE(qi_task_await(task, NULL));
    FINE(qi_waker_wake(parking.waker));
    FINE(qi_release(parking.waker));
    FINE(qi_release(task));
    FINE(qi_waker_current(&own));
    FINE(qi_waker_wake(own));
    FINE(qi_park()); /* a thread's wake-up is kept as well */
    FINE(qi_release(own));
    FINE(qi_task_spawn_poll(takes_its_waker, NULL, &polls, NULL, &task));
    FINE(qi_task_await(task, NULL));
    CHECK(polls == 2);
    FINE(qi_release(task));
}

struct once {
    qi_once once;
    int tries, done;
};

static int32_t second_time_lucky(void *argument) {
    struct once *own = argument;
    ANSWERS(QI_ERR_DEADLOCK, qi_once_call(own->once, second_time_lucky, own));
    FINE(qi_sleep_ns(1000)); /* it may suspend: the others wait */
    return ++own->tries == 1 ? QI_ERR_USER_BASE - 1 : QI_OK;
}

static int32_t calls_once(void *argument, void *result) {
    struct once *own = argument;
    int32_t code = qi_once_call(own->once, second_time_lucky, own);
    (void)result;
    if (code == QI_OK) {
        CHECK(qi_once_is_done(own->once) == 1);
        __atomic_add_fetch(&own->done, 1, __ATOMIC_SEQ_CST);
        return QI_OK;
    }
    return code;
}

static int32_t never_called(void *argument) {
    (void)argument;
    CHECK(!"done a second time");
    return QI_OK;
}

static int32_t polls_once(void *state, qi_cx *cx, void *result) {
    (void)result;
    return qi_once_poll_call(*(qi_once *)state, cx, never_called, NULL);
}

static void once(void) {
    struct once own = {0, 0, 0};
    void *arguments[8];
    qi_task tasks[8], task;
    int failures = 0;
    FINE(qi_once_create(&own.once));
    CHECK(qi_once_is_done(own.once) == 0);
    for (int index = 0; index < 8; index++) {
        arguments[index] = &own;
    }
    FINE(qi_task_spawn_batch(calls_once, NULL, arguments, 8, NULL, tasks));
    FINE(qi_task_await_all(tasks, 8));
    for (int index = 0; index < 8; index++) {
        failures += qi_task_await(tasks[index], NULL) == QI_ERR_USER_BASE - 1;
        FINE(qi_release(tasks[index]));
    }
    CHECK(failures == 1 && own.done == 7 && own.tries == 2);
    FINE(qi_task_spawn_poll(polls_once, NULL, &own.once, NULL, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    FINE(qi_release(own.once));
}

static void on_signal(int number) {
    signal(number, on_signal); /* Windows takes it away before it is called */
    qi_signal_notify(number);
}

static int32_t waits_for_a_signal(void *state, qi_cx *cx, void *result) {
    (void)state, (void)result;
    return qi_signal_poll_wait(SIGINT, cx);
}

static void signals(void) {
    qi_task task;
    ANSWERS(QI_ERR_INVALID, qi_signal_wait(0));
    ANSWERS(QI_ERR_INVALID, qi_signal_wait(65));
    CHECK(signal(SIGINT, on_signal) != SIG_ERR);
    raise(SIGINT);
    FINE(qi_signal_wait(SIGINT)); /* what came before is kept */
    FINE(qi_task_spawn_poll(waits_for_a_signal, NULL, NULL, NULL, &task));
    while (qi_task_state(task) != QI_TASK_WAITING) {
        FINE(qi_sleep_ns(1000));
    }
    raise(SIGINT);
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    qi_signal_notify(-5);
}

static int32_t everything(void *argument) {
    ANSWERS(QI_ERR_BUSY, qi_main(NULL, everything, NULL, (int32_t *)argument));
    CHECK(qi_current_task_id() != 0);
    results();
    cancelling();
    scopes();
    parking();
    once();
    signals();
    return 42;
}

int main(void) {
    qi_config config;
    qi_runtime several;
    int32_t exit_code = 0;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.worker_threads = 1;
    ANSWERS(QI_ERR_NULL, qi_main(&config, NULL, NULL, &exit_code));
    /* From a plain thread, on three workers. */
    config.worker_threads = 3;
    FINE(qi_runtime_create(&config, &several));
    FINE(qi_thread_attach(several));
    CHECK(qi_stack_remaining() == 0);
    results();
    cancelling();
    locals();
    scopes();
    parking();
    once();
    signals();
    FINE(qi_thread_detach());
    FINE(qi_runtime_shutdown(several));
    FINE(qi_release(several));
    /* In a coroutine, on one. */
    config.worker_threads = 1;
    FINE(qi_main(&config, everything, &exit_code, &exit_code));
    CHECK(exit_code == 42);
    ANSWERS(QI_ERR_SHUTDOWN, qi_main(&config, everything, &exit_code, &exit_code));
    puts("fine");
    return 0;
}
