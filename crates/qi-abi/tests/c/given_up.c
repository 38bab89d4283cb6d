/* Sends that are given up, in a channel without room, where a receiver may take the value at any moment: a
 * select that takes another branch, a time limit, a poll function that does not ask again, a coroutine that
 * is cancelled. A value is received if and only if its sender was told QI_OK. */
#include "check.h"

enum { ROUNDS = 1000 };

/* How a sender tries to get rid of a value, and may give up. */
enum way { BY_SELECT, BY_POLL_SELECT, BY_POLLS, BY_TIMEOUT, WAYS };

struct contest {
    enum way way;
    qi_chan meeting, pokes;
    int32_t round, poke;
    int rests;
    size_t chosen;
    qi_select_case cases[2];
    unsigned char sent[ROUNDS], got[ROUNDS];
};

static int32_t receives(void *argument, void *result) {
    struct contest *contest = argument;
    int32_t value, code;
    (void)result;
    while ((code = qi_chan_recv_timeout(contest->meeting, &value, 1000)) != QI_ERR_CLOSED) {
        if (code == QI_OK) {
            CHECK(value >= 0 && value < ROUNDS);
            contest->got[value]++;
        } else {
            ANSWERS(QI_ERR_TIMEOUT, code);
        }
    }
    return QI_OK;
}

static int32_t pokes(void *argument, void *result) {
    struct contest *contest = argument;
    int32_t poke = -1;
    (void)result;
    while (qi_chan_send(contest->pokes, &poke) == QI_OK) {
        CHECK(qi_yield() == QI_OK);
    }
    return QI_OK;
}

static void prepare(struct contest *contest) {
    memset(contest->cases, 0, sizeof contest->cases);
    contest->cases[0].struct_size = contest->cases[1].struct_size = sizeof *contest->cases;
    contest->cases[0].operation = QI_SELECT_SEND;
    contest->cases[0].handle = contest->meeting;
    contest->cases[0].data = &contest->round;
    contest->cases[1].operation = QI_SELECT_RECV;
    contest->cases[1].handle = contest->pokes;
    contest->cases[1].data = &contest->poke;
}

/* Notes what became of this round's value. */
static void note(struct contest *contest, int is_sent) {
    contest->sent[contest->round++] = (unsigned char)is_sent;
}

static int32_t sends(void *argument, void *result) {
    struct contest *contest = argument;
    (void)result;
    prepare(contest);
    while (contest->round < ROUNDS) {
        if (contest->way == BY_SELECT) {
            FINE(qi_select(contest->cases, 2, 0, &contest->chosen));
            FINE(contest->cases[contest->chosen].answer);
            note(contest, contest->chosen == 0);
        } else {
            int32_t code = qi_chan_send_timeout(contest->meeting, &contest->round, 1000);
            CHECK(code == QI_OK || code == QI_ERR_TIMEOUT);
            note(contest, code == QI_OK);
        }
    }
    return QI_OK;
}

static int32_t sends_polled(void *state, qi_cx *cx, void *result) {
    struct contest *contest = state;
    (void)result;
    prepare(contest);
    if (contest->rests) {
        /* What is not asked for goes at the end of this poll. */
        contest->rests = 0;
        FINE(qi_cx_wake_self(cx));
        return QI_PENDING;
    }
    while (contest->round < ROUNDS) {
        if (contest->way == BY_POLL_SELECT) {
            int32_t code = qi_poll_select(contest->cases, 2, 0, &contest->chosen, cx);
            if (code == QI_PENDING) {
                return QI_PENDING;
            }
            FINE(code);
            note(contest, contest->chosen == 0);
            continue;
        }
        int32_t sending = qi_chan_poll_send(contest->meeting, cx, &contest->round);
        if (sending == QI_PENDING) {
            int32_t poked = qi_chan_poll_recv(contest->pokes, cx, &contest->poke);
            if (poked == QI_PENDING) {
                return QI_PENDING;
            }
            FINE(poked);
            note(contest, 0);
            contest->rests = 1;
            FINE(qi_cx_wake_self(cx));
            return QI_PENDING;
        }
        FINE(sending);
        note(contest, 1);
    }
    return QI_OK;
}

static void contest(enum way way) {
    static struct contest contest;
    qi_task tasks[3];
    int sent = 0;
    memset(&contest, 0, sizeof contest);
    contest.way = way;
    FINE(qi_chan_create(sizeof(int32_t), 0, 0, NULL, &contest.meeting));
    FINE(qi_chan_create(sizeof(int32_t), 0, 1, NULL, &contest.pokes));
    FINE(qi_task_spawn(receives, NULL, &contest, NULL, &tasks[1]));
    FINE(qi_task_spawn(pokes, NULL, &contest, NULL, &tasks[2]));
    if (way == BY_POLLS || way == BY_POLL_SELECT) {
        FINE(qi_task_spawn_poll(sends_polled, NULL, &contest, NULL, &tasks[0]));
    } else {
        FINE(qi_task_spawn(sends, NULL, &contest, NULL, &tasks[0]));
    }
    FINE(qi_task_await(tasks[0], NULL));
    FINE(qi_chan_close(contest.meeting));
    FINE(qi_chan_close(contest.pokes));
    FINE(qi_task_await_all(&tasks[1], 2));
    for (int round = 0; round < ROUNDS; round++) {
        if (contest.sent[round] != contest.got[round]) {
            fprintf(stderr, "way %d, round %d: sent %d times, received %d times\n", way, round,
                    contest.sent[round], contest.got[round]);
            exit(1);
        }
        sent += contest.sent[round];
    }
    for (int task = 0; task < 3; task++) {
        FINE(qi_release(tasks[task]));
    }
    FINE(qi_release(contest.meeting));
    FINE(qi_release(contest.pokes));
}

struct cancelled {
    qi_chan meeting;
    int32_t value, code;
};

static int32_t sends_until_cancelled(void *argument, void *result) {
    struct cancelled *cancelled = argument;
    (void)result;
    cancelled->code = qi_chan_send(cancelled->meeting, &cancelled->value);
    return QI_OK;
}

/* It is cancelled while a receiver takes its value. */
static void cancelling(void) {
    for (int32_t round = 0; round < 300; round++) {
        struct cancelled cancelled = {0, round, QI_PENDING};
        qi_task task;
        int32_t value = -1, left = -1;
        FINE(qi_chan_create(sizeof(int32_t), 0, 0, NULL, &cancelled.meeting));
        FINE(qi_task_spawn(sends_until_cancelled, NULL, &cancelled, NULL, &task));
        while (round % 2 == 0 && qi_task_state(task) != QI_TASK_WAITING) {
            FINE(qi_yield());
        }
        int32_t asked = qi_task_cancel(task);
        CHECK(asked == QI_OK || asked == QI_ERR_FINISHED);
        int32_t got = qi_chan_recv_timeout(cancelled.meeting, &value, 1000);
        int32_t ended = qi_task_await(task, NULL);
        CHECK(ended == QI_OK || ended == QI_ERR_CANCELLED);
        if (got == QI_ERR_TIMEOUT) {
            got = qi_chan_try_recv(cancelled.meeting, &left);
        }
        /* QI_PENDING: it was cancelled before it began. */
        CHECK((got == QI_OK) == (cancelled.code == QI_OK));
        FINE(qi_release(task));
        FINE(qi_release(cancelled.meeting));
    }
}

int main(void) {
    FINE(qi_init(NULL));
    for (int way = 0; way < WAYS; way++) {
        contest((enum way)way);
    }
    cancelling();
    puts("fine");
    return 0;
}
