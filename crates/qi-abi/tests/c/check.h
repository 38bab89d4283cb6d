/* What the C tests share: a check that says where it failed. */
#ifndef CHECK_H
#define CHECK_H

#include <qi_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

/* Checks that a call answers with this code, and names both if it does not. */
#define ANSWERS(code, call)                                                       \
    do {                                                                          \
        int32_t check_got = (call);                                               \
        if (check_got != (code)) {                                                \
            fprintf(stderr, "%s:%d: %s: %s instead of %s\n", __FILE__, __LINE__,  \
                    #call, qi_error_name(check_got), qi_error_name(code));        \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

#define FINE(call) ANSWERS(QI_OK, call)

#endif
