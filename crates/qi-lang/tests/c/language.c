/* The part of the language's library that these programs need: strings with the header that the
 * compiler expects, bytes, futures of its own kind. */
#include "qi.h"
#include <pthread.h>

struct header {
    uint64_t magic;
    int64_t count, size;
};

#define STRING 0x5149535243310001u

static int64_t strings;

char *qi_string_from_cstr(const char *text)
{
    size_t size = strlen(text);
    struct header *header = malloc(sizeof *header + size + 1);
    CHECK(header);
    header->magic = STRING;
    header->count = 1;
    header->size = (int64_t)size;
    __atomic_add_fetch(&strings, 1, __ATOMIC_RELAXED);
    return strcpy((char *)(header + 1), text);
}

void qi_string_free(char *string)
{
    struct header *header = (struct header *)string - 1;
    CHECK(header->magic == STRING);
    if (--header->count == 0) {
        __atomic_sub_fetch(&strings, 1, __ATOMIC_RELAXED);
        free(header);
    }
}

int64_t language_strings(void)
{
    return __atomic_load_n(&strings, __ATOMIC_RELAXED);
}

#define MOST 65536 /* ones that are remembered */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *bytes[MOST];
static int64_t used;

int64_t qi_bytes_from_hex(const char *hex)
{
    pthread_mutex_lock(&lock);
    /* Old ones make room for new ones. */
    int64_t number = ++used;
    free(bytes[number % MOST]);
    bytes[number % MOST] = strdup(hex);
    pthread_mutex_unlock(&lock);
    return number;
}

char *qi_bytes_to_hex(int64_t number)
{
    pthread_mutex_lock(&lock);
    char *hex = number > 0 && number <= used ? bytes[number % MOST] : 0;
    pthread_mutex_unlock(&lock);
    return qi_string_from_cstr(hex ? hex : "not hexadecimal");
}

/* A future that is ready after so many looks. */
struct future {
    uint64_t not_the_magic;
    int64_t value, looks;
    int failed;
};

void *language_future(int64_t value, int64_t looks, int failed)
{
    struct future *future = calloc(1, sizeof *future);
    CHECK(future);
    future->value = value;
    future->looks = looks;
    future->failed = failed;
    return future;
}

int32_t qi_future_is_ready(void *pointer);
int32_t qi_future_is_completed(void *pointer);
int64_t qi_future_value_i64(void *pointer);

int32_t qi_future_is_ready(void *pointer)
{
    struct future *future = pointer;
    return __atomic_sub_fetch(&future->looks, 1, __ATOMIC_RELAXED) < 0;
}

int32_t qi_future_is_completed(void *pointer)
{
    struct future *future = pointer;
    return !future->failed && __atomic_load_n(&future->looks, __ATOMIC_RELAXED) < 0;
}

int64_t qi_future_value_i64(void *pointer)
{
    return ((struct future *)pointer)->value;
}
