/* UDP: datagrams back and forth, from threads and from poll functions. */
#include "check.h"

#define LOCAL "127.0.0.1:0"

struct echo {
    qi_udp socket;
    char buffer[64], from[QI_ADDRESS_SIZE];
    size_t length;
    int is_full;
};

/* Sends each datagram back to whoever sent it. */
static int32_t echoing(void *state, qi_cx *cx, void *result) {
    struct echo *echo = state;
    (void)result;
    for (;;) {
        if (!echo->is_full) {
            int32_t code = qi_udp_poll_recv(echo->socket, cx, echo->buffer, sizeof echo->buffer,
                                            &echo->length, echo->from, sizeof echo->from);
            if (code != QI_OK) {
                return code;
            }
            echo->is_full = 1;
        }
        int32_t code = qi_udp_poll_send(echo->socket, cx, echo->buffer, echo->length, echo->from,
                                        strlen(echo->from));
        if (code != QI_OK) {
            return code;
        }
        echo->is_full = 0;
    }
}

int main(void) {
    char address[QI_ADDRESS_SIZE], from[QI_ADDRESS_SIZE], got[64];
    struct echo echo;
    qi_udp socket;
    qi_task task;
    size_t length;
    FINE(qi_init(NULL));
    memset(&echo, 0, sizeof echo);
    FINE(qi_udp_bind(LOCAL, strlen(LOCAL), &echo.socket));
    CHECK(qi_udp_local_address(echo.socket, address, sizeof address) > 0);
    FINE(qi_task_spawn_poll(echoing, NULL, &echo, NULL, &task));

    FINE(qi_udp_bind(LOCAL, strlen(LOCAL), &socket));
    ANSWERS(QI_ERR_TIMEOUT, qi_udp_recv_timeout(socket, got, sizeof got, 1000000, &length, NULL, 0));
    FINE(qi_udp_send(socket, "hello", 5, address, strlen(address)));
    FINE(qi_udp_recv(socket, got, sizeof got, &length, from, sizeof from));
    CHECK(length == 5 && memcmp(got, "hello", 5) == 0);
    CHECK(strcmp(from, address) == 0);

    FINE(qi_udp_connect(socket, address, strlen(address)));
    FINE(qi_udp_send(socket, "", 0, NULL, 0)); /* an empty one is one, too */
    FINE(qi_udp_recv(socket, got, sizeof got, &length, NULL, 0));
    CHECK(length == 0);
    FINE(qi_udp_send(socket, "again", 5, NULL, 0));
    FINE(qi_udp_recv_timeout(socket, got, sizeof got, 5000000000, &length, NULL, 0));
    CHECK(length == 5);

    FINE(qi_task_cancel(task));
    ANSWERS(QI_ERR_CANCELLED, qi_task_await(task, NULL));
    FINE(qi_release(task));
    FINE(qi_release(socket));
    FINE(qi_release(echo.socket));
    FINE(qi_runtime_shutdown(0));
    puts("fine");
    return 0;
}
