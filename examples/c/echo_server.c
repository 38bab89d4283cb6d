/* An echo server, a coroutine for each connection, and clients that try it. With an address as its
 * argument it serves there for ever. */
#include "must.h"

enum { CLIENTS = 50, ROUNDS = 20 };

static char address[QI_ADDRESS_SIZE];

/* A connection belongs to its coroutine, which owns the handle in this box. */
static void close_connection(void *argument) {
    MUST(qi_release(*(qi_tcp *)argument));
    free(argument);
}

static int32_t echo(void *argument, void *result) {
    qi_tcp connection = *(qi_tcp *)argument;
    char buffer[4096];
    size_t count;
    int32_t code;
    (void)result;
    while ((code = qi_tcp_read(connection, buffer, sizeof buffer, &count)) == QI_OK) {
        code = qi_tcp_write_all(connection, buffer, count);
        if (code != QI_OK) {
            break;
        }
    }
    return code == QI_EOF ? QI_OK : code; /* an error ends this connection only */
}

static int32_t serve(void *argument, void *result) {
    qi_tcp_listener listener = *(qi_tcp_listener *)argument;
    (void)result;
    for (;;) {
        qi_tcp *connection = malloc(sizeof *connection);
        int32_t code = connection ? qi_tcp_accept(listener, connection) : QI_ERR_NO_MEMORY;
        if (code != QI_OK) {
            free(connection);
            return code;
        }
        MUST(qi_task_spawn(echo, close_connection, connection, NULL, NULL));
    }
}

/* Sends lines and compares what comes back. */
static int32_t try_it(void *argument, void *result) {
    int number = (int)(intptr_t)argument;
    char line[64], back[64];
    qi_tcp connection;
    (void)result;
    MUST(qi_tcp_connect(address, strlen(address), &connection));
    for (int round = 0; round < ROUNDS; round++) {
        size_t length = (size_t)snprintf(line, sizeof line, "client %d, round %d\n", number, round);
        size_t got = 0, count;
        MUST(qi_tcp_write_all(connection, line, length));
        while (got < length) {
            MUST(qi_tcp_read(connection, back + got, length - got, &count));
            got += count;
        }
        if (memcmp(line, back, length) != 0) {
            return QI_ERR_FAILED;
        }
    }
    return qi_release(connection);
}

static int32_t program(void *argument) {
    const char *where = argument ? argument : "127.0.0.1:0";
    qi_task server, clients[CLIENTS];
    qi_tcp_listener listener;
    MUST(qi_tcp_listen(where, strlen(where), &listener));
    qi_tcp_listener_address(listener, address, sizeof address);
    MUST(qi_task_spawn(serve, NULL, &listener, NULL, &server));
    if (argument) {
        printf("serving at %s\n", address);
        MUST(qi_task_await(server, NULL));
    }
    for (intptr_t i = 0; i < CLIENTS; i++) {
        MUST(qi_task_spawn(try_it, NULL, (void *)i, NULL, &clients[i]));
    }
    for (int i = 0; i < CLIENTS; i++) {
        MUST(qi_task_await(clients[i], NULL));
        MUST(qi_release(clients[i]));
    }
    printf("%d clients, %d lines each, all came back\n", CLIENTS, ROUNDS);
    MUST(qi_task_cancel(server));
    printf("the server: %s\n", qi_error_name(qi_task_await(server, NULL)));
    MUST(qi_release(server));
    MUST(qi_release(listener));
    return 0;
}

int main(int count, char **arguments) {
    int32_t exit_code = 1;
    MUST(qi_main(NULL, program, count > 1 ? arguments[1] : NULL, &exit_code));
    return exit_code;
}
