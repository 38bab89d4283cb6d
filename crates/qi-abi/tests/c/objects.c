/* Channels, locks, events, timers: from plain threads, and from poll functions through the twins. */
#include "check.h"

static int drops;

static void count_drop(void *value) {
    (void)value;
    __atomic_add_fetch(&drops, 1, __ATOMIC_SEQ_CST);
}

struct pipe {
    qi_chan from, to;
    int value, is_full, left;
};

/* Doubles what comes in and sends it on: back-pressure on both sides. */
static int32_t doubling(void *state, qi_cx *cx, void *result) {
    struct pipe *pipe = state;
    (void)result;
    for (;;) {
        int32_t code;
        if (!pipe->is_full) {
            code = qi_chan_poll_recv(pipe->from, cx, &pipe->value);
            if (code == QI_ERR_CLOSED) {
                return qi_chan_close(pipe->to);
            }
            if (code != QI_OK) {
                return code;
            }
            pipe->value *= 2;
            pipe->is_full = 1;
        }
        code = qi_chan_poll_send(pipe->to, cx, &pipe->value);
        if (code != QI_OK) {
            return code;
        }
        pipe->is_full = 0;
    }
}

static int32_t feeding(void *argument, void *result) {
    qi_chan channel = *(qi_chan *)argument;
    (void)result;
    for (int number = 0; number < 1000; number++) {
        FINE(qi_chan_send(channel, &number));
    }
    return qi_chan_close(channel);
}

static void channels(void) {
    qi_chan in, out, full;
    int number = 5, got = 0, sum = 0;
    struct pipe pipe;
    qi_task doubler, feeder;
    FINE(qi_chan_create(sizeof(int), 0, 4, NULL, &in));
    FINE(qi_chan_create(sizeof(int), 0, 0, NULL, &out));
    memset(&pipe, 0, sizeof pipe);
    pipe.from = in, pipe.to = out;
    FINE(qi_task_spawn_poll(doubling, NULL, &pipe, NULL, &doubler));
    FINE(qi_task_spawn_blocking(feeding, NULL, &in, NULL, &feeder));
    while (qi_chan_recv(out, &got) == QI_OK) {
        sum += got;
    }
    CHECK(sum == 999 * 1000);
    FINE(qi_task_await(doubler, NULL));
    FINE(qi_task_await(feeder, NULL));

    drops = 0;
    FINE(qi_chan_create(sizeof(int), 0, 1, count_drop, &full));
    FINE(qi_chan_try_send(full, &number));
    ANSWERS(QI_ERR_FULL, qi_chan_try_send(full, &number));
    ANSWERS(QI_ERR_TIMEOUT, qi_chan_send_timeout(full, &number, 1000000));
    CHECK(qi_chan_len(full) == 1);
    CHECK(drops == 0); /* what was not sent is still the caller's */
    FINE(qi_chan_close(full));
    ANSWERS(QI_ERR_CLOSED, qi_chan_send(full, &number));
    FINE(qi_release(full));
    CHECK(drops == 1); /* what was sent and not received is dropped */
    ANSWERS(QI_ERR_CLOSED, qi_chan_try_recv(out, &got));

    FINE(qi_chan_create(sizeof(int), 0, QI_UNBOUNDED, NULL, &full));
    ANSWERS(QI_ERR_EMPTY, qi_chan_try_recv(full, &got));
    ANSWERS(QI_ERR_TIMEOUT, qi_chan_recv_timeout(full, &got, 1000000));
    FINE(qi_release(full));
    FINE(qi_release(in));
    FINE(qi_release(out));
    FINE(qi_release(doubler));
    FINE(qi_release(feeder));
}

struct shared {
    qi_mutex mutex;
    qi_rwlock rwlock;
    qi_sem sem;
    qi_wg group;
    qi_event event;
    qi_timer timer;
    int stage;
    int64_t count;
};

/* Goes through all that can be waited for, in poll form. */
static int32_t touring(void *state, qi_cx *cx, void *result) {
    struct shared *shared = state;
    int32_t code;
    (void)result;
    for (;; shared->stage++) {
        switch (shared->stage) {
        case 0: code = qi_event_poll_wait(shared->event, cx); break;
        case 1: code = qi_mutex_poll_lock(shared->mutex, cx); break;
        case 2: shared->count++, code = qi_mutex_unlock(shared->mutex); break;
        case 3: code = qi_rwlock_poll_write(shared->rwlock, cx); break;
        case 4: code = qi_rwlock_unlock(shared->rwlock); break;
        case 5: code = qi_rwlock_poll_read(shared->rwlock, cx); break;
        case 6: code = qi_rwlock_unlock(shared->rwlock); break;
        case 7: code = qi_sem_poll_acquire(shared->sem, cx, 2); break;
        case 8: code = qi_sem_release(shared->sem, 2); break;
        case 9: code = qi_wg_poll_wait(shared->group, cx); break;
        case 10: code = qi_timer_poll_wait(shared->timer, cx); break;
        default: return QI_OK;
        }
        if (code != QI_OK) {
            return code;
        }
    }
}

