/* Every function of the header, misused: with handles that were released, made up, of another kind, or null,
 * with null pointers or with good ones; before there is a runtime, while there is one (on a thread, in a
 * coroutine, in a poll function), after it was shut down, and in a forked child. Each answers with an error,
 * and none waits, panics or crashes. The calls are in every_call.h, which is made of the header itself. */
#include "check.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

struct call {
    const char *name;
    int64_t (*make)(int full, qi_handle handle);
    /* The type of its first handle, "" if it takes none. */
    const char *kind;
    int is_code, handle_is_first, takes_context, takes_pointer;
};

/* Where pointers point to: no struct has a size of 0, and no text is empty bytes. */
static union {
    char bytes[8192];
    uint64_t words[1024];
} room;

static void some_qi_drop_fn(void *value) {
    (void)value;
}
static int32_t some_qi_call_fn(void *argument, void *result) {
    (void)argument, (void)result;
    return QI_OK;
}
static int32_t some_qi_entry_fn(void *argument) {
    (void)argument;
    return QI_OK;
}
static int32_t some_qi_poll_fn(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    return QI_OK;
}
static void *some_qi_inherit_fn(void *value) {
    return value;
}
static void some_qi_line_fn(void *user, const char *line, size_t length) {
    (void)user, (void)line, (void)length;
}

#define GOOD(pointer) (full ? (pointer) : NULL)

#define CALL(name, arguments, ...)                                   \
    static int64_t call_##name(int full, qi_handle handle) {         \
        (void)full, (void)handle;                                    \
        return (int64_t)(intptr_t)name arguments;                    \
    }
#define CALL_FOR_NOTHING(name, arguments, ...)                       \
    static int64_t call_##name(int full, qi_handle handle) {         \
        (void)full, (void)handle;                                    \
        name arguments;                                              \
        return 0;                                                    \
    }
#include "every_call.h"
#undef CALL
#undef CALL_FOR_NOTHING

#define CALL(name, arguments, ...) {#name, call_##name, __VA_ARGS__},
#define CALL_FOR_NOTHING CALL
static const struct call CALLS[] = {
#include "every_call.h"
};

enum { CALL_COUNT = sizeof CALLS / sizeof *CALLS };

/* Where the calls are made, for messages, and what holds there. */
static const char *place = "";
static int is_in_a_poll, is_in_a_child;
/* What else may be found wrong first. */
static int32_t also = QI_ERR_NOT_INIT;

static int is(const struct call *call, const char *name) {
    return strcmp(call->name, name) == 0;
}

static void wrong(const struct call *call, int full, const char *handle, int64_t answer) {
    const char *name = call->is_code ? qi_error_name((int32_t)answer) : "a value";
    fprintf(stderr, "%s: %s with %s and %s pointers answers %s (%lld)\n", place, call->name, handle,
            full ? "good" : "null", name, (long long)answer);
    exit(1);
}

/* Makes a call with a handle that is no good. */
static void misuse(const struct call *call, int full, const char *what, qi_handle handle,
                   int32_t expected) {
    memset(room.bytes, 0, sizeof room);
    int64_t answer = call->make(full, handle);
    int is_error = answer < 0 && answer != QI_ERR_PANIC && answer != QI_ERR_FAILED;
    if (!call->is_code) {
        is_error = answer == 0;
    } else if (is_in_a_child) {
        is_error = answer == QI_ERR_FORKED;
    } else if (full && call->handle_is_first && !call->takes_context && !is_in_a_poll) {
        /* A struct of no size or an empty address may be seen first, or that there is no runtime. */
        is_error = answer == expected || answer == QI_ERR_STRUCT_SIZE || answer == QI_ERR_ADDRESS ||
                   answer == also;
    }
    if (!is_error) {
        wrong(call, full, what, answer);
    }
}

static qi_handle stale, event, mutex;

static void misuse_all(const char *where) {
    place = where;
    for (int index = 0; index < CALL_COUNT; index++) {
        const struct call *call = &CALLS[index];
        int takes_any = strcmp(call->kind, "qi_handle") == 0;
        if (*call->kind == '\0') {
            continue;
        }
        for (int full = 0; full < 2; full++) {
            /* A handle that is null stands for the global runtime, and may be released. */
            if (strcmp(call->kind, "qi_runtime") != 0 && !is(call, "qi_release")) {
                misuse(call, full, "a null handle", 0, QI_ERR_STALE);
            }
            misuse(call, full, "a handle of no kind", UINT64_C(0xff00000000000001),
                   takes_any ? QI_ERR_STALE : QI_ERR_KIND);
            if (stale == 0) {
                continue; /* nothing was made yet */
            }
            int is_event = strcmp(call->kind, "qi_event") == 0;
            qi_handle other = is_event ? mutex : event;
            if (!takes_any) {
                misuse(call, full, "a handle of another kind", other, QI_ERR_KIND);
            }
            /* A handle of its kind, with a slot that is free, and with one that never was. */
            uint64_t kind = is_event ? event >> 56 : takes_any ? stale >> 56 : 0;
            if (kind != 0) {
                misuse(call, full, "a released handle", stale, QI_ERR_STALE);
                misuse(call, full, "a made up handle", kind << 56 | 0x7fffffff, QI_ERR_STALE);
            }
        }
    }
}

