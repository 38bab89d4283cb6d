/* Runs one scenario so many times: program NAME COUNT. Without coroutines: -DPLAIN. */
#include "qi.h"

#define ALL_PLAIN(one) \
    one(ready_futures) one(exceptions) one(goroutines) one(locks) one(timers) one(mailboxes) \
    one(sockets) one(threads)
#ifdef PLAIN
#define ALL(one) ALL_PLAIN(one)
#else
#define ALL(one) \
    ALL_PLAIN(one) one(values) one(run_all) one(channels) one(plain_sends_wait) \
    one(child_parks_first) one(blocks) one(lasting_turns) \
    one(throws_reach_the_awaiter) one(sleeps) one(cancels) one(steps) \
    one(selects) one(priorities) one(foreign_futures) one(deadlocks) \
    one(idle_await) one(idle_receive) one(idle_select) one(idle_lock) one(idle_all) one(idle_sleep) \
    one(memory)
#endif

#define DECLARE(name) SCENARIO(name);
ALL(DECLARE)

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
#define ROW(name) { #name, scenario_##name },
    ALL(ROW)
};

int main(int count, char **words)
{
#ifndef PLAIN
    register_ops();
#endif
    CHECK(count == 3);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (strcmp(scenarios[i].name, words[1]) != 0)
            continue;
        for (int64_t turns = atoll(words[2]); turns > 0; turns--)
            scenarios[i].run();
        puts("fine");
        return 0;
    }
    fprintf(stderr, "no scenario %s\n", words[1]);
    return 2;
}
