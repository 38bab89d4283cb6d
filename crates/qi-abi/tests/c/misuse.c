/* What callers do wrong, and the error that each gets. */
#include "check.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

static int drops;

static void count_drop(void *value) {
    (void)value;
    __atomic_add_fetch(&drops, 1, __ATOMIC_SEQ_CST);
}

static int32_t at_once(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return QI_OK;
}

static int32_t keep_context(void *state, qi_cx *cx, void *result) {
    (void)result;
    *(qi_cx **)state = cx;
    ANSWERS(QI_ERR_NULL, qi_cx_wake_self(NULL));
    return QI_OK;
}

static int32_t nonsense(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return 77;
}

static void before_init(void) {
    qi_task task;
    ANSWERS(QI_ERR_NOT_INIT, qi_sleep_ms(1));
    ANSWERS(QI_ERR_NOT_INIT, qi_task_spawn_poll(at_once, count_drop, NULL, NULL, &task));
    CHECK(drops == 1); /* the state was handed over all the same */
    ANSWERS(QI_ERR_NOT_INIT, qi_runtime_shutdown(0));
    ANSWERS(QI_ERR_NOT_INIT, qi_runtime_is_running(0));
    ANSWERS(QI_ERR_NOT_INIT, qi_thread_attach(0));
    ANSWERS(QI_ERR_NOT_INIT, qi_thread_detach());
}

static void configs(void) {
    struct {
        qi_config known;
        uint64_t unknown;
    } newer;
    qi_runtime runtime;
    char text[200];
    memset(&newer, 0, sizeof newer);
    newer.known.struct_size = 4;
    ANSWERS(QI_ERR_STRUCT_SIZE, qi_runtime_create(&newer.known, &runtime));
    newer.known.struct_size = sizeof newer;
    newer.unknown = 1;
    ANSWERS(QI_ERR_STRUCT_SIZE, qi_runtime_create(&newer.known, &runtime));
    newer.unknown = 0;
    newer.known.worker_threads = 1;
    FINE(qi_runtime_create(&newer.known, &runtime));
    CHECK(qi_runtime_is_running(runtime) == 1);
    FINE(qi_thread_attach(runtime));
    FINE(qi_sleep_ns(1));
    FINE(qi_thread_detach());
    FINE(qi_runtime_shutdown_graceful(runtime, 1000000));
    CHECK(qi_runtime_is_running(runtime) == 0);
    ANSWERS(QI_ERR_STALE, (qi_release(runtime), qi_runtime_is_running(runtime)));

    newer.known.struct_size = sizeof newer.known;
    newer.known.worker_threads = 100000;
    ANSWERS(QI_ERR_INVALID, qi_runtime_create(&newer.known, &runtime));
    CHECK(qi_last_error_message(QI_ENGLISH, text, sizeof text) > 0);
    CHECK(strstr(text, "worker_threads") != NULL && strstr(text, "100000") != NULL);
    CHECK(qi_last_error_message(QI_CHINESE, text, sizeof text) > 0);
    newer.known.worker_threads = 1;
    newer.known.flags = 1u << 31;
    ANSWERS(QI_ERR_INVALID, qi_runtime_create(&newer.known, &runtime));
    ANSWERS(QI_ERR_NULL, qi_runtime_create(NULL, NULL));
}

static void handles(void) {
    qi_event event;
    qi_task task;
    uint64_t words[2] = {0, 0};
    FINE(qi_event_create(false, &event));
    ANSWERS(QI_ERR_KIND, qi_mutex_lock(event));
    ANSWERS(QI_ERR_KIND, qi_task_await(event, NULL));
    FINE(qi_retain(event));
    FINE(qi_release(event));
    FINE(qi_release(event));
    ANSWERS(QI_ERR_STALE, qi_release(event));
    ANSWERS(QI_ERR_STALE, qi_retain(event));
    ANSWERS(QI_ERR_STALE, qi_event_set(event));
    ANSWERS(QI_ERR_STALE, qi_event_set(0));
    FINE(qi_release(0));
    ANSWERS(QI_ERR_NULL, qi_event_create(false, NULL));
    ANSWERS(QI_ERR_ALIGNMENT, qi_event_create(false, (qi_event *)((char *)words + 1)));
    ANSWERS(QI_ERR_NULL, qi_task_spawn_poll(NULL, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_NULL, qi_task_spawn_blocking(NULL, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_NULL, qi_task_spawn_inline(at_once, NULL, NULL, 8, 8, NULL, &task));
    ANSWERS(QI_ERR_INVALID, qi_task_spawn_inline(at_once, NULL, words, 8, 3, NULL, &task));
    ANSWERS(QI_ERR_INVALID, qi_chan_create(8, 3, 1, NULL, &event));
    ANSWERS(QI_ERR_INVALID, qi_chan_create(8, 8, SIZE_MAX - 1, NULL, &event));
    ANSWERS(QI_ERR_NULL, qi_task_await_all(NULL, 1));
    ANSWERS(QI_ERR_INVALID, qi_task_await_any(words, 0, (size_t *)words));
}

static void contexts(void) {
    qi_cx *kept = NULL;
    qi_waker waker;
    qi_task task;
    FINE(qi_task_spawn_poll(keep_context, NULL, &kept, NULL, &task));
    FINE(qi_task_await(task, NULL));
    ANSWERS(QI_ERR_INVALID, qi_cx_wake_self(kept));
    ANSWERS(QI_ERR_INVALID, qi_cx_waker(kept, &waker));
    ANSWERS(QI_ERR_INVALID, qi_poll_sleep_ns(kept, 1, 1));
    FINE(qi_release(task));
    FINE(qi_task_spawn_poll(nonsense, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_INVALID, qi_task_await(task, NULL));
    FINE(qi_release(task));
}

static void messages(void) {
    char text[8];
    CHECK(strcmp(qi_error_name(QI_ERR_TIMEOUT), "QI_ERR_TIMEOUT") == 0);
    CHECK(qi_error_message(QI_ERR_TIMEOUT, QI_ENGLISH, NULL, 0) == strlen("the time is over"));
    CHECK(qi_error_message(QI_ERR_TIMEOUT, QI_CHINESE, text, sizeof text) > 0);
    CHECK(strcmp(text, "超时") == 0);
    CHECK(qi_error_os_code(QI_ERR_OS_BASE - 2) == 2);
    CHECK(qi_abi_version() == QI_ABI_VERSION);
    CHECK(strlen(qi_version()) > 0);
}

static void in_a_forked_child(void) {
#if defined(__unix__) || defined(__APPLE__)
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        qi_task task;
        int is_told = qi_sleep_ms(1) == QI_ERR_FORKED &&
                      qi_task_spawn_poll(at_once, NULL, NULL, NULL, &task) == QI_ERR_FORKED;
        _exit(is_told ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
}

int main(void) {
    qi_task task;
    before_init();
    messages();
    configs();
    FINE(qi_init(NULL));
    FINE(qi_init(NULL)); /* the second time it is there already */
    handles();
    contexts();
    in_a_forked_child();
    FINE(qi_runtime_shutdown(0));
    FINE(qi_runtime_shutdown(0));
    ANSWERS(QI_ERR_SHUTDOWN, qi_task_spawn_poll(at_once, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_SHUTDOWN, qi_init(NULL));
    puts("fine");
    return 0;
}
