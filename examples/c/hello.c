/* A coroutine that says hello and gives its parent a number. */
#include "must.h"

static int32_t greet(void *argument, void *result) {
    printf("hello, %s\n", (const char *)argument);
    MUST(qi_sleep_ms(1)); /* straight-line code waits wherever it likes */
    *(int32_t *)result = 42;
    return QI_OK;
}

static int32_t program(void *argument) {
    qi_task_options options = no_wishes();
    int32_t answer = 0;
    qi_task task;
    (void)argument;
    options.result_size = sizeof answer;
    MUST(qi_task_spawn(greet, NULL, (void *)"世界", &options, &task));
    MUST(qi_task_await(task, &answer));
    MUST(qi_release(task));
    printf("the answer is %d\n", answer);
    return 0;
}

int main(void) {
    int32_t exit_code = 1;
    MUST(qi_main(NULL, program, NULL, &exit_code));
    return exit_code;
}
