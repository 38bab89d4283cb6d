/*
 * linux_cgroup.c: how many processors the control groups of this process leave it.
 *
 * Where it looks. /proc/self/cgroup names the process's group in each hierarchy; mountinfo says
 * which part of which hierarchy is mounted where. Both name groups relative to the root of the
 * process's cgroup namespace, so the two are compared with each other and never with a fixed path.
 * A quota binds everything below it, so the least of those from the own group up to the mount
 * point counts. Version 1 and version 2 may be mounted side by side, one of them with the
 * processor controller; every mount is asked, and the one without it has no such files.
 *
 * What it does not trust. A file that is missing, unreadable or garbage sets no limit: the count is
 * a hint for sizing a thread pool, and a program must start in a sandbox without /proc.
 *
 * References: cgroups(7), proc_pid_mountinfo(5), cgroup_namespaces(7), and the kernel's
 * Documentation/admin-guide/cgroup-v2.rst and Documentation/scheduler/sched-bwc.rst.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Longest name that is put after a directory, with its slash and its end: see the callers. */
#define FILE_NAME_ROOM 32
/* Two decimal 64-bit numbers and a line end fit twice over. */
#define LIMIT_FILE_BYTES 128
/* The kernel's period, in microseconds, where a quota stands alone. */
#define DEFAULT_PERIOD_US 100000
#define NO_LIMIT UINT64_MAX

/* The group of this process: NULL where it is in no such hierarchy. */
struct membership {
    char *v1; /* in the version 1 hierarchy that has the processor controller */
    char *v2;
};

/* The fields of a mountinfo line that matter here. They point into the line. */
struct mount {
    char *root;
    char *point;
    const char *type;
    const char *options;
};

typedef uint64_t (*limit_in)(char *dir);

/* Reads the start of a small file. Returns 1 if something was read. */
static int read_small(const char *path, char text[LIMIT_FILE_BYTES])
{
    FILE *file = fopen(path, "re");
    size_t len;

    if (file == NULL) {
        return 0;
    }
    len = fread(text, 1, LIMIT_FILE_BYTES - 1, file);
    fclose(file);
    text[len] = '\0';
    return len > 0;
}

