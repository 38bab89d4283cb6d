/* Figures, and the list of tasks. */
#include "check.h"

static int32_t at_once(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return QI_OK;
}

static int32_t waiting(void *state, qi_cx *cx, void *result) {
    (void)result;
    return qi_event_poll_wait(*(qi_event *)state, cx);
}

struct lines {
    int count, named;
};

static void look_at(void *user, const char *line, size_t length) {
    struct lines *lines = user;
    char text[256];
    CHECK(length < sizeof text);
    memcpy(text, line, length);
    text[length] = 0;
    lines->count++;
    lines->named += strstr(text, "`sleeper`") != NULL && strstr(text, "high") != NULL;
}

static void figures(void) {
    struct {
        qi_stats known;
        uint64_t unknown;
    } newer;
    qi_worker_stats worker;
    struct lines lines = {0, 0};
    qi_task_options options;
    qi_config config;
    qi_runtime runtime;
    qi_event event;
    qi_task task;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.worker_threads = 2;
    FINE(qi_runtime_create(&config, &runtime));
    FINE(qi_thread_attach(runtime));
    FINE(qi_event_create(false, &event));
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.runtime = runtime;
    for (int i = 0; i < 100; i++) {
        FINE(qi_task_spawn_poll(at_once, NULL, NULL, &options, &task));
        FINE(qi_task_await(task, NULL));
        FINE(qi_release(task));
    }
    options.name = "sleeper";
    options.name_len = strlen(options.name);
    options.priority = QI_PRIORITY_HIGH;
    FINE(qi_task_spawn_poll(waiting, NULL, &event, &options, &task));

    memset(&newer, 0xff, sizeof newer);
    newer.known.struct_size = sizeof newer;
    FINE(qi_runtime_stats(runtime, &newer.known));
    CHECK(newer.known.struct_size == sizeof newer && newer.unknown == 0);
    CHECK(newer.known.worker_threads == 2 && newer.known.workers >= 2 && newer.known.reserved == 0);
    CHECK(newer.known.spawned_tasks == 101 && newer.known.completed_tasks == 100);
    CHECK(newer.known.active_tasks == 1 && newer.known.cancelled_tasks == 0);
    CHECK(newer.known.polls >= 100);
    ANSWERS(QI_ERR_KIND, qi_runtime_stats(event, &newer.known));
    newer.known.struct_size = sizeof newer.known - 8;
    ANSWERS(QI_ERR_STRUCT_SIZE, qi_runtime_stats(0, &newer.known));
    ANSWERS(QI_ERR_NULL, qi_runtime_stats(0, NULL));
    ANSWERS(QI_ERR_ALIGNMENT, qi_runtime_stats(0, (qi_stats *)((char *)&newer + 1)));

    memset(&worker, 0, sizeof worker);
    worker.struct_size = sizeof worker;
    FINE(qi_runtime_worker_stats(0, 1, &worker));
    ANSWERS(QI_ERR_INVALID, qi_runtime_worker_stats(0, 1u << 20, &worker));

    FINE(qi_runtime_dump(runtime, look_at, &lines));
    CHECK(lines.count == 2 && lines.named == 1);
    ANSWERS(QI_ERR_NULL, qi_runtime_dump(runtime, NULL, NULL));

    FINE(qi_event_set(event));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    FINE(qi_thread_detach());
    FINE(qi_runtime_shutdown(runtime));
    newer.known.struct_size = sizeof newer.known;
    FINE(qi_runtime_stats(runtime, &newer.known)); /* figures of what was are there still */
    CHECK(newer.known.completed_tasks == 101 && newer.known.active_tasks == 0);
    FINE(qi_release(runtime));
    ANSWERS(QI_ERR_STALE, qi_runtime_stats(runtime, &newer.known));
    FINE(qi_release(event));
}

int main(void) {
    qi_stats none;
    memset(&none, 0, sizeof none);
    none.struct_size = sizeof none;
    ANSWERS(QI_ERR_NOT_INIT, qi_runtime_stats(0, &none));
    figures();
    puts("fine");
    return 0;
}
