/* Made by minilang: a program of the tiny language, over the C ABI of the Qi runtime. */
#include <qi_runtime.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An exception is an error code of the program's own; one of the runtime's keeps its number. */
static inline int32_t ml_thrown(int64_t value) {
    if (value < 0) {
        return value > QI_ERR_USER_BASE ? (int32_t)value : QI_ERR_INVALID;
    }
    return value < 1000000000 ? (int32_t)(QI_ERR_USER_BASE - value) : QI_ERR_INVALID;
}

static inline int64_t ml_caught(int32_t code) {
    return code <= QI_ERR_USER_BASE ? QI_ERR_USER_BASE - code : code;
}

static inline int32_t ml_divide(int64_t left, int64_t right, int64_t *to) {
    if (right == 0) {
        return QI_ERR_INVALID;
    }
    *to = right == -1 ? (int64_t)(0 - (uint64_t)left) : left / right;
    return QI_OK;
}

static inline int32_t ml_remainder(int64_t left, int64_t right, int64_t *to) {
    if (right == 0) {
        return QI_ERR_INVALID;
    }
    *to = right == -1 ? 0 : left % right;
    return QI_OK;
}

static inline int32_t ml_channel(int64_t capacity, int64_t *to) {
    qi_chan channel = 0;
    size_t room = capacity < 0 ? QI_UNBOUNDED : (size_t)capacity;
    int32_t code = qi_chan_create(sizeof(int64_t), 8, room, NULL, &channel);
    *to = (int64_t)channel;
    return code;
}

/* That a task has ended already is no error. */
static inline int32_t ml_cancel(int64_t task) {
    int32_t code = qi_task_cancel((qi_task)task);
    return code == QI_ERR_FINISHED ? QI_OK : code;
}

static inline uint64_t ml_time(int64_t milliseconds) {
    return milliseconds < 0 ? 0 : (uint64_t)milliseconds;
}

static inline qi_select_case ml_case(int32_t operation, int64_t handle, int64_t *data, int64_t ms) {
    qi_select_case made;
    memset(&made, 0, sizeof made);
    made.struct_size = sizeof made;
    made.operation = operation;
    made.handle = (qi_handle)handle;
    made.data = data;
    made.timeout_ns = ml_time(ms) * 1000000;
    return made;
}

static inline qi_task_options ml_options(void) {
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = sizeof(int64_t);
    options.stack_size = 256 * 1024;
    return options;
}

/* QI_WORKERS says on how many threads the program runs. */
static inline qi_config ml_config(void) {
    const char *workers = getenv("QI_WORKERS");
    qi_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.worker_threads = workers == NULL ? 0 : (uint32_t)strtoul(workers, NULL, 10);
    return config;
}

/* How the program ends. */
static inline int ml_report(int32_t code) {
    char text[128];
    if (code == QI_OK) {
        return 0;
    }
    qi_error_message(code, QI_CHINESE, text, sizeof text);
    printf("未捕获的异常 %" PRId64 "：%s\n", ml_caught(code), text);
    return 1;
}