/* Calls that need a pointer and get none. */
static void misuse_pointers(void) {
    for (int index = 0; index < CALL_COUNT; index++) {
        const struct call *call = &CALLS[index];
        /* Without options the global runtime is made, or is there. */
        if (*call->kind == '\0' && call->takes_pointer && call->is_code && !is(call, "qi_init")) {
            misuse(call, 0, "no handle", 0, QI_ERR_NULL);
        }
    }
}

static int32_t misuse_in_a_coroutine(void *argument, void *result) {
    (void)argument, (void)result;
    misuse_all("in a coroutine");
    misuse_pointers();
    return QI_OK;
}

static int32_t misuse_in_a_poll(void *state, qi_cx *cx, void *result) {
    (void)state, (void)cx, (void)result;
    is_in_a_poll = 1;
    misuse_all("in a poll function");
    misuse_pointers();
    is_in_a_poll = 0;
    return QI_OK;
}

static void in_a_child(void) {
#if defined(__unix__) || defined(__APPLE__)
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        place = "in a forked child";
        is_in_a_child = 1;
        for (int index = 0; index < CALL_COUNT; index++) {
            const struct call *call = &CALLS[index];
            /* Those that need no runtime may be used there. */
            int is_free = strncmp(call->name, "qi_async_sys_", 13) == 0 || is(call, "qi_error_os_code");
            if (call->is_code && !is_free) {
                misuse(call, 0, "a null handle", 0, QI_ERR_FORKED);
                misuse(call, 1, "a null handle", 0, QI_ERR_FORKED);
            } else {
                call->make(0, 0);
            }
        }
        _exit(write(STDOUT_FILENO, "", 0) == 0 ? 0 : 1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
}

/* A good handle of each kind. */
static struct {
    const char *kind;
    qi_handle handle;
} good[20];
static int good_count;

static void keep(const char *kind, qi_handle handle) {
    good[good_count].kind = kind;
    good[good_count++].handle = handle;
}

#define KEEP(kind, make)  \
    do {                  \
        qi_handle made = 0; \
        FINE(make);       \
        keep(kind, made); \
    } while (0)

static void make_all(const char *path) {
    char address[QI_ADDRESS_SIZE];
    KEEP("qi_chan", qi_chan_create(8, 8, 1, NULL, &made));
    KEEP("qi_mutex", qi_mutex_create(&made));
    KEEP("qi_rwlock", qi_rwlock_create(&made));
    KEEP("qi_sem", qi_sem_create(1, &made));
    KEEP("qi_wg", qi_wg_create(&made));
    KEEP("qi_once", qi_once_create(&made));
    KEEP("qi_event", qi_event_create(true, &made));
    KEEP("qi_timer", qi_timer_create(UINT64_C(3600000000000), 0, &made));
    KEEP("qi_scope", qi_scope_open(0, &made));
    KEEP("qi_local", qi_local_create(NULL, NULL, &made));
    KEEP("qi_waker", qi_waker_current(&made));
    KEEP("qi_task", qi_task_spawn(some_qi_call_fn, NULL, NULL, NULL, &made));
    KEEP("qi_tcp_listener", qi_tcp_listen("127.0.0.1:0", 11, &made));
    size_t length = qi_tcp_listener_address(good[good_count - 1].handle, address, sizeof address);
    KEEP("qi_tcp", qi_tcp_connect(address, length, &made));
    KEEP("qi_udp", qi_udp_bind("127.0.0.1:0", 11, &made));
    KEEP("qi_file", qi_file_open(path, strlen(path), QI_FILE_READ, 0, &made));
    KEEP("qi_graph", qi_graph_create(&made));
    KEEP("qi_runtime", qi_runtime_create(NULL, &made));
}

/* Good handles after the end: nothing comes any more, but nothing panics, waits or crashes either. */
static void after_the_end(void) {
    int tried = 0;
    place = "after the shutdown";
    for (int turn = 0; turn < 2; turn++) {
        for (int index = 0; index < CALL_COUNT; index++) {
            const struct call *call = &CALLS[index];
            for (int one = 0; one < good_count; one++) {
                if (strcmp(call->kind, good[one].kind) != 0 || is(call, "qi_task_detach")) {
                    continue;
                }
                for (int full = 0; full < 2; full++) {
                    memset(room.bytes, 0, sizeof room);
                    int64_t answer = call->make(full, good[one].handle);
                    if (call->is_code && (answer == QI_ERR_PANIC || answer == QI_ERR_FAILED)) {
                        wrong(call, full, "a good handle", answer);
                    }
                    tried++;
                }
            }
        }
    }
    CHECK(tried > 300);
    for (int one = 0; one < good_count; one++) {
        FINE(qi_release(good[one].handle));
    }
}

int main(int count, char **arguments) {
    qi_task task;
    CHECK(count >= 1);
    misuse_all("before qi_init");
    also = QI_ERR_STRUCT_SIZE;
    FINE(qi_init(NULL));
    FINE(qi_event_create(false, &stale));
    FINE(qi_event_create(false, &event));
    FINE(qi_mutex_create(&mutex));
    FINE(qi_release(stale));
    misuse_all("on a thread");
    misuse_pointers();
    FINE(qi_task_spawn(misuse_in_a_coroutine, NULL, NULL, NULL, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    FINE(qi_task_spawn_poll(misuse_in_a_poll, NULL, NULL, NULL, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
    in_a_child();
    make_all(arguments[0]);
    FINE(qi_runtime_shutdown(0));
    FINE(qi_runtime_shutdown(good[good_count - 1].handle));
    also = QI_ERR_SHUTDOWN;
    misuse_all("after the shutdown");
    after_the_end();
    puts("fine");
    return 0;
}
