/* Makes chosen calls of libc fail as if the system refused them: a library to preload, on Linux.
 *
 * Settings, by environment:
 *   QI_FAULT_CALL    the call that fails, as the table below names it; none when absent
 *   QI_FAULT_ERRNO   the name of the error number
 *   QI_FAULT_FROM    the first call that fails, counted over the process from 1 (default 1)
 *   QI_FAULT_TIMES   how many calls fail; 0 means for ever (default 1)
 *   QI_FAULT_EVERY   of the calls from then on, only each so many-th one fails (default 1)
 *   QI_FAULT_REPORT  a file that receives the counts
 *
 * Counted is what goes through the dynamic linker: programs and the Rust standard library. What
 * libc calls inside itself (the mmap of malloc or of a thread's stack) it does not look up, so it
 * is neither seen here nor made to fail. The calls of the sweep that the kernel sees and this
 * library does not are found by tracing.
 *
 * The report is one `struct record` per call, in a shared mapping of the file: the counts are there
 * whatever ended the process, an abort or a kill too.
 *
 * Rejected: a cdylib in Rust, whose own standard library would make some of these calls; seccomp
 * filters, which cannot count; writing the report at exit, of which an aborted process has none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum call {
    EPOLL_CREATE1,
    EPOLL_CTL,
    EPOLL_WAIT, /* epoll_pwait and epoll_pwait2 too */
    EVENTFD,
    TIMERFD_CREATE,
    TIMERFD_SETTIME,
    ACCEPT4, /* accept too */
    SOCKET,
    CONNECT,
    RECV,
    SEND,
    RECVMSG,
    SENDMSG,
    RECVMMSG,
    SENDMMSG,
    MMAP, /* mmap64 too */
    PTHREAD_CREATE,
    POSIX_MEMALIGN,
    CALLS,
};

/* Read by xtask/src/step/faults/: 48 bytes of name, two counts in the machine's byte order. */
struct record {
    char name[48];
    _Atomic uint64_t seen;
    _Atomic uint64_t failed;
};

static const char *const names[CALLS] = {
    "epoll_create1", "epoll_ctl", "epoll_wait", "eventfd", "timerfd_create",
    "timerfd_settime", "accept4", "socket", "connect", "recv",
    "send", "recvmsg", "sendmsg", "recvmmsg", "sendmmsg",
    "mmap", "pthread_create", "posix_memalign",
};

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"EAGAIN", EAGAIN},         {"EBADF", EBADF},     {"ECANCELED", ECANCELED},
    {"ECONNABORTED", ECONNABORTED}, {"EEXIST", EEXIST}, {"EINTR", EINTR},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL}, {"ECONNREFUSED", ECONNREFUSED},
    {"ECONNRESET", ECONNRESET}, {"ENETUNREACH", ENETUNREACH},
    {"EINVAL", EINVAL},         {"EMFILE", EMFILE},   {"ENFILE", ENFILE},
    {"ENOBUFS", ENOBUFS},       {"ENODEV", ENODEV},   {"ENOENT", ENOENT},
    {"ENOMEM", ENOMEM},         {"ENOSPC", ENOSPC},   {"EPERM", EPERM},
    {"EPIPE", EPIPE},           {"EPROTO", EPROTO},   {"ETIMEDOUT", ETIMEDOUT},
};

/* The settings. Written once, before the program's first thread runs its first line. */
static int chosen = CALLS;
static int error_number;
static uint64_t from = 1, times = 1, every = 1;

/* The counts: in the report's mapping, or here when there is no report. */
static struct record here[CALLS];
static struct record *records = here;

_Noreturn static void refuse(const char *what, const char *value) {
    dprintf(STDERR_FILENO, "fault_shim: %s: %s\n", what, value ? value : "(absent)");
    _exit(70);
}

/* The next definition of a call: libc's own. */
static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) refuse("libc lacks", name);
    return found;
}

/* Looks a function up once, and as often as threads race: each finds the same. */
#define NEXT(name)                                                              \
    static _Atomic(void *) cached;                                              \
    void *found = atomic_load_explicit(&cached, memory_order_relaxed);          \
    if (!found) {                                                               \
        found = next(#name);                                                    \
        atomic_store_explicit(&cached, found, memory_order_relaxed);            \
    }                                                                           \
    __typeof__(name) *real = (__typeof__(name) *)found

/* Whether this call is one of those that must fail. Counts it as seen. */
static bool is_due(enum call call) {
    uint64_t n = atomic_fetch_add_explicit(&records[call].seen, 1, memory_order_relaxed) + 1;
    if ((int)call != chosen || n < from || (n - from) % every != 0) return false;
    return times == 0 || (n - from) / every < times;
}

static int fail(enum call call) {
    atomic_fetch_add_explicit(&records[call].failed, 1, memory_order_relaxed);
    errno = error_number;
    return -1;
}

static uint64_t number(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    if (!text) return otherwise;
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno || *text == 0 || *end != 0) refuse(name, text);
    return value;
}

static void open_report(const char *path) {
    NEXT(mmap);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, sizeof here) != 0) refuse("cannot write", path);
    void *shared = real(NULL, sizeof here, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) refuse("cannot map", path);
    close(fd);
    /* Counts of calls made before, by constructors of other libraries. */
    memcpy(shared, here, sizeof here);
    records = shared;
}

