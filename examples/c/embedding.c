/* A program that owns main, its threads and its loop, and has the runtime work beside them: the loop
 * waits in poll(2), tasks write to a pipe that it watches, and threads of its own feed tasks. */
#include "must.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 3, JOBS = 100 };

static int to_loop[2];
static qi_chan jobs;
static qi_runtime runtime;

/* Runs on the runtime: takes jobs, and tells the loop of each. */
static int32_t work(void *argument, void *result) {
    int32_t job;
    (void)argument, (void)result;
    while (qi_chan_recv(jobs, &job) == QI_OK) {
        int32_t square = job * job;
        if (write(to_loop[1], &square, sizeof square) != (ssize_t)sizeof square) {
            return QI_ERR_FAILED;
        }
    }
    return QI_OK;
}

/* A thread of the program: calls that suspend block it, and others go on. */
static void *feed(void *argument) {
    int first = *(int *)argument;
    MUST(qi_thread_attach(runtime));
    for (int32_t job = first; job < JOBS; job += THREADS) {
        MUST(qi_chan_send(jobs, &job));
    }
    MUST(qi_thread_detach());
    return NULL;
}

/* The program's own loop. */
static long long loop(int expected) {
    long long sum = 0;
    for (int seen = 0; seen < expected;) {
        struct pollfd watched = {to_loop[0], POLLIN, 0};
        int32_t square;
        if (poll(&watched, 1, 10 * 1000) != 1 || read(to_loop[0], &square, sizeof square) != (ssize_t)sizeof square) {
            fputs("the loop heard nothing\n", stderr);
            exit(1);
        }
        sum += square;
        seen++;
    }
    return sum;
}

int main(void) {
    pthread_t threads[THREADS];
    int firsts[THREADS];
    qi_task_options options = no_wishes();
    qi_config config;
    qi_task worker;
    long long sum;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.worker_threads = 2;
    if (pipe(to_loop) != 0) {
        return 1;
    }
    MUST(qi_runtime_create(&config, &runtime)); /* no global one: this program may have several */
    MUST(qi_chan_create(sizeof(int32_t), 0, 8, NULL, &jobs));
    options.runtime = runtime;
    MUST(qi_task_spawn(work, NULL, NULL, &options, &worker));
    for (int i = 0; i < THREADS; i++) {
        firsts[i] = i;
        if (pthread_create(&threads[i], NULL, feed, &firsts[i]) != 0) {
            return 1;
        }
    }
    sum = loop(JOBS);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    MUST(qi_chan_close(jobs));
    MUST(qi_thread_attach(runtime));
    MUST(qi_task_await(worker, NULL));
    MUST(qi_thread_detach());
    MUST(qi_release(worker));
    MUST(qi_release(jobs));
    MUST(qi_runtime_shutdown(runtime));
    MUST(qi_release(runtime));
    printf("%d threads gave %d jobs, the loop saw squares that add up to %lld\n", THREADS, JOBS, sum);
    return 0;
}
