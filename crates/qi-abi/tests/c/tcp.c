/* TCP: an echo server of poll functions, clients that block and clients that poll, timeouts, ends. */
#include "check.h"

#define LOCAL "127.0.0.1:0"

/* Sends back what comes in, until the peer ends. */
struct echo {
    qi_tcp stream;
    char buffer[64];
    size_t length, sent, count;
};

static void end_echo(void *state) {
    struct echo *echo = state;
    FINE(qi_release(echo->stream));
    free(echo);
}

static int32_t echoing(void *state, qi_cx *cx, void *result) {
    struct echo *echo = state;
    (void)result;
    for (;;) {
        while (echo->sent < echo->length) {
            int32_t code = qi_tcp_poll_write(echo->stream, cx, echo->buffer + echo->sent,
                                             echo->length - echo->sent, &echo->count);
            if (code != QI_OK) {
                return code;
            }
            echo->sent += echo->count;
        }
        int32_t code = qi_tcp_poll_read(echo->stream, cx, echo->buffer, sizeof echo->buffer, &echo->length);
        if (code != QI_OK) {
            return code == QI_EOF ? qi_tcp_shutdown(echo->stream, QI_SHUTDOWN_WRITE) : code;
        }
        echo->sent = 0;
    }
}

struct server {
    qi_tcp_listener listener;
    qi_tcp accepted;
};

static int32_t serving(void *state, qi_cx *cx, void *result) {
    struct server *server = state;
    (void)result;
    for (;;) {
        int32_t code = qi_tcp_poll_accept(server->listener, cx, &server->accepted);
        if (code != QI_OK) {
            return code;
        }
        FINE(qi_tcp_set_nodelay(server->accepted, true));
        struct echo *echo = calloc(1, sizeof *echo);
        CHECK(echo != NULL);
        echo->stream = server->accepted;
        FINE(qi_task_spawn_poll(echoing, end_echo, echo, NULL, NULL));
    }
}

/* Connects, sends a word and reads it back: all by twins. */
struct client {
    const char *address;
    qi_tcp stream;
    char word[4];
    int step;
    size_t count, got;
};

static int32_t asking(void *state, qi_cx *cx, void *result) {
    struct client *client = state;
    int32_t code = QI_OK;
    if (client->step == 0) {
        /* A call that suspends is refused here. */
        size_t count;
        ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_connect(client->address, strlen(client->address), &client->stream));
        ANSWERS(QI_ERR_WOULD_BLOCK, qi_tcp_read(client->stream, &count, 1, &count));
        client->step = 1;
    }
    if (client->step == 1) {
        code = qi_tcp_poll_connect(cx, client->address, strlen(client->address), &client->stream);
        if (code != QI_OK) {
            return code;
        }
        client->step = 2;
    }
    if (client->step == 2) {
        code = qi_tcp_poll_write(client->stream, cx, "ping", 4, &client->count);
        if (code != QI_OK) {
            return code;
        }
        CHECK(client->count == 4);
        client->step = 3;
    }
    while (client->got < sizeof client->word) {
        code = qi_tcp_poll_read(client->stream, cx, client->word + client->got,
                                sizeof client->word - client->got, &client->count);
        if (code != QI_OK) {
            return code;
        }
        client->got += client->count;
    }
    memcpy(result, client->word, sizeof client->word);
    return qi_release(client->stream);
}

static size_t read_all(qi_tcp stream, char *to, size_t length) {
    size_t got = 0, count = 0;
    while (got < length && qi_tcp_read(stream, to + got, length - got, &count) == QI_OK) {
        got += count;
    }
    return got;
}

