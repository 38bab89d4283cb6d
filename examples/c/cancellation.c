/* A coroutine that is cancelled learns it from the call it waits in, and tidies up as C does. */
#include "must.h"

struct argument {
    const char *name;
    qi_event begun;
};

static void drop_argument(void *argument) {
    printf("%s is dropped\n", ((struct argument *)argument)->name);
}

static int32_t work(void *argument, void *result) {
    struct argument *own = argument;
    char *buffer = malloc(64);
    int32_t code;
    (void)result;
    MUST(qi_event_set(own->begun));
    code = qi_sleep_ms(60 * 1000);
    printf("the sleep answers %s\n", qi_error_name(code));
    free(buffer); /* nothing is unwound: every way out is this function's own */
    return code;
}

static int32_t program(void *nothing) {
    struct argument argument = {"the argument", 0};
    qi_task task;
    (void)nothing;
    MUST(qi_event_create(false, &argument.begun));
    MUST(qi_task_spawn(work, drop_argument, &argument, NULL, &task));
    MUST(qi_event_wait(argument.begun));
    MUST(qi_task_cancel(task));
    printf("the task ends with %s\n", qi_error_name(qi_task_await(task, NULL)));
    printf("a second request: %s\n", qi_error_name(qi_task_cancel(task)));
    MUST(qi_release(task));
    MUST(qi_release(argument.begun));
    return 0;
}

int main(void) {
    int32_t exit_code = 1;
    MUST(qi_main(NULL, program, NULL, &exit_code));
    return exit_code;
}
