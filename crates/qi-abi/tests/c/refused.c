/* What the system refuses while a runtime is made: the error says why, nothing is left behind, and the next
 * attempt, when there is room again, succeeds. */
#include "check.h"

#if defined(__unix__) || defined(__APPLE__)
#include <errno.h>
#include <sys/resource.h>

static void without_descriptors(void) {
    struct rlimit before, none;
    qi_runtime runtime = 0;
    char text[300];
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    for (int round = 0; round < 20; round++) {
        int32_t code = qi_runtime_create(NULL, &runtime);
        CHECK(qi_error_os_code(code) == EMFILE && runtime == 0);
        ANSWERS(code, qi_init(NULL));
        CHECK(qi_last_error_message(QI_ENGLISH, text, sizeof text) > 0 && strchr(text, ':') != NULL);
        CHECK(qi_last_error_message(QI_CHINESE, text, sizeof text) > 0);
    }
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    FINE(qi_runtime_create(NULL, &runtime));
    FINE(qi_release(runtime));
}
#else
static void without_descriptors(void) {
}
#endif

int main(void) {
    without_descriptors();
    FINE(qi_init(NULL));
    FINE(qi_sleep_ns(1));
    puts("fine");
    return 0;
}
