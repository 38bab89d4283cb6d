/* The program runs in coroutines: calls that wait suspend the caller. */

/* A coroutine that was cancelled is told so by every call that waits, and does not catch that. An error
 * of the same number that comes from another task is one to be caught. */
static inline int ml_is_over(int32_t code) {
    return code == QI_ERR_CANCELLED && qi_yield() == QI_ERR_CANCELLED;
}

static inline int32_t ml_spawn(qi_call_fn call, const int64_t *arguments, size_t count, int64_t *to) {
    qi_task_options options = ml_options();
    qi_task task = 0;
    int64_t *copy = malloc((count + 1) * sizeof *copy);
    if (copy == NULL) {
        return QI_ERR_NO_MEMORY;
    }
    for (size_t index = 0; index < count; index++) {
        copy[index] = arguments[index];
    }
    int32_t code = qi_task_spawn(call, free, copy, &options, &task);
    *to = (int64_t)task;
    return code;
}

static inline int32_t ml_await(int64_t task, int64_t *to) {
    int32_t code = qi_task_await((qi_task)task, to);
    qi_task_detach((qi_task)task);
    return code;
}

static inline int32_t ml_select(qi_select_case *cases, size_t count, int64_t *to) {
    size_t chosen = 0;
    int32_t code = qi_select(cases, count, 0, &chosen);
    *to = (int64_t)chosen;
    return code == QI_OK ? cases[chosen].answer : code;
}

static qi_call_fn ml_first;

static int32_t ml_entry(void *argument) {
    int64_t result = 0;
    return ml_report(ml_first(argument, &result));
}

static inline int ml_main(qi_call_fn first) {
    qi_config config = ml_config();
    int32_t exit_code = 0;
    ml_first = first;
    int32_t code = qi_main(&config, ml_entry, NULL, &exit_code);
    return code == QI_OK ? exit_code : ml_report(code);
}
