/* A fast producer and a slow consumer: a channel with room for four values makes the first wait. */
#include "must.h"

enum { VALUES = 1000, ROOM = 4 };

static int32_t produce(void *argument, void *result) {
    qi_chan channel = *(qi_chan *)argument;
    (void)result;
    for (int32_t value = 0; value < VALUES; value++) {
        MUST(qi_chan_send(channel, &value)); /* waits while the channel is full */
    }
    return qi_chan_close(channel);
}

static int32_t consume(void *argument, void *result) {
    qi_chan channel = *(qi_chan *)argument;
    int64_t sum = 0;
    size_t most = 0;
    int32_t value;
    (void)result;
    while (qi_chan_recv(channel, &value) == QI_OK) {
        size_t waiting = qi_chan_len(channel);
        most = waiting > most ? waiting : most;
        sum += value;
        if (value % 100 == 0) {
            MUST(qi_yield()); /* the producer has time to run ahead */
        }
    }
    printf("%d values, their sum is %lld\n", VALUES, (long long)sum);
    printf("%s than %d ever waited\n", most <= ROOM ? "never more" : "more", ROOM);
    return QI_OK;
}

static int32_t program(void *argument) {
    qi_chan channel;
    qi_task both[2];
    (void)argument;
    MUST(qi_chan_create(sizeof(int32_t), 0, ROOM, NULL, &channel));
    MUST(qi_task_spawn(produce, NULL, &channel, NULL, &both[0]));
    MUST(qi_task_spawn(consume, NULL, &channel, NULL, &both[1]));
    MUST(qi_task_await_all(both, 2));
    MUST(qi_release(both[0]));
    MUST(qi_release(both[1]));
    MUST(qi_release(channel));
    return 0;
}

int main(void) {
    int32_t exit_code = 1;
    MUST(qi_main(NULL, program, NULL, &exit_code));
    return exit_code;
}
