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

static int32_t call_at_once(void *argument, void *result) {
    (void)argument, (void)result;
    return QI_OK;
}

static int32_t enter_at_once(void *argument) {
    (void)argument;
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
    ANSWERS(QI_ERR_NOT_INIT, qi_task_spawn(call_at_once, count_drop, NULL, NULL, &task));
    ANSWERS(QI_ERR_NOT_INIT, qi_task_spawn_blocking(call_at_once, count_drop, NULL, NULL, &task));
    void *arguments[3] = {NULL, NULL, NULL};
    ANSWERS(QI_ERR_NOT_INIT, qi_task_spawn_batch(call_at_once, count_drop, arguments, 3, NULL, NULL));
    CHECK(drops == 6);
    ANSWERS(QI_ERR_NOT_INIT, qi_yield());
    ANSWERS(QI_ERR_NOT_INIT, qi_park());
    ANSWERS(QI_ERR_NOT_INIT, qi_signal_wait(1));
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

/* An older struct lacks the newest fields, a newer one has more. */
static void sizes_of_options(void) {
    struct {
        qi_task_options known;
        uint64_t unknown;
    } newer;
    qi_task task;
    size_t first = offsetof(qi_task_options, scope);
    memset(&newer, 0, sizeof newer);
    newer.known.scope = 1234; /* beyond the end of what the caller says it has */
    newer.known.struct_size = (uint32_t)first;
    FINE(qi_task_spawn(call_at_once, NULL, NULL, &newer.known, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    newer.known.struct_size = sizeof newer.known;
    ANSWERS(QI_ERR_STALE, qi_task_spawn(call_at_once, NULL, NULL, &newer.known, &task));
    newer.known.scope = 0;
    uint32_t sizes[] = {0, 4, (uint32_t)first - 1, 5000, UINT32_MAX};
    for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
        newer.known.struct_size = sizes[index];
        ANSWERS(QI_ERR_STRUCT_SIZE, qi_task_spawn(call_at_once, NULL, NULL, &newer.known, &task));
    }
    newer.known.struct_size = sizeof newer;
    FINE(qi_task_spawn_poll(at_once, NULL, NULL, &newer.known, NULL));
    newer.unknown = 1;
    ANSWERS(QI_ERR_STRUCT_SIZE, qi_task_spawn_poll(at_once, NULL, NULL, &newer.known, NULL));
    newer.known.struct_size = sizeof newer.known;
    newer.known.stack_size = 1;
    ANSWERS(QI_ERR_INVALID, qi_task_spawn(call_at_once, NULL, NULL, &newer.known, NULL));
    newer.known.stack_size = 0;
    newer.known.priority = 3;
    ANSWERS(QI_ERR_INVALID, qi_task_spawn(call_at_once, NULL, NULL, &newer.known, NULL));
    newer.known.priority = 0;
    newer.known.name = "\xff";
    newer.known.name_len = 1;
    ANSWERS(QI_ERR_UTF8, qi_task_spawn(call_at_once, NULL, NULL, &newer.known, NULL));
    ANSWERS(QI_ERR_ALIGNMENT, qi_task_spawn(call_at_once, NULL, NULL,
                                            (qi_task_options *)((char *)&newer + 4), NULL));
}

/* One object of each kind that a program can make. */
enum { CHAN, MUTEX, RWLOCK, SEM, WG, ONCE, EVENT, TIMER, SCOPE, LOCAL, WAKER, TASK, KINDS };

static void make_all(qi_handle *all) {
    FINE(qi_chan_create(4, 4, 1, NULL, &all[CHAN]));
    FINE(qi_mutex_create(&all[MUTEX]));
    FINE(qi_rwlock_create(&all[RWLOCK]));
    FINE(qi_sem_create(1, &all[SEM]));
    FINE(qi_wg_create(&all[WG]));
    FINE(qi_once_create(&all[ONCE]));
    FINE(qi_event_create(false, &all[EVENT]));
    FINE(qi_timer_create(1, 0, &all[TIMER]));
    FINE(qi_scope_open(0, &all[SCOPE]));
    FINE(qi_local_create(NULL, NULL, &all[LOCAL]));
    FINE(qi_waker_current(&all[WAKER]));
    FINE(qi_task_spawn(call_at_once, NULL, NULL, NULL, &all[TASK]));
}

/* Calls a function of each kind with this handle. */
static void use_all(qi_handle handle, int right, int32_t expected) {
    int value = 0;
    void *pointer = NULL;
    int32_t codes[KINDS];
    codes[CHAN] = qi_chan_send(handle, &value);
    codes[MUTEX] = qi_mutex_lock(handle);
    codes[RWLOCK] = qi_rwlock_read(handle);
    codes[SEM] = qi_sem_acquire(handle, 1);
    codes[WG] = qi_wg_wait(handle);
    codes[ONCE] = qi_once_call(handle, enter_at_once, NULL);
    codes[EVENT] = qi_event_set(handle);
    codes[TIMER] = qi_timer_wait(handle);
    codes[SCOPE] = qi_scope_close(handle);
    codes[LOCAL] = qi_local_get(handle, &pointer);
    codes[WAKER] = qi_waker_wake(handle);
    codes[TASK] = qi_task_await(handle, NULL);
    for (int kind = 0; kind < KINDS; kind++) {
        if (kind == right) {
            CHECK(codes[kind] == QI_OK || (kind == LOCAL && codes[kind] == QI_ERR_NOT_IN_TASK));
        } else {
            ANSWERS(expected, codes[kind]);
        }
    }
}

static void kinds_and_generations(void) {
    qi_handle all[KINDS];
    make_all(all);
    for (int kind = 0; kind < KINDS; kind++) {
        use_all(all[kind], kind, QI_ERR_KIND);
        FINE(qi_release(all[kind]));
        ANSWERS(QI_ERR_STALE, qi_release(all[kind]));
    }
    for (int kind = 0; kind < KINDS; kind++) {
        /* Its own kind: released. The others see the wrong kind before they look further. */
        qi_handle old = all[kind];
        qi_handle made_up = old ^ UINT64_C(0x7f00000000);
        ANSWERS(QI_ERR_STALE, qi_retain(old));
        ANSWERS(QI_ERR_STALE, qi_retain(made_up));
    }
    ANSWERS(QI_ERR_STALE, qi_chan_send(all[CHAN], &all));
    ANSWERS(QI_ERR_STALE, qi_once_call(all[ONCE], enter_at_once, NULL));
    ANSWERS(QI_ERR_STALE, qi_scope_close(all[SCOPE]));
    ANSWERS(QI_ERR_STALE, qi_waker_wake(all[WAKER]));
    ANSWERS(QI_ERR_STALE, qi_task_await(all[TASK], NULL));
    use_all(0, -1, QI_ERR_STALE);
}

static void null_and_crooked(void) {
    uint64_t words[2] = {0, 0};
    uint64_t *crooked = (uint64_t *)((char *)words + 1);
    int32_t (*makers[])(qi_handle *) = {qi_mutex_create, qi_rwlock_create, qi_wg_create,
                                        qi_once_create, qi_waker_current};
    for (size_t index = 0; index < sizeof makers / sizeof *makers; index++) {
        ANSWERS(QI_ERR_NULL, makers[index](NULL));
        ANSWERS(QI_ERR_ALIGNMENT, makers[index](crooked));
    }
    ANSWERS(QI_ERR_ALIGNMENT, qi_chan_create(4, 4, 1, NULL, crooked));
    ANSWERS(QI_ERR_ALIGNMENT, qi_timer_create(1, 0, crooked));
    ANSWERS(QI_ERR_ALIGNMENT, qi_scope_open(0, crooked));
    ANSWERS(QI_ERR_ALIGNMENT, qi_local_create(NULL, NULL, crooked));
    ANSWERS(QI_ERR_ALIGNMENT, qi_task_spawn(call_at_once, NULL, NULL, NULL, crooked));
    ANSWERS(QI_ERR_ALIGNMENT, qi_task_await_all(crooked, 1));
    ANSWERS(QI_ERR_ALIGNMENT, qi_runtime_create((qi_config *)crooked, words));
    ANSWERS(QI_ERR_NULL, qi_task_spawn(NULL, NULL, NULL, NULL, words));
    ANSWERS(QI_ERR_NULL, qi_task_spawn_batch(call_at_once, NULL, NULL, 1, NULL, words));
    ANSWERS(QI_ERR_NULL, qi_task_spawn_batch(NULL, NULL, (void **)words, 1, NULL, words));
    ANSWERS(QI_ERR_NULL, qi_once_call(1, NULL, NULL));
    ANSWERS(QI_ERR_INVALID, qi_scope_open(1u << 31, words));
}

/* Whatever suspends is refused inside a poll function, before it looks at anything else. */
static int32_t suspends(void *state, qi_cx *cx, void *result) {
    qi_handle none = 0;
    size_t index = 0;
    int value = 0;
    qi_select_case wait;
    (void)state, (void)cx, (void)result;
    memset(&wait, 0, sizeof wait);
    wait.struct_size = sizeof wait;
    wait.operation = QI_SELECT_TIMEOUT;
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_yield());
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_sleep_ns(1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_sleep_ms(1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_timer_wait(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_park());
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_park_timeout(1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_signal_wait(1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_chan_send(none, &value));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_chan_send_timeout(none, &value, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_chan_recv(none, &value));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_chan_recv_timeout(none, &value, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_select(&wait, 1, 0, &index));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_mutex_lock(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_mutex_lock_timeout(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_rwlock_read(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_rwlock_read_timeout(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_rwlock_write(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_rwlock_write_timeout(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_sem_acquire(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_sem_acquire_timeout(none, 1, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_wg_wait(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_wg_wait_timeout(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_event_wait(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_event_wait_timeout(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_once_call(none, enter_at_once, NULL));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_scope_close(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_task_await(none, NULL));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_task_await_timeout(none, 1, NULL));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_task_await_all(&none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_task_await_any(&none, 1, &index));
    return QI_OK;
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
    FINE(qi_task_spawn_poll(suspends, NULL, NULL, NULL, &task));
    FINE(qi_task_await(task, NULL));
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
    int ends[2];
    char told = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        qi_task task;
        int is_told = qi_sleep_ms(1) == QI_ERR_FORKED &&
                      qi_task_spawn_poll(at_once, NULL, NULL, NULL, &task) == QI_ERR_FORKED &&
                      qi_task_spawn(call_at_once, NULL, NULL, NULL, &task) == QI_ERR_FORKED &&
                      qi_event_create(true, &task) == QI_ERR_FORKED && qi_park() == QI_ERR_FORKED &&
                      qi_release(1) == QI_ERR_FORKED && qi_init(NULL) == QI_ERR_FORKED &&
                      qi_runtime_shutdown(0) == QI_ERR_FORKED;
        qi_signal_notify(1); /* the parent's waiters are not told */
        told = is_told ? 'y' : 'n';
        _exit(write(ends[1], &told, 1) == 1 ? 0 : 1);
    }
    /* Not its exit status, which a checker of memory may want for itself. */
    CHECK(waitpid(child, NULL, 0) == child && read(ends[0], &told, 1) == 1 && told == 'y');
    close(ends[0]);
    close(ends[1]);
#endif
}

/* Results can still be taken; nothing else comes any more. */
static void after_shutdown(qi_task ended, qi_task left) {
    qi_task task;
    int value = 5;
    qi_chan channel;
    ANSWERS(QI_ERR_SHUTDOWN, qi_task_spawn_poll(at_once, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_SHUTDOWN, qi_task_spawn(call_at_once, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_SHUTDOWN, qi_task_spawn_blocking(call_at_once, NULL, NULL, NULL, &task));
    ANSWERS(QI_ERR_SHUTDOWN, qi_init(NULL));
    ANSWERS(QI_ERR_SHUTDOWN, qi_sleep_ms(3600000));
    ANSWERS(QI_ERR_SHUTDOWN, qi_signal_wait(9));
    FINE(qi_park()); /* a wake-up from before is kept */
    ANSWERS(QI_ERR_SHUTDOWN, qi_park_timeout(UINT64_C(3600000000000)));
    ANSWERS(QI_ERR_SHUTDOWN, qi_park());
    FINE(qi_task_await(ended, NULL));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(left, NULL));
    FINE(qi_chan_create(sizeof value, 0, 1, NULL, &channel));
    FINE(qi_chan_send(channel, &value));
    ANSWERS(QI_ERR_SHUTDOWN, qi_chan_send(channel, &value));
    FINE(qi_chan_recv(channel, &value));
    ANSWERS(QI_ERR_SHUTDOWN, qi_chan_recv(channel, &value));
    FINE(qi_release(channel));
    FINE(qi_release(ended));
    FINE(qi_release(left));
}

static int32_t sleeps(void *argument, void *result) {
    (void)argument, (void)result;
    return qi_sleep_ms(3600000);
}

int main(void) {
    qi_task ended, left;
    before_init();
    messages();
    configs();
    FINE(qi_init(NULL));
    FINE(qi_init(NULL)); /* the second time it is there already */
    handles();
    kinds_and_generations();
    null_and_crooked();
    sizes_of_options();
    contexts();
    in_a_forked_child();
    FINE(qi_task_spawn(call_at_once, NULL, NULL, NULL, &ended));
    while (qi_task_state(ended) != QI_TASK_COMPLETED) {
        FINE(qi_sleep_ns(1000));
    }
    FINE(qi_task_spawn(sleeps, NULL, NULL, NULL, &left));
    FINE(qi_runtime_shutdown(0));
    FINE(qi_runtime_shutdown(0));
    after_shutdown(ended, left);
    puts("fine");
    return 0;
}