__attribute__((constructor)) static void prepare(void) {
    for (int call = 0; call < CALLS; call++) strcpy(here[call].name, names[call]);
    const char *report = getenv("QI_FAULT_REPORT");
    if (report) open_report(report);
    const char *name = getenv("QI_FAULT_CALL");
    if (!name) return;
    from = number("QI_FAULT_FROM", 1);
    times = number("QI_FAULT_TIMES", 1);
    every = number("QI_FAULT_EVERY", 1);
    if (from == 0 || every == 0) refuse("counted from 1", "QI_FAULT_FROM, QI_FAULT_EVERY");
    const char *error = getenv("QI_FAULT_ERRNO");
    for (size_t i = 0; error && i < sizeof errors / sizeof *errors; i++)
        if (strcmp(error, errors[i].name) == 0) error_number = errors[i].number;
    if (!error_number) refuse("QI_FAULT_ERRNO", error);
    for (int call = 0; call < CALLS; call++)
        if (strcmp(name, names[call]) == 0) chosen = call;
    if (chosen == CALLS) refuse("QI_FAULT_CALL", name);
}

int epoll_create1(int flags) {
    NEXT(epoll_create1);
    return is_due(EPOLL_CREATE1) ? fail(EPOLL_CREATE1) : real(flags);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event) {
    NEXT(epoll_ctl);
    return is_due(EPOLL_CTL) ? fail(EPOLL_CTL) : real(epfd, op, fd, event);
}

int epoll_wait(int epfd, struct epoll_event *events, int room, int timeout) {
    NEXT(epoll_wait);
    return is_due(EPOLL_WAIT) ? fail(EPOLL_WAIT) : real(epfd, events, room, timeout);
}

int epoll_pwait(int epfd, struct epoll_event *events, int room, int timeout, const sigset_t *mask) {
    NEXT(epoll_pwait);
    return is_due(EPOLL_WAIT) ? fail(EPOLL_WAIT) : real(epfd, events, room, timeout, mask);
}

/* Its prototype differs between versions of libc; older ones lack it. */
int epoll_pwait2(int epfd, struct epoll_event *events, int room, const struct timespec *timeout,
                 const sigset_t *mask) {
    NEXT(epoll_pwait2);
    return is_due(EPOLL_WAIT) ? fail(EPOLL_WAIT) : real(epfd, events, room, timeout, mask);
}

int eventfd(unsigned int value, int flags) {
    NEXT(eventfd);
    return is_due(EVENTFD) ? fail(EVENTFD) : real(value, flags);
}

int timerfd_create(int clock, int flags) {
    NEXT(timerfd_create);
    return is_due(TIMERFD_CREATE) ? fail(TIMERFD_CREATE) : real(clock, flags);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *before) {
    NEXT(timerfd_settime);
    return is_due(TIMERFD_SETTIME) ? fail(TIMERFD_SETTIME) : real(fd, flags, value, before);
}

/* Whether the error belongs to a connection, which is gone with it; the others leave it waiting. */
static bool concerns_connection(int error) {
    return error == ECONNABORTED || error == EPROTO || error == EPERM;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    NEXT(accept4);
    if (!is_due(ACCEPT4)) return real(fd, address, length, flags);
    if (concerns_connection(error_number)) {
        int taken = real(fd, address, length, flags);
        if (taken < 0) return taken; /* No connection that could break: nothing fails. */
        close(taken);
    }
    return fail(ACCEPT4);
}

int accept(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, 0);
}

int socket(int domain, int type, int protocol) {
    NEXT(socket);
    return is_due(SOCKET) ? fail(SOCKET) : real(domain, type, protocol);
}

/* A connect that a signal interrupts goes on by itself. */
int connect(int fd, const struct sockaddr *address, socklen_t length) {
    NEXT(connect);
    if (!is_due(CONNECT)) return real(fd, address, length);
    if (error_number == EINTR) real(fd, address, length);
    return fail(CONNECT);
}

ssize_t recv(int fd, void *room, size_t length, int flags) {
    NEXT(recv);
    return is_due(RECV) ? fail(RECV) : real(fd, room, length, flags);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    NEXT(send);
    return is_due(SEND) ? fail(SEND) : real(fd, bytes, length, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    NEXT(recvmsg);
    return is_due(RECVMSG) ? fail(RECVMSG) : real(fd, message, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    NEXT(sendmsg);
    return is_due(SENDMSG) ? fail(SENDMSG) : real(fd, message, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
             struct timespec *timeout) {
    NEXT(recvmmsg);
    return is_due(RECVMMSG) ? fail(RECVMMSG) : real(fd, messages, count, flags, timeout);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
    NEXT(sendmmsg);
    return is_due(SENDMMSG) ? fail(SENDMMSG) : real(fd, messages, count, flags);
}

void *mmap(void *at, size_t length, int access, int flags, int fd, off_t offset) {
    NEXT(mmap);
    if (!is_due(MMAP)) return real(at, length, access, flags, fd, offset);
    fail(MMAP);
    return MAP_FAILED;
}

void *mmap64(void *at, size_t length, int access, int flags, int fd, off64_t offset) {
    NEXT(mmap64);
    if (!is_due(MMAP)) return real(at, length, access, flags, fd, offset);
    fail(MMAP);
    return MAP_FAILED;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
    NEXT(pthread_create);
    if (!is_due(PTHREAD_CREATE)) return real(thread, attributes, start, argument);
    fail(PTHREAD_CREATE);
    return error_number; /* It returns its error. */
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    NEXT(posix_memalign);
    if (!is_due(POSIX_MEMALIGN)) return real(memory, alignment, size);
    fail(POSIX_MEMALIGN);
    return error_number; /* As above. */
}