static void blocking_client(const char *address) {
    char sent[10000], got[sizeof sent], own[QI_ADDRESS_SIZE], peer[QI_ADDRESS_SIZE];
    qi_tcp stream;
    size_t count;
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (char)(i * 31);
    }
    FINE(qi_tcp_connect(address, strlen(address), &stream));
    CHECK(qi_tcp_peer_address(stream, peer, sizeof peer) == strlen(address));
    CHECK(strcmp(peer, address) == 0);
    CHECK(qi_tcp_local_address(stream, own, sizeof own) > strlen("127.0.0.1:"));
    ANSWERS(QI_ERR_TIMEOUT, qi_tcp_read_timeout(stream, got, sizeof got, 1000000, &count));
    FINE(qi_tcp_write_all(stream, sent, sizeof sent));
    CHECK(read_all(stream, got, sizeof got) == sizeof got);
    CHECK(memcmp(sent, got, sizeof sent) == 0);
    FINE(qi_tcp_write(stream, "end", 3, &count));
    CHECK(count == 3);
    FINE(qi_tcp_read(stream, got, 0, &count)); /* nothing is wanted, and nothing is read */
    CHECK(count == 0);
    CHECK(read_all(stream, got, 3) == 3);
    FINE(qi_tcp_shutdown(stream, QI_SHUTDOWN_WRITE));
    ANSWERS(QI_EOF, qi_tcp_read(stream, got, sizeof got, &count));
    FINE(qi_release(stream));
}

static void polling_clients(const char *address) {
    enum { MANY = 20 };
    static struct client clients[MANY];
    qi_task tasks[MANY];
    qi_task_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.result_size = 4;
    for (int i = 0; i < MANY; i++) {
        clients[i].address = address;
        FINE(qi_task_spawn_poll(asking, NULL, &clients[i], &options, &tasks[i]));
    }
    for (int i = 0; i < MANY; i++) {
        char word[4];
        FINE(qi_task_await(tasks[i], word));
        CHECK(memcmp(word, "ping", 4) == 0);
        FINE(qi_release(tasks[i]));
    }
}

/* A peer that reads nothing: writing stops when there is no room, and goes on when there is. */
static void full_pipe(void) {
    static char block[1 << 16];
    char address[QI_ADDRESS_SIZE], got[1 << 16];
    qi_tcp_listener listener;
    qi_tcp near, far;
    size_t count, sent = 0, received = 0;
    int32_t code;
    FINE(qi_tcp_listen(LOCAL, strlen(LOCAL), &listener));
    ANSWERS(QI_ERR_TIMEOUT, qi_tcp_accept_timeout(listener, 1000000, &far));
    CHECK(qi_tcp_listener_address(listener, address, sizeof address) > 0);
    FINE(qi_tcp_connect_timeout(address, strlen(address), 5000000000, &near));
    FINE(qi_tcp_accept(listener, &far));
    while ((code = qi_tcp_write_timeout(near, block, sizeof block, 20000000, &count)) == QI_OK) {
        sent += count;
    }
    ANSWERS(QI_ERR_TIMEOUT, code);
    FINE(qi_tcp_shutdown(near, QI_SHUTDOWN_WRITE));
    while ((code = qi_tcp_read(far, got, sizeof got, &count)) == QI_OK) {
        received += count;
    }
    ANSWERS(QI_EOF, code);
    CHECK(sent == received);
    FINE(qi_release(near));
    FINE(qi_release(far));
    FINE(qi_release(listener));
}

int main(void) {
    char address[QI_ADDRESS_SIZE];
    struct server server;
    qi_task task;
    FINE(qi_init(NULL));
    memset(&server, 0, sizeof server);
    FINE(qi_tcp_listen(LOCAL, strlen(LOCAL), &server.listener));
    CHECK(qi_tcp_listener_address(server.listener, address, sizeof address) > 0);
    FINE(qi_task_spawn_poll(serving, NULL, &server, NULL, &task));
    blocking_client(address);
    polling_clients(address);
    FINE(qi_task_cancel(task));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(task, NULL));
    FINE(qi_release(task));
    FINE(qi_release(server.listener));
    full_pipe();
    FINE(qi_runtime_shutdown(0));
    puts("fine");
    return 0;
}
