/* Tasks of poll functions and blocking calls: results, errors, drops, states, waiting in every form. */
#include "check.h"

static int drops;

static void count_drop(void *value) {
    (void)value;
    __atomic_add_fetch(&drops, 1, __ATOMIC_SEQ_CST);
}

/* Adds up the numbers below `limit`, letting others run after each. */
struct sum {
    uint64_t next, limit, total;
};

static int32_t sum_poll(void *state, qi_cx *cx, void *result) {
    struct sum *sum = state;
    if (sum->next == sum->limit) {
        memcpy(result, &sum->total, sizeof sum->total);
        return QI_OK;
    }
    sum->total += sum->next++;
    FINE(qi_cx_wake_self(cx));
    return QI_PENDING;
}

static int32_t fail_poll(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return QI_ERR_USER_BASE - 7;
}

static int32_t never_poll(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return QI_PENDING;
}

/* What suspends is refused inside a poll function; its twin serves. */
static int32_t sleepy_poll(void *state, qi_cx *cx, void *result) {
    (void)state, (void)result;
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_sleep_ms(1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_yield());
    return qi_poll_sleep_ns(cx, 1000000, 1);
}

/* Waits for a child, whose handle is its state, and passes its result on. */
static int32_t parent_poll(void *state, qi_cx *cx, void *result) {
    return qi_task_poll_await(*(qi_task *)state, cx, result);
}

static int32_t hand_out_waker(void *state, qi_cx *cx, void *result) {
    qi_waker *out = state;
    (void)result;
    if (*out != 0) {
        return QI_OK;
    }
    FINE(qi_cx_waker(cx, out));
    return QI_PENDING;
}

static int32_t square(void *argument, void *result) {
    int number = *(int *)argument;
    number *= number;
    memcpy(result, &number, sizeof number);
    return QI_OK;
}

static qi_task_options with_result(size_t size) {
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = size;
    return options;
}

static void results(void) {
    qi_task_options options = with_result(sizeof(uint64_t));
    struct sum begin = {0, 1000, 0};
    uint64_t total = 0;
    qi_task task;
    options.name = "sum";
    options.name_len = 3;
    options.priority = QI_PRIORITY_HIGH;
    FINE(qi_task_spawn_inline(sum_poll, NULL, &begin, sizeof begin, 8, &options, &task));
    CHECK(qi_task_id(task) != 0);
    FINE(qi_task_await(task, &total));
    CHECK(total == 499500);
    ANSWERS(QI_ERR_TAKEN, qi_task_await(task, &total));
    CHECK(qi_task_state(task) == QI_TASK_COMPLETED);
    ANSWERS(QI_ERR_FINISHED, qi_task_cancel(task));
    FINE(qi_release(task));

    /* The state is dropped once, and so is a result that nobody takes. */
    options.result_drop = count_drop;
    drops = 0;
    begin.limit = 3;
    struct sum *own = malloc(sizeof *own);
    *own = begin;
    FINE(qi_task_spawn_poll(sum_poll, count_drop, own, &options, &task));
    FINE(qi_task_await_all(&task, 1));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    CHECK(__atomic_load_n(&drops, __ATOMIC_SEQ_CST) == 2);
    free(own);

    FINE(qi_task_spawn_poll(fail_poll, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_USER_BASE - 7, qi_task_await(task, NULL));
    FINE(qi_release(task));
}

static void waiting(void) {
    qi_task_options options = with_result(sizeof(uint64_t));
    struct sum begin = {0, 100, 0};
    qi_task never, sum, sleepy, parent, both[2];
    uint64_t total = 0;
    size_t index = 9;
    FINE(qi_task_spawn_poll(never_poll, NULL, NULL, NULL, &never));
    ANSWERS(QI_ERR_TIMEOUT, qi_task_await_timeout(never, 1000000, NULL));
    FINE(qi_task_set_priority(never, QI_PRIORITY_LOW));
    ANSWERS(QI_ERR_INVALID, qi_task_set_priority(never, 77));
    while (qi_task_state(never) != QI_TASK_WAITING) {
        FINE(qi_sleep_ns(1000)); /* a slow machine has not come to it yet */
    }

    FINE(qi_task_spawn_inline(sum_poll, NULL, &begin, sizeof begin, 8, &options, &sum));
    both[0] = never, both[1] = sum;
    FINE(qi_task_await_any(both, 2, &index));
    CHECK(index == 1);
    FINE(qi_task_cancel(never));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(never, NULL));
    CHECK(qi_task_state(never) == QI_TASK_CANCELLED);
    FINE(qi_task_await(sum, &total));
    CHECK(total == 4950);
    FINE(qi_release(sum));
    FINE(qi_release(never));

    FINE(qi_task_spawn_poll(sleepy_poll, NULL, NULL, NULL, &sleepy));
    FINE(qi_task_await(sleepy, NULL));
    FINE(qi_release(sleepy));

    FINE(qi_task_spawn_inline(sum_poll, NULL, &begin, sizeof begin, 8, &options, &sum));
    FINE(qi_task_spawn_inline(parent_poll, NULL, &sum, sizeof sum, 8, &options, &parent));
    FINE(qi_task_await(parent, &total));
    CHECK(total == 4950);
    FINE(qi_release(sum));
    FINE(qi_release(parent));
}

static void wakers_and_calls(void) {
    qi_task_options options = with_result(sizeof(int));
    qi_waker waker = 0;
    qi_task task, call;
    int number = 12, squared = 0;
    FINE(qi_task_spawn_poll(hand_out_waker, NULL, &waker, NULL, &task));
    while (qi_task_state(task) != QI_TASK_WAITING) {
        FINE(qi_sleep_ns(1000));
    }
    FINE(qi_waker_wake(waker));
    FINE(qi_task_await(task, NULL));
    FINE(qi_waker_wake(waker)); /* of a task that has ended: nothing happens */
    FINE(qi_release(waker));
    FINE(qi_release(task));

    FINE(qi_task_spawn_blocking(square, NULL, &number, &options, &call));
    FINE(qi_task_await(call, &squared));
    CHECK(squared == 144);
    CHECK(qi_task_panic_message(call, NULL, 0) == 0);
    FINE(qi_release(call));
}

int main(void) {
    char name[8];
    FINE(qi_init(NULL));
    CHECK(qi_current_task_id() == 0);
    results();
    waiting();
    wakers_and_calls();
    CHECK(qi_task_name(0, name, sizeof name) == 0);
    FINE(qi_runtime_shutdown(0));
    puts("fine");
    return 0;
}
