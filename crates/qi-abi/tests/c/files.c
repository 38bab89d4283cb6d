/* Files: from plain threads, and from a poll function by the twins. */
#include "check.h"

#define READ_WRITE (QI_FILE_READ | QI_FILE_WRITE)

static char path[512];

/* A name in this program's own folder, so that two of it do not meet. */
static void name_path(const char *program) {
    snprintf(path, sizeof path, "%s-file.tmp", program);
}

static void by_a_thread(void) {
    static char much[3 << 20], back[sizeof much + 100];
    qi_file file;
    size_t count;
    uint64_t size;
    (void)qi_file_remove(path, strlen(path)); /* what an earlier run may have left */
    FINE(qi_file_open(path, strlen(path), READ_WRITE | QI_FILE_CREATE_NEW, 0600, &file));
    FINE(qi_file_write_at(file, "later", 5, 3));
    FINE(qi_file_size(file, &size));
    CHECK(size == 8);
    FINE(qi_file_read_at(file, back, 6, 0, &count));
    CHECK(count == 6 && memcmp(back, "\0\0\0lat", 6) == 0);
    FINE(qi_file_read_at(file, back, 100, 6, &count));
    CHECK(count == 2 && memcmp(back, "er", 2) == 0);
    ANSWERS(QI_EOF, qi_file_read_at(file, back, 100, 8, &count));
    FINE(qi_file_read_at(file, back, 0, 0, &count));
    CHECK(count == 0);

    for (size_t i = 0; i < sizeof much; i++) {
        much[i] = (char)(i * 7 + (i >> 16));
    }
    FINE(qi_file_write_at(file, much, sizeof much, 0));
    FINE(qi_file_sync(file));
    FINE(qi_file_read_at(file, back, sizeof back, 0, &count));
    CHECK(count == sizeof much && memcmp(back, much, sizeof much) == 0);
    FINE(qi_file_set_size(file, 4));
    FINE(qi_file_size(file, &size));
    CHECK(size == 4);
    FINE(qi_release(file));

    FINE(qi_file_open(path, strlen(path), QI_FILE_APPEND, 0, &file));
    FINE(qi_file_write_at(file, "tail", 4, 0));
    FINE(qi_file_size(file, &size));
    FINE(qi_release(file));
    FINE(qi_file_remove(path, strlen(path)));
}

struct work {
    qi_file file;
    int step;
    char buffer[16];
    size_t count;
    uint64_t size;
};

/* One step after the other, each begun once and asked for until it has ended. */
static int32_t by_twins(void *state, qi_cx *cx, void *result) {
    struct work *work = state;
    int32_t code = QI_OK;
    (void)result;
    while (code == QI_OK && work->step < 7) {
        switch (work->step) {
        case 0:
            ANSWERS(QI_ERR_WOULD_BLOCK, qi_file_remove(path, strlen(path)));
            code = qi_file_poll_open(cx, path, strlen(path), READ_WRITE | QI_FILE_CREATE | QI_FILE_TRUNCATE,
                                     0, &work->file);
            break;
        case 1: code = qi_file_poll_write_at(work->file, cx, "twins", 5, 0); break;
        case 2: code = qi_file_poll_sync(work->file, cx); break;
        case 3: code = qi_file_poll_read_at(work->file, cx, work->buffer, 16, 0, &work->count); break;
        case 4: code = qi_file_poll_set_size(work->file, cx, 2); break;
        case 5: code = qi_file_poll_size(work->file, cx, &work->size); break;
        default: code = qi_file_poll_remove(cx, path, strlen(path)); break;
        }
        if (code == QI_OK) {
            work->step++;
        }
    }
    return code;
}

int main(int count, char **arguments) {
    struct work work;
    qi_task task;
    (void)count;
    name_path(arguments[0]);
    FINE(qi_init(NULL));
    by_a_thread();
    memset(&work, 0, sizeof work);
    FINE(qi_task_spawn_poll(by_twins, NULL, &work, NULL, &task));
    FINE(qi_task_await(task, NULL));
    CHECK(work.count == 5 && memcmp(work.buffer, "twins", 5) == 0);
    CHECK(work.size == 2);
    FINE(qi_release(task));
    FINE(qi_release(work.file));
    FINE(qi_runtime_shutdown(0));
    puts("fine");
    return 0;
}