/* Reads `name` in `dir`, which has FILE_NAME_ROOM bytes to spare and is left as it was. */
static int read_in(char *dir, const char *name, char text[LIMIT_FILE_BYTES])
{
    size_t len = strlen(dir);
    int found;

    snprintf(dir + len, FILE_NAME_ROOM, "/%s", name);
    found = read_small(dir, text);
    dir[len] = '\0';
    return found;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * Takes a decimal number that ends at white space or at the end, and the white space behind it.
 * One that 64 bits cannot hold becomes the largest. Returns 0, taking nothing, for anything else.
 */
static int take_number(const char **text, uint64_t *number)
{
    const char *at = *text;
    uint64_t value = 0;

    if (*at < '0' || *at > '9') {
        return 0;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    if (*at != '\0' && !is_space(*at)) {
        return 0;
    }
    while (is_space(*at)) {
        at++;
    }
    *text = at;
    *number = value;
    return 1;
}

/* Whole processors; a part of one can keep a thread busy for its time, so it counts. */
static uint64_t cpus_of(uint64_t quota_us, uint64_t period_us)
{
    uint64_t cpus;

    if (period_us == 0) {
        return NO_LIMIT;
    }
    cpus = quota_us / period_us + (quota_us % period_us != 0);
    return cpus == 0 ? 1 : cpus;
}

/* "QUOTA PERIOD", or "max PERIOD", which is no number. */
static uint64_t limit_in_v2(char *dir)
{
    char text[LIMIT_FILE_BYTES];
    const char *at = text;
    uint64_t quota;
    uint64_t period = DEFAULT_PERIOD_US;

    if (!read_in(dir, "cpu.max", text) || !take_number(&at, &quota)) {
        return NO_LIMIT;
    }
    if (*at != '\0' && !(take_number(&at, &period) && *at == '\0')) {
        return NO_LIMIT;
    }
    return cpus_of(quota, period);
}

/* A file for each number; the quota is -1, which is no number here, where there is none. */
static uint64_t limit_in_v1(char *dir)
{
    char text[LIMIT_FILE_BYTES];
    const char *at = text;
    uint64_t quota;
    uint64_t period;

    if (!read_in(dir, "cpu.cfs_quota_us", text) || !take_number(&at, &quota) || *at != '\0') {
        return NO_LIMIT;
    }
    at = text;
    if (!read_in(dir, "cpu.cfs_period_us", text) || !take_number(&at, &period) || *at != '\0') {
        return NO_LIMIT;
    }
    return cpus_of(quota, period);
}

/* The least limit from directory `top` + `below` up to `top`. Returns 0, or ENOMEM. */
static int walk_up(const char *root, const char *point, const char *below, limit_in limit,
                   uint64_t *least)
{
    size_t top = strlen(root) + strlen(point);
    size_t len = top + strlen(below);
    char *dir = malloc(len + FILE_NAME_ROOM);

    if (dir == NULL) {
        return ENOMEM;
    }
    snprintf(dir, len + 1, "%s%s%s", root, point, below);
    for (;;) {
        uint64_t here = limit(dir);

        *least = here < *least ? here : *least;
        if (len <= top) {
            break;
        }
        while (len > top && dir[len - 1] != '/') {
            len--;
        }
        /* The slash goes as well; `below` is empty or begins with one. */
        len = len > top ? len - 1 : top;
        dir[len] = '\0';
    }
    free(dir);
    return 0;
}

/* Whether a list with commas has this item. */
static int has_item(const char *list, const char *item)
{
    size_t len = strlen(item);

    while (*list != '\0') {
        size_t next = strcspn(list, ",");

        if (next == len && memcmp(list, item, len) == 0) {
            return 1;
        }
        list += next + (list[next] == ',');
    }
    return 0;
}

/* Whether one of the path's components is "..". */
static int has_parent(const char *path)
{
    while (*path != '\0') {
        size_t len;

        path += *path == '/';
        len = strcspn(path, "/");
        if (len == 2 && memcmp(path, "..", 2) == 0) {
            return 1;
        }
        path += len;
    }
    return 0;
}

/* Whether all of the path's components are "..", and there is one. */
static int is_all_parents(const char *path)
{
    while (strncmp(path, "/..", 3) == 0) {
        path += 3;
        if (*path == '\0') {
            return 1;
        }
    }
    return 0;
}

/*
 * The part of `group` below `root`: empty, or beginning with a slash. NULL if the group does not
 * lie below.
 *
 * In a cgroup namespace a mount from outside has a root like "/../..": an ancestor of every group
 * inside, but the names in between cannot be known. Its mount point is still a group above ours.
 */
static const char *path_below(const char *group, const char *root)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (strcmp(group, "/") == 0) {
        group = "";
    }
    if (strncmp(group, root, len) == 0 && (group[len] == '/' || group[len] == '\0')) {
        return has_parent(group + len) ? NULL : group + len;
    }
    return is_all_parents(root) && !has_parent(group) ? "" : NULL;
}

/* Decodes mountinfo's \ooo in place. */
static void unescape(char *text)
{
    char *to = text;

    while (*text != '\0') {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
            text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 4;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

/* Splits a line of mountinfo. Returns 0 if it is none. */
static int parse_mount(char *line, struct mount *mount)
{
    char *rest = line;
    char *field;
    int i;

    /* mount id, parent id, device: not needed. A field may be empty, so runs are not joined. */
    for (i = 0; i < 3; i++) {
        strsep(&rest, " ");
    }
    mount->root = strsep(&rest, " ");
    mount->point = strsep(&rest, " ");
    /* Mount options, then any number of optional fields, then a dash. */
    do {
        field = strsep(&rest, " ");
    } while (field != NULL && strcmp(field, "-") != 0);
    mount->type = strsep(&rest, " ");
    /* The source. */
    strsep(&rest, " ");
    mount->options = strsep(&rest, " ");
    if (mount->options == NULL || mount->root[0] != '/' || mount->point[0] != '/') {
        return 0;
    }
    unescape(mount->root);
    unescape(mount->point);
    return 1;
}

/* The limit that one mount shows for this process. Returns 0, or ENOMEM. */
static int ask_mount(const char *root, const struct mount *mount, const struct membership *own,
                     uint64_t *least)
{
    int is_v2 = strcmp(mount->type, "cgroup2") == 0;
    int is_v1 = strcmp(mount->type, "cgroup") == 0 && has_item(mount->options, "cpu");
    const char *group = is_v2 ? own->v2 : own->v1;
    const char *below;

    if ((!is_v1 && !is_v2) || group == NULL) {
        return 0;
    }
    below = path_below(group, mount->root);
    if (below == NULL) {
        return 0;
    }
    return walk_up(root, mount->point, below, is_v2 ? limit_in_v2 : limit_in_v1, least);
}

/* Opens `root` + `path`. NULL with errno ENOMEM says that memory ran out. */
static FILE *open_below(const char *root, const char *path)
{
    size_t len = strlen(root) + strlen(path);
    char *whole = malloc(len + 1);
    FILE *file;

    if (whole == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    snprintf(whole, len + 1, "%s%s", root, path);
    file = fopen(whole, "re");
    free(whole);
    return file;
}

/* Keeps the group of one line, "ID:CONTROLLERS:PATH"; the path may have colons. */
static int keep_group(char *line, struct membership *own)
{
    char *rest = line;
    const char *id = strsep(&rest, ":");
    const char *controllers = strsep(&rest, ":");
    char **slot;

    if (rest == NULL || rest[0] != '/') {
        return 0;
    }
    if (strcmp(id, "0") == 0 && controllers[0] == '\0') {
        slot = &own->v2;
    } else if (has_item(controllers, "cpu")) {
        slot = &own->v1;
    } else {
        return 0;
    }
    free(*slot);
    *slot = strdup(rest);
    return *slot == NULL ? ENOMEM : 0;
}

/*
 * Calls `each` with every line of a file, without its end, until one returns an error number,
 * which is returned. A file that cannot be opened has no lines.
 */
static int for_each_line(const char *root, const char *path, int (*each)(char *line, void *),
                         void *context)
{
    FILE *file = open_below(root, path);
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int error = 0;

    if (file == NULL) {
        return errno == ENOMEM ? ENOMEM : 0;
    }
    errno = 0;
    while (error == 0 && (len = getline(&line, &room, file)) >= 0) {
        if (len > 0 && line[len - 1] == '\n') {
            line[len - 1] = '\0';
        }
        error = each(line, context);
        errno = 0;
    }
    if (error == 0 && errno == ENOMEM) {
        error = ENOMEM;
    }
    free(line);
    fclose(file);
    return error;
}

struct search {
    const char *root;
    struct membership own;
    uint64_t least;
};

static int each_group(char *line, void *context)
{
    struct search *search = context;

    return keep_group(line, &search->own);
}

static int each_mount(char *line, void *context)
{
    struct search *search = context;
    struct mount mount;

    if (!parse_mount(line, &mount)) {
        return 0;
    }
    return ask_mount(search->root, &mount, &search->own, &search->least);
}

int32_t qi_sys_internal_cgroup_limit(const char *root)
{
    struct search search = {root, {NULL, NULL}, NO_LIMIT};
    int error = for_each_line(root, "/proc/self/cgroup", each_group, &search);

    if (error == 0) {
        error = for_each_line(root, "/proc/self/mountinfo", each_mount, &search);
    }
    free(search.own.v1);
    free(search.own.v2);
    if (error != 0) {
        return -error;
    }
    if (search.least == NO_LIMIT) {
        return 0;
    }
    return search.least > INT32_MAX ? INT32_MAX : (int32_t)search.least;
}
