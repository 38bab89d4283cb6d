/* Graphs of tasks: order, results along the edges, failures, cycles, cancelling. */
#include "check.h"

static int drops;

static void count_drop(void *value) {
    (void)value;
    __atomic_add_fetch(&drops, 1, __ATOMIC_SEQ_CST);
}

static int count_of_drops(void) {
    return __atomic_load_n(&drops, __ATOMIC_SEQ_CST);
}

/* What a node has to do: add up the results of those before it, and one number of its own. */
struct part {
    qi_graph graph;
    uint32_t before[2], count;
    int64_t own;
    int has_slept;
};

static int64_t sum_of(struct part *part) {
    int64_t sum = part->own;
    for (uint32_t i = 0; i < part->count; i++) {
        const void *value;
        FINE(qi_graph_look(part->graph, part->before[i], &value));
        sum += *(const int64_t *)value;
    }
    return sum;
}

static int32_t adding(void *state, qi_cx *cx, void *result) {
    struct part *part = state;
    if (!part->has_slept) {
        int32_t code = qi_poll_sleep_ns(cx, 1000000, 0);
        if (code != QI_OK) {
            return code;
        }
        part->has_slept = 1;
    }
    *(int64_t *)result = sum_of(part);
    return QI_OK;
}

/* As a call: on the pool, or in a coroutine. */
static int32_t adding_at_once(void *argument, void *result) {
    FINE(qi_sleep_ns(1000));
    *(int64_t *)result = sum_of(argument);
    return QI_OK;
}

static int32_t failing(void *argument, void *result) {
    (void)argument, (void)result;
    return QI_ERR_USER_BASE - 3;
}

static int32_t waiting(void *state, qi_cx *cx, void *result) {
    (void)result;
    return qi_event_poll_wait(*(qi_event *)state, cx);
}

static qi_task_options numbers(void) {
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = sizeof(int64_t);
    return options;
}

