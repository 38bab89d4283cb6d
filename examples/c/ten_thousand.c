/* Ten thousand tasks, each a state machine whose state lies in the task itself. */
#include "must.h"

enum { MANY = 10000 };

struct machine {
    uint64_t number;
    int has_slept;
};

/* Sleeps, then ends with its number: what a compiler makes of an async function. */
static int32_t step(void *state, qi_cx *cx, void *result) {
    struct machine *machine = state;
    if (!machine->has_slept) {
        int32_t code = qi_poll_sleep_ns(cx, 5 * 1000 * 1000, 0);
        if (code != QI_OK) {
            return code; /* QI_PENDING: it is called again when the time is over */
        }
        machine->has_slept = 1;
    }
    *(uint64_t *)result = machine->number;
    return QI_OK;
}

int main(void) {
    static qi_task tasks[MANY];
    qi_task_options options = no_wishes();
    uint64_t sum = 0, number;
    options.result_size = sizeof number;
    MUST(qi_init(NULL));
    for (uint64_t i = 0; i < MANY; i++) {
        struct machine machine = {i, 0};
        MUST(qi_task_spawn_inline(step, NULL, &machine, sizeof machine, 8, &options, &tasks[i]));
    }
    for (int i = 0; i < MANY; i++) {
        MUST(qi_task_await(tasks[i], &number));
        MUST(qi_release(tasks[i]));
        sum += number;
    }
    printf("%d tasks, the sum of their results is %llu\n", MANY, (unsigned long long)sum);
    MUST(qi_runtime_shutdown(0));
    return 0;
}
