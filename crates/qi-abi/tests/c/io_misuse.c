/* What callers and networks do wrong at sockets and files, and the error that each gets. */
#include "check.h"

#define LOCAL "127.0.0.1:0"
#define TEXT(text) (text), strlen(text)

#ifdef _WIN32
enum { REFUSED = QI_ERR_OS_BASE - 10061, NO_FILE = QI_ERR_OS_BASE - 2, EXISTS = QI_ERR_OS_BASE - 80 };
#else
#include <errno.h>
#include <sys/resource.h>
enum { REFUSED = QI_ERR_OS_BASE - ECONNREFUSED, NO_FILE = QI_ERR_OS_BASE - ENOENT, EXISTS = QI_ERR_OS_BASE - EEXIST };
#endif

/* Inside a poll function all calls that wait are refused, whatever they are given. */
static int32_t suspends(void *state, qi_cx *cx, void *result) {
    uint64_t none = 0;
    size_t count = 0;
    char byte = 0;
    (void)state, (void)cx, (void)result;
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_accept(none, &none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_accept_timeout(none, 1, &none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_connect(TEXT(LOCAL), &none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_connect_timeout(TEXT(LOCAL), 1, &none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_read(none, &byte, 1, &count));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_read_timeout(none, &byte, 1, 1, &count));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_write(none, &byte, 1, &count));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_write_timeout(none, &byte, 1, 1, &count));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_write_all(none, &byte, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_udp_send(none, &byte, 1, TEXT(LOCAL)));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_udp_recv(none, &byte, 1, &count, NULL, 0));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_udp_recv_timeout(none, &byte, 1, 1, &count, NULL, 0));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_open(TEXT("x"), QI_FILE_READ, 0, &none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_read_at(none, &byte, 1, 0, &count));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_write_at(none, &byte, 1, 0));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_sync(none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_size(none, &none));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_set_size(none, 1));
    ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_remove(TEXT("x")));
    return QI_OK;
}

static void poll_functions(void) {
    qi_task task;
    FINE(qi_task_spawn_poll(suspends, NULL, NULL, NULL, &task));
    FINE(qi_task_await(task, NULL));
    FINE(qi_release(task));
}

static void addresses(void) {
    qi_tcp_listener listener = 0;
    qi_udp udp = 0;
    qi_tcp tcp = 0;
    static const char *const none[] = {"", "127.0.0.1", "localhost:80", "127.0.0.1:70000", "::1:80", "1.2.3:4"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ANSWERS(QI_ERR_ADDRESS, qi_tcp_listen(TEXT(none[i]), &listener));
        ANSWERS(QI_ERR_ADDRESS, qi_udp_bind(TEXT(none[i]), &udp));
    }
    ANSWERS(QI_ERR_ADDRESS, qi_tcp_connect(TEXT("nowhere"), &tcp));
    ANSWERS(QI_ERR_ADDRESS, qi_tcp_connect(TEXT("[::1:80"), &tcp));
    ANSWERS(QI_ERR_UTF8, qi_tcp_connect("\xff\xfe:80", 5, &tcp));
    ANSWERS(QI_ERR_UTF8, qi_tcp_listen("\xff", 1, &listener));
    ANSWERS(QI_ERR_NULL, qi_tcp_connect(NULL, 5, &tcp));
    ANSWERS(QI_ERR_NULL, qi_tcp_connect(TEXT(LOCAL), NULL));
    ANSWERS(QI_ERR_NULL, qi_tcp_listen(TEXT(LOCAL), NULL));
    ANSWERS(QI_ERR_ALIGNMENT, qi_tcp_listen(TEXT(LOCAL), (qi_tcp_listener *)((char *)&listener + 1)));
    CHECK(listener == 0 && udp == 0 && tcp == 0); /* nothing is written unless all is well */
}