static void locks(void) {
    struct shared shared;
    qi_task tour;
    memset(&shared, 0, sizeof shared);
    FINE(qi_mutex_create(&shared.mutex));
    FINE(qi_rwlock_create(&shared.rwlock));
    FINE(qi_sem_create(1, &shared.sem));
    FINE(qi_wg_create(&shared.group));
    FINE(qi_event_create(true, &shared.event));
    FINE(qi_timer_create(1000000, 0, &shared.timer));
    FINE(qi_mutex_lock(shared.mutex));
    ANSWERS(QI_ERR_DEADLOCK, qi_mutex_lock(shared.mutex));
    ANSWERS(QI_ERR_FULL, qi_mutex_try_lock(shared.mutex));
    FINE(qi_rwlock_read(shared.rwlock));
    ANSWERS(QI_ERR_DEADLOCK, qi_rwlock_write(shared.rwlock));
    ANSWERS(QI_ERR_FULL, qi_rwlock_try_write(shared.rwlock));
    FINE(qi_rwlock_try_read(shared.rwlock));
    FINE(qi_rwlock_unlock(shared.rwlock));
    FINE(qi_wg_add(shared.group, 2));
    ANSWERS(QI_ERR_TIMEOUT, qi_wg_wait_timeout(shared.group, 1000000));
    ANSWERS(QI_ERR_EMPTY, qi_sem_try_acquire(shared.sem, 2));
    ANSWERS(QI_ERR_TIMEOUT, qi_sem_acquire_timeout(shared.sem, 2, 1000000));
    CHECK(qi_sem_available(shared.sem) == 1);
    ANSWERS(QI_ERR_TIMEOUT, qi_event_wait_timeout(shared.event, 1000000));

    FINE(qi_task_spawn_poll(touring, NULL, &shared, NULL, &tour));
    FINE(qi_event_set(shared.event));
    FINE(qi_mutex_unlock(shared.mutex));
    ANSWERS(QI_ERR_NOT_OWNER, qi_mutex_unlock(shared.mutex));
    FINE(qi_rwlock_unlock(shared.rwlock));
    FINE(qi_sem_release(shared.sem, 1));
    FINE(qi_wg_done(shared.group));
    CHECK(qi_wg_count(shared.group) == 1);
    FINE(qi_wg_done(shared.group));
    ANSWERS(QI_ERR_INVALID, qi_wg_done(shared.group));
    FINE(qi_wg_wait(shared.group));
    FINE(qi_task_await(tour, NULL));
    CHECK(shared.count == 1);
    ANSWERS(QI_ERR_NOT_OWNER, qi_rwlock_unlock(shared.rwlock));

    FINE(qi_rwlock_write_timeout(shared.rwlock, 1000000000));
    ANSWERS(QI_ERR_DEADLOCK, qi_rwlock_read(shared.rwlock));
    ANSWERS(QI_ERR_FULL, qi_rwlock_try_read(shared.rwlock));
    FINE(qi_rwlock_unlock(shared.rwlock));
    FINE(qi_rwlock_read_timeout(shared.rwlock, 1000000000));
    FINE(qi_rwlock_unlock(shared.rwlock));
    FINE(qi_rwlock_write(shared.rwlock));
    FINE(qi_rwlock_unlock(shared.rwlock));
    FINE(qi_mutex_lock_timeout(shared.mutex, 1000000000));
    FINE(qi_mutex_unlock(shared.mutex));
    FINE(qi_sem_acquire(shared.sem, 2));
    FINE(qi_sem_close(shared.sem));
    ANSWERS(QI_ERR_CLOSED, qi_sem_acquire(shared.sem, 1));
    FINE(qi_event_set(shared.event));
    FINE(qi_event_reset(shared.event));
    ANSWERS(QI_ERR_TIMEOUT, qi_event_wait_timeout(shared.event, 1000000));
    FINE(qi_event_set(shared.event));
    FINE(qi_event_wait(shared.event));

    ANSWERS(QI_ERR_CANCELLED, qi_timer_wait(shared.timer)); /* it has fired, and was not set anew */
    uint64_t before = qi_now_ns();
    FINE(qi_timer_reset(shared.timer, 2000000));
    FINE(qi_timer_wait(shared.timer));
    CHECK(qi_now_ns() - before >= 2000000);
    FINE(qi_timer_cancel(shared.timer));
    FINE(qi_release(shared.mutex));
    FINE(qi_release(shared.rwlock));
    FINE(qi_release(shared.sem));
    FINE(qi_release(shared.group));
    FINE(qi_release(shared.event));
    FINE(qi_release(shared.timer));
    FINE(qi_release(tour));
}

int main(void) {
    FINE(qi_init(NULL));
    channels();
    locks();
    FINE(qi_runtime_shutdown(0));
    puts("fine");
    return 0;
}
