/* The program runs as state machines: calls that wait have twins that answer QI_PENDING. */

static inline void *ml_frame(size_t size) {
    void *frame = calloc(1, size);
    if (frame == NULL) {
        abort();
    }
    return frame;
}

static inline int32_t ml_spawn(qi_poll_fn poll, qi_drop_fn drop, void *frame, int64_t *to) {
    qi_task_options options = ml_options();
    qi_task task = 0;
    int32_t code = qi_task_spawn_poll(poll, drop, frame, &options, &task);
    *to = (int64_t)task;
    return code;
}

static inline int32_t ml_await(int64_t task, qi_cx *cx, int64_t *to) {
    int32_t code = qi_task_poll_await((qi_task)task, cx, to);
    if (code != QI_PENDING) {
        qi_task_detach((qi_task)task);
    }
    return code;
}

static inline int32_t ml_yield(qi_cx *cx, int32_t *has_yielded) {
    *has_yielded = !*has_yielded;
    if (!*has_yielded) {
        return QI_OK;
    }
    int32_t code = qi_cx_wake_self(cx);
    return code == QI_OK ? QI_PENDING : code;
}

static inline int32_t ml_select(qi_select_case *cases, size_t count, size_t *chosen, int64_t *to,
                                qi_cx *cx) {
    int32_t code = qi_poll_select(cases, count, 0, chosen, cx);
    *to = (int64_t)*chosen;
    return code == QI_OK ? cases[*chosen].answer : code;
}

static inline int ml_main(qi_poll_fn poll, qi_drop_fn drop, void *(*frame)(const int64_t *)) {
    qi_config config = ml_config();
    int64_t task = 0, result = 0;
    int32_t code = qi_init(&config);
    if (code == QI_OK) {
        code = ml_spawn(poll, drop, frame(NULL), &task);
    }
    if (code == QI_OK) {
        code = qi_task_await((qi_task)task, &result);
    }
    int exit_code = ml_report(code);
    qi_runtime_shutdown(0);
    return exit_code;
}