static void connections(void) {
    char address[QI_ADDRESS_SIZE], byte;
    qi_tcp_listener listener;
    qi_tcp near, far;
    size_t count;
    FINE(qi_tcp_listen(TEXT(LOCAL), &listener));
    CHECK(qi_tcp_listener_address(listener, address, sizeof address) > 0);
    FINE(qi_tcp_connect(TEXT(address), &near));
    FINE(qi_tcp_accept(listener, &far));
    ANSWERS(QI_ERR_KIND, qi_tcp_accept(near, &far));
    ANSWERS(QI_ERR_KIND, qi_tcp_read(listener, &byte, 1, &count));
    ANSWERS(QI_ERR_KIND, qi_udp_recv(near, &byte, 1, &count, NULL, 0));
    ANSWERS(QI_ERR_KIND, qi_file_sync(near));
    ANSWERS(QI_ERR_NULL, qi_tcp_read(near, NULL, 1, &count));
    ANSWERS(QI_ERR_NULL, qi_tcp_read(near, &byte, 1, NULL));
    ANSWERS(QI_ERR_NULL, qi_tcp_write(near, NULL, 1, &count));
    ANSWERS(QI_ERR_NULL, qi_tcp_write_all(near, NULL, 1));
    ANSWERS(QI_ERR_INVALID, qi_tcp_read(near, &byte, SIZE_MAX, &count));
    FINE(qi_tcp_write_all(near, NULL, 0));
    ANSWERS(QI_ERR_NULL, qi_tcp_accept(listener, NULL));
    ANSWERS(QI_ERR_INVALID, qi_tcp_shutdown(near, 3));
    CHECK(qi_tcp_peer_address(listener, address, sizeof address) == 0);

    FINE(qi_release(far));
    ANSWERS(QI_EOF, qi_tcp_read(near, &byte, 1, &count));
    FINE(qi_release(near));
    ANSWERS(QI_ERR_STALE, qi_release(near)); /* closed twice */
    ANSWERS(QI_ERR_STALE, qi_tcp_read(near, &byte, 1, &count));
    ANSWERS(QI_ERR_STALE, qi_tcp_write_all(near, "x", 1));
    ANSWERS(QI_ERR_STALE, qi_tcp_shutdown(near, QI_SHUTDOWN_BOTH));
    ANSWERS(QI_ERR_STALE, qi_tcp_set_nodelay(near, true));
    CHECK(qi_tcp_listener_address(listener, address, sizeof address) > 0);
    FINE(qi_release(listener));
    ANSWERS(QI_ERR_STALE, qi_tcp_accept(listener, &far));
    ANSWERS(REFUSED, qi_tcp_connect(TEXT(address), &near));
    CHECK(qi_error_os_code(REFUSED) == QI_ERR_OS_BASE - REFUSED);
    CHECK(qi_error_message(REFUSED, QI_CHINESE, NULL, 0) > 0);
}

static void datagrams(void) {
    qi_udp socket;
    size_t count;
    char byte;
    FINE(qi_udp_bind(TEXT(LOCAL), &socket));
    ANSWERS(QI_ERR_ADDRESS, qi_udp_send(socket, "x", 1, TEXT("localhost:1")));
    ANSWERS(QI_ERR_ADDRESS, qi_udp_connect(socket, TEXT("nobody")));
    ANSWERS(QI_ERR_NULL, qi_udp_recv(socket, NULL, 1, &count, NULL, 0));
    ANSWERS(QI_ERR_NULL, qi_udp_send(socket, NULL, 1, TEXT(LOCAL)));
    CHECK(qi_udp_send(socket, "x", 1, NULL, 0) < QI_ERR_OS_BASE); /* it has no peer: the system says so */
    FINE(qi_release(socket));
    ANSWERS(QI_ERR_STALE, qi_udp_recv(socket, &byte, 1, &count, NULL, 0));
    ANSWERS(QI_ERR_STALE, qi_udp_connect(socket, TEXT("127.0.0.1:1")));
}

