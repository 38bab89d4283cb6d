/* Waits for the first of two channels, but not for ever; and looks without waiting at all. */
#include "must.h"

enum { WORDS, NUMBERS, TOO_LATE };

static qi_chan words, numbers;

static int32_t speak(void *argument, void *result) {
    const char *word = "good morning";
    int32_t number = 7;
    (void)argument, (void)result;
    MUST(qi_chan_send(words, &word));
    MUST(qi_chan_send(numbers, &number));
    return QI_OK;
}

/* What comes first: a word, a number, or the end of the time. */
static size_t next(const char **word, int32_t *number, uint64_t timeout_ns) {
    qi_select_case cases[3];
    size_t chosen = TOO_LATE;
    memset(cases, 0, sizeof cases);
    cases[WORDS].operation = QI_SELECT_RECV;
    cases[WORDS].handle = words;
    cases[WORDS].data = word;
    cases[NUMBERS].operation = QI_SELECT_RECV;
    cases[NUMBERS].handle = numbers;
    cases[NUMBERS].data = number;
    cases[TOO_LATE].operation = timeout_ns == 0 ? QI_SELECT_DEFAULT : QI_SELECT_TIMEOUT;
    cases[TOO_LATE].timeout_ns = timeout_ns;
    for (int i = 0; i < 3; i++) {
        cases[i].struct_size = sizeof cases[i];
    }
    MUST(qi_select(cases, 3, 0, &chosen));
    return chosen;
}

static int32_t program(void *argument) {
    const char *word = NULL;
    int32_t number = 0;
    qi_task speaker;
    (void)argument;
    MUST(qi_chan_create(sizeof word, 0, 0, NULL, &words));
    MUST(qi_chan_create(sizeof number, 0, 0, NULL, &numbers));
    if (next(&word, &number, 0) == TOO_LATE) {
        puts("nothing is there yet");
    }
    MUST(qi_task_spawn(speak, NULL, NULL, NULL, &speaker));
    /* Which of two channels is heard first is not said, as each that is ready may be chosen. */
    for (int heard = 0; heard < 2; heard++) {
        if (next(&word, &number, 10000000000) == TOO_LATE) {
            puts("too late");
        }
    }
    printf("a word: %s\na number: %d\n", word, number);
    if (next(&word, &number, 2000000) == TOO_LATE) {
        puts("nothing came in two milliseconds");
    }
    MUST(qi_task_await(speaker, NULL));
    MUST(qi_release(speaker));
    MUST(qi_release(words));
    MUST(qi_release(numbers));
    return 0;
}

int main(void) {
    int32_t exit_code = 1;
    MUST(qi_main(NULL, program, NULL, &exit_code));
    return exit_code;
}
