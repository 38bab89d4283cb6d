/* Four tasks on one worker: the most urgent runs first, whichever was spawned first. */
#include "must.h"

static int32_t say(void *argument, void *result) {
    (void)result;
    puts(argument);
    return QI_OK;
}

static int32_t program(void *argument) {
    static const struct {
        const char *word;
        int32_t priority;
    } kinds[] = {
        {"low", QI_PRIORITY_LOW},
        {"normal", QI_PRIORITY_NORMAL},
        {"high", QI_PRIORITY_HIGH},
        {"critical", QI_PRIORITY_CRITICAL},
    };
    qi_task tasks[4];
    (void)argument;
    /* The worker is busy with this coroutine, so that all four wait when it looks for the next task. */
    for (int i = 0; i < 4; i++) {
        qi_task_options options = no_wishes();
        options.priority = kinds[i].priority;
        MUST(qi_task_spawn(say, NULL, (void *)kinds[i].word, &options, &tasks[i]));
    }
    /* Waiting for a task would lend it this one's urgency: so they are only looked at. */
    for (int i = 0; i < 4; i++) {
        while (qi_task_state(tasks[i]) != QI_TASK_COMPLETED) {
            MUST(qi_sleep_ms(1));
        }
        MUST(qi_release(tasks[i]));
    }
    return 0;
}

int main(void) {
    qi_config config;
    int32_t exit_code = 1;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.worker_threads = 1;
    MUST(qi_main(&config, program, NULL, &exit_code));
    return exit_code;
}
