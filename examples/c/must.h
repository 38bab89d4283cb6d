/* What the examples share: a call must succeed, or the program says which did not and ends. */
#ifndef MUST_H
#define MUST_H

#include <qi_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(call) must((call), #call)

static inline void must(int32_t code, const char *call) {
    char english[200], chinese[200];
    if (code == QI_OK) {
        return;
    }
    qi_error_message(code, QI_ENGLISH, english, sizeof english);
    qi_error_message(code, QI_CHINESE, chinese, sizeof chinese);
    fprintf(stderr, "%s: %s: %s (%s)\n", call, qi_error_name(code), english, chinese);
    exit(1);
}

/* Options without a wish. */
static inline qi_task_options no_wishes(void) {
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

#endif