static void files(const char *program) {
    char path[512];
    qi_file file;
    size_t count;
    uint64_t size;
    snprintf(path, sizeof path, "%s-misuse.tmp", program);
    (void)qi_file_remove(TEXT(path));
    ANSWERS(NO_FILE, qi_file_open(TEXT(path), QI_FILE_READ, 0, &file));
    ANSWERS(NO_FILE, qi_file_remove(TEXT(path)));
    ANSWERS(QI_ERR_INVALID, qi_file_open(TEXT(path), 1u << 6, 0, &file));
    CHECK(qi_file_open(TEXT(path), 0, 0, &file) < 0); /* neither read nor written */
    ANSWERS(QI_ERR_NULL, qi_file_open(NULL, 3, QI_FILE_READ, 0, &file));
    ANSWERS(QI_ERR_NULL, qi_file_open(TEXT(path), QI_FILE_READ, 0, NULL));
    ANSWERS(QI_ERR_UTF8, qi_file_open("\xc3", 1, QI_FILE_READ, 0, &file));
    ANSWERS(QI_ERR_INVALID, qi_file_open("a\0b", 3, QI_FILE_READ, 0, &file));
    FINE(qi_file_open(TEXT(path), QI_FILE_READ | QI_FILE_WRITE | QI_FILE_CREATE_NEW, 0, &file));
    ANSWERS(QI_ERR_NULL, qi_file_read_at(file, NULL, 1, 0, &count));
    ANSWERS(QI_ERR_NULL, qi_file_write_at(file, NULL, 1, 0));
    ANSWERS(QI_ERR_NULL, qi_file_size(file, NULL));
    ANSWERS(QI_ERR_INVALID, qi_file_write_at(file, "x", 1, UINT64_MAX));
    ANSWERS(QI_ERR_INVALID, qi_file_read_at(file, path, 1, UINT64_MAX, &count));
    FINE(qi_release(file));
    ANSWERS(QI_ERR_STALE, qi_file_size(file, &size));
    ANSWERS(QI_ERR_STALE, qi_release(file));
    ANSWERS(EXISTS, qi_file_open(TEXT(path), QI_FILE_WRITE | QI_FILE_CREATE_NEW, 0, &file));
    FINE(qi_file_remove(TEXT(path)));
}

/* No descriptor is left: each call says so, and works again when there is one. */
static void descriptors(const char *program) {
#ifndef _WIN32
    struct rlimit before, few;
    qi_tcp_listener listener;
    char address[QI_ADDRESS_SIZE];
    qi_file file;
    qi_tcp stream;
    qi_udp socket;
    FINE(qi_tcp_listen(TEXT(LOCAL), &listener));
    CHECK(qi_tcp_listener_address(listener, address, sizeof address) > 0);
    FINE(qi_file_open(TEXT(program), QI_FILE_READ, 0, &file)); /* the threads that it takes are there */
    FINE(qi_release(file));
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    few = before;
    few.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    ANSWERS(QI_ERR_OS_BASE - EMFILE, qi_file_open(TEXT(program), QI_FILE_READ, 0, &file));
    ANSWERS(QI_ERR_OS_BASE - EMFILE, qi_tcp_connect(TEXT(address), &stream));
    ANSWERS(QI_ERR_OS_BASE - EMFILE, qi_tcp_listen(TEXT(LOCAL), &listener));
    ANSWERS(QI_ERR_OS_BASE - EMFILE, qi_udp_bind(TEXT(LOCAL), &socket));
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    FINE(qi_tcp_connect(TEXT(address), &stream));
    FINE(qi_release(stream));
    FINE(qi_release(listener));
#else
    (void)program;
#endif
}

int main(int count, char **arguments) {
    qi_tcp_listener listener;
    qi_file file;
    (void)count;
    ANSWERS(QI_ERR_NOT_INIT, qi_tcp_listen(TEXT(LOCAL), &listener));
    ANSWERS(QI_ERR_NOT_INIT, qi_file_open(TEXT("x"), QI_FILE_READ, 0, &file));
    FINE(qi_init(NULL));
    poll_functions();
    addresses();
    connections();
    datagrams();
    files(arguments[0]);
    descriptors(arguments[0]);
    FINE(qi_runtime_shutdown(0));
    ANSWERS(QI_ERR_SHUTDOWN, qi_tcp_listen(TEXT(LOCAL), &listener));
    puts("fine");
    return 0;
}