static void diamond(void) {
    qi_task_options options = numbers();
    struct part parts[4];
    uint32_t nodes[4];
    int64_t result = 0;
    qi_graph graph;
    qi_task task;
    FINE(qi_graph_create(&graph));
    memset(parts, 0, sizeof parts);
    for (int i = 0; i < 4; i++) {
        parts[i].graph = graph;
        parts[i].own = 1 << i;
    }
    parts[1].count = parts[2].count = 1;
    parts[3].count = 2;
    parts[3].before[0] = 1, parts[3].before[1] = 2;
    drops = 0;
    options.result_drop = count_drop;
    FINE(qi_graph_add_poll(graph, adding, count_drop, &parts[0], &options, &nodes[0]));
    FINE(qi_graph_add_blocking(graph, adding_at_once, count_drop, &parts[1], &options, &nodes[1]));
    FINE(qi_graph_add(graph, adding_at_once, count_drop, &parts[2], &options, &nodes[2]));
    options.name = "last";
    options.name_len = 4;
    options.priority = QI_PRIORITY_HIGH;
    FINE(qi_graph_add_poll(graph, adding, NULL, &parts[3], &options, &nodes[3]));
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(nodes[i] == i);
    }
    FINE(qi_graph_edge(graph, 0, 1));
    FINE(qi_graph_edge(graph, 0, 2));
    FINE(qi_graph_edge(graph, 1, 3));
    FINE(qi_graph_edge(graph, 2, 3));
    ANSWERS(QI_ERR_EMPTY, qi_graph_take(graph, 3, &result));
    ANSWERS(QI_ERR_EMPTY, qi_graph_cancel(graph));
    FINE(qi_graph_run(graph, 0, 0, 0, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    FINE(qi_graph_take(graph, 3, &result));
    CHECK(result == 8 + (2 + 1) + (4 + 1));
    ANSWERS(QI_ERR_TAKEN, qi_graph_take(graph, 3, &result));
    CHECK(count_of_drops() == 3); /* three states; the fourth has nobody to drop it */
    ANSWERS(QI_ERR_BUSY, qi_graph_run(graph, 0, 0, 0, &task)); /* once only */
    ANSWERS(QI_ERR_BUSY, qi_graph_edge(graph, 0, 3));
    ANSWERS(QI_ERR_BUSY, qi_graph_add_poll(graph, adding, count_drop, NULL, NULL, &nodes[0]));
    FINE(qi_graph_cancel(graph)); /* it is over: nothing is to be done */
    FINE(qi_release(graph));
    CHECK(count_of_drops() == 3 + 1 + 3); /* and three results that nobody took */
}

static void failures(void) {
    qi_task_options options = numbers();
    struct part part;
    uint32_t first, second, third;
    int64_t result = 0;
    qi_graph graph;
    qi_task task;
    memset(&part, 0, sizeof part);
    part.own = 5;
    for (uint32_t flags = 0; flags <= QI_GRAPH_CONTINUE; flags++) {
        FINE(qi_graph_create(&graph));
        part.graph = graph;
        FINE(qi_graph_add_blocking(graph, failing, NULL, NULL, &options, &first));
        FINE(qi_graph_add(graph, adding_at_once, NULL, &part, &options, &second));
        FINE(qi_graph_add(graph, adding_at_once, NULL, &part, &options, &third));
        FINE(qi_graph_edge(graph, first, second));
        FINE(qi_graph_run(graph, 0, 1, flags, &task));
        ANSWERS(QI_ERR_USER_BASE - 3, qi_task_await(task, NULL));
        ANSWERS(QI_ERR_USER_BASE - 3, qi_graph_take(graph, first, &result));
        ANSWERS(QI_ERR_EMPTY, qi_graph_take(graph, second, &result));
        if (flags == QI_GRAPH_CONTINUE) {
            FINE(qi_graph_take(graph, third, &result));
            CHECK(result == 5);
        }
        FINE(qi_release(task));
        FINE(qi_release(graph));
    }
}

static void refusals(void) {
    qi_task_options options = numbers();
    uint32_t node, other;
    char text[200];
    qi_graph graph;
    qi_task task;
    const void *value;
    struct part part;
    memset(&part, 0, sizeof part);
    FINE(qi_graph_create(&graph));
    part.graph = graph;
    FINE(qi_graph_add_poll(graph, adding, NULL, &part, &options, &node));
    FINE(qi_graph_add_poll(graph, adding, NULL, &part, &options, &other));
    FINE(qi_graph_edge(graph, node, other));
    FINE(qi_graph_edge(graph, other, node));
    ANSWERS(QI_ERR_CYCLE, qi_graph_run(graph, 0, 0, 0, &task));
    CHECK(qi_last_error_message(QI_ENGLISH, text, sizeof text) > 0 && strstr(text, "node 0") != NULL);
    ANSWERS(QI_ERR_CYCLE, qi_graph_run(graph, 0, 0, 0, NULL)); /* it stays as it was */
    ANSWERS(QI_ERR_INVALID, qi_graph_edge(graph, node, 2));
    ANSWERS(QI_ERR_INVALID, qi_graph_take(graph, 2, NULL));
    ANSWERS(QI_ERR_INVALID, qi_graph_look(graph, 2, &value));
    ANSWERS(QI_ERR_NULL, qi_graph_look(graph, 0, NULL));
    ANSWERS(QI_ERR_EMPTY, qi_graph_look(graph, 0, &value));
    ANSWERS(QI_ERR_INVALID, qi_graph_run(graph, 0, 0, 2, &task));
    ANSWERS(QI_ERR_NULL, qi_graph_create(NULL));
    drops = 0;
    ANSWERS(QI_ERR_NULL, qi_graph_add_poll(graph, NULL, count_drop, &part, &options, &node));
    ANSWERS(QI_ERR_NULL, qi_graph_add(graph, NULL, count_drop, &part, &options, &node));
    ANSWERS(QI_ERR_NULL, qi_graph_add_blocking(graph, failing, count_drop, &part, &options, NULL));
    options.runtime = 1;
    ANSWERS(QI_ERR_INVALID, qi_graph_add_poll(graph, adding, count_drop, &part, &options, &node));
    CHECK(count_of_drops() == 4); /* handed over all the same */
    ANSWERS(QI_ERR_KIND, qi_task_await(graph, NULL));
    FINE(qi_release(graph));
    ANSWERS(QI_ERR_STALE, qi_graph_run(graph, 0, 0, 0, &task));
    ANSWERS(QI_ERR_STALE, qi_graph_edge(graph, 0, 1));
}

static void cancelling(void) {
    uint32_t node, later;
    qi_event event;
    qi_graph graph;
    qi_task task;
    FINE(qi_event_create(false, &event));
    for (int by_task = 0; by_task < 2; by_task++) {
        FINE(qi_graph_create(&graph));
        FINE(qi_graph_add_poll(graph, waiting, count_drop, &event, NULL, &node));
        FINE(qi_graph_add_blocking(graph, failing, count_drop, &event, NULL, &later));
        FINE(qi_graph_edge(graph, node, later));
        FINE(qi_graph_run(graph, 0, 0, 0, &task));
        ANSWERS(QI_ERR_TIMEOUT, qi_task_await_timeout(task, 1000000, NULL));
        FINE(by_task ? qi_task_cancel(task) : qi_graph_cancel(graph));
        ANSWERS(QI_ERR_CANCELLED, qi_task_await(task, NULL));
        ANSWERS(QI_ERR_EMPTY, qi_graph_take(graph, node, NULL));
        FINE(qi_release(task));
        FINE(qi_release(graph));
    }
    FINE(qi_release(event));
}

int main(void) {
    FINE(qi_init(NULL));
    diamond();
    failures();
    refusals();
    cancelling();
    FINE(qi_runtime_shutdown(0));
    puts("fine");
    return 0;
}
