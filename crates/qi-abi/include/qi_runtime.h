/* qi_runtime.h: the C ABI of the Qi runtime. Made by `cargo xtask header`; do not edit.
 *
 * Calls answer with an int32_t: QI_OK, a positive outcome, or a negative error (QI_ERR_...), unless they
 * say otherwise. What is written through a pointer is written only when the answer is QI_OK.
 *
 * Handles are numbers. Whoever makes an object has one reference to it; qi_retain adds one, qi_release
 * gives one back. A handle that was released, made up, or is of another kind is recognised: QI_ERR_STALE,
 * QI_ERR_KIND.
 *
 * A call marked SUSPENDS parks the coroutine it is made in, blocks any other thread, and answers
 * QI_ERR_WOULD_BLOCK inside a poll function, which uses the twin with `poll` in its name.
 *
 * Functions that are handed in must not unwind or jump out. After fork() only exec is supported in the
 * child: every call there answers QI_ERR_FORKED. Texts are UTF-8.
 */

#ifndef QI_RUNTIME_H
#define QI_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* A capacity without a limit. */
#define QI_UNBOUNDED SIZE_MAX

// Tasks stay on the worker that they were placed on.
#define QI_CONFIG_NO_STEALING 1

// Debug messages on standard error.
#define QI_CONFIG_DEBUG 2

// Success.
#define QI_OK 0

// Not ready yet, the waker will be called.
#define QI_PENDING 1

// The other side has closed its end.
#define QI_EOF 2

// A pointer that must not be null is null.
#define QI_ERR_NULL -1

// A pointer is not aligned for what it points to.
#define QI_ERR_ALIGNMENT -2

// An argument is outside its range.
#define QI_ERR_INVALID -3

// Struct_size is none that this library knows.
#define QI_ERR_STRUCT_SIZE -4

// A text is not valid UTF-8.
#define QI_ERR_UTF8 -5

// The handle was released, or never given out.
#define QI_ERR_STALE -6

// The handle is of another kind.
#define QI_ERR_KIND -7

// No runtime was initialised.
#define QI_ERR_NOT_INIT -8

// The runtime was shut down.
#define QI_ERR_SHUTDOWN -9

// The process is a forked child, which may only call exec.
#define QI_ERR_FORKED -10

// A call that suspends was made inside a poll function.
#define QI_ERR_WOULD_BLOCK -11

// The task was cancelled.
#define QI_ERR_CANCELLED -12

// The time is over.
#define QI_ERR_TIMEOUT -13

// The channel or semaphore is closed.
#define QI_ERR_CLOSED -14

// There is no room at the moment.
#define QI_ERR_FULL -15

// There is nothing at the moment.
#define QI_ERR_EMPTY -16

// Code of the runtime, or called by it, panicked.
#define QI_ERR_PANIC -17

// Memory, threads or handles are used up.
#define QI_ERR_NO_MEMORY -18

// No stack is left for another coroutine.
#define QI_ERR_STACKS -19

// This platform or build cannot do it.
#define QI_ERR_UNSUPPORTED -20

// Somebody else is using it.
#define QI_ERR_BUSY -21

// The graph has a cycle.
#define QI_ERR_CYCLE -22

// The result was taken before.
#define QI_ERR_TAKEN -23

// It is held by somebody else, or by nobody.
#define QI_ERR_NOT_OWNER -24

// A task would wait for itself.
#define QI_ERR_DEADLOCK -25

// The task has ended already.
#define QI_ERR_FINISHED -26

// A blocking call that has started cannot be cancelled.
#define QI_ERR_NOT_CANCELLABLE -27

// The caller is not a task of this runtime.
#define QI_ERR_NOT_IN_TASK -28

// The text is not a network address.
#define QI_ERR_ADDRESS -29

// The task failed.
#define QI_ERR_FAILED -30

// Errors of the operating system: this number less the system's own.
#define QI_ERR_OS_BASE -10000

// A program's own errors lie at or below this.
#define QI_ERR_USER_BASE -1000000

// Messages in English.
#define QI_ENGLISH 0

// Messages in Chinese.
#define QI_CHINESE 1

// The version of the ABI that the header describes.
#define QI_ABI_VERSION 1

// The file can be read.
#define QI_FILE_READ 1

// It can be written.
#define QI_FILE_WRITE 2

// Each write goes to its end, wherever that is by then and whatever the offset says.
#define QI_FILE_APPEND 4

// It is made if it is not there.
#define QI_FILE_CREATE 8

// It must be made: one that is there is an error.
#define QI_FILE_CREATE_NEW 16

// It is emptied.
#define QI_FILE_TRUNCATE 32

// A run goes on after a failure with the nodes that do not come after the failed one.
#define QI_GRAPH_CONTINUE 1

// Receives a value into `data`.
#define QI_SELECT_RECV 1

// Sends the value at `data`, which stays the caller's unless this branch is chosen and answers `QI_OK`.
// In a channel without room it goes to a receiver that waits, not to one that only looks.
#define QI_SELECT_SEND 2

// A task has ended; its result stays with it.
#define QI_SELECT_TASK 3

// An event is set.
#define QI_SELECT_EVENT 4

// A timer fires.
#define QI_SELECT_TIMER 5

// So many nanoseconds have passed.
#define QI_SELECT_TIMEOUT 6

// No other branch is ready at once.
#define QI_SELECT_DEFAULT 7

// Branches are looked at in the order in which they stand; without it each that is ready is as likely
// to be chosen as the others.
#define QI_SELECT_IN_ORDER 1

// Priorities of tasks.
#define QI_PRIORITY_LOW -1

// The priority of a task when nothing is said.
#define QI_PRIORITY_NORMAL 0

// More urgent than most.
#define QI_PRIORITY_HIGH 1

// The most urgent.
#define QI_PRIORITY_CRITICAL 2

// In a queue: new, or woken.
#define QI_TASK_PENDING 0

// A worker is inside it.
#define QI_TASK_RUNNING 1

// It waits for something.
#define QI_TASK_WAITING 2

// It has ended by itself, with a result or an error of its own.
#define QI_TASK_COMPLETED 3

// It was cancelled.
#define QI_TASK_CANCELLED 4

// It panicked.
#define QI_TASK_FAILED 5

// Nothing more is received.
#define QI_SHUTDOWN_READ 0

// Nothing more is sent; the peer is told.
#define QI_SHUTDOWN_WRITE 1

// Neither.
#define QI_SHUTDOWN_BOTH 2

// A buffer of so many bytes holds every address, its ending zero too.
#define QI_ADDRESS_SIZE 64

// The first child that fails has the others cancelled.
#define QI_SCOPE_FAIL_FAST 1

// What a poll function is handed: opaque to it, and valid until it returns.
typedef struct qi_cx qi_cx;

// Drops a value of the other side; it is called exactly once for each. Null: nothing is to be done.
typedef void (*qi_drop_fn)(void *value);

// A channel.
typedef uint64_t qi_chan;

// What a task does: a coroutine, or a call on the pool for blocking ones. Answers `QI_OK` when its
// result lies at `result`, or a negative code. It must not unwind.
typedef int32_t (*qi_call_fn)(void *argument, void *result);

// A runtime; 0 is that of the calling thread, or the global one.
typedef uint64_t qi_runtime;

// A scope: tasks that somebody waits for together.
typedef uint64_t qi_scope;

// What can be said of a task when it is spawned. Zero every field but the first for the defaults.
typedef struct {
  // `sizeof(qi_task_options)`.
  uint32_t struct_size;
  // `QI_PRIORITY_…`.
  int32_t priority;
  // The runtime; 0: that of the calling thread, or the global one.
  qi_runtime runtime;
  // Bytes of the result. 0: it has none.
  size_t result_size;
  // Its alignment, a power of two. 0: 16.
  size_t result_align;
  // Drops a result that nobody takes. May be null.
  qi_drop_fn result_drop;
  // The task's name in statistics and messages, UTF-8 without a zero at its end. May be null.
  const char *name;
  // Bytes of the name.
  size_t name_len;
  // The scope that the task belongs to; 0: none.
  qi_scope scope;
  // Usable bytes of a coroutine's stack, 16 KiB to 1 GiB. 0: the runtime's `max_stack_size`.
  size_t stack_size;
} qi_task_options;

// A task.
typedef uint64_t qi_task;

// The options of a runtime. Zero every field but the first for the defaults.
typedef struct {
  // `sizeof(qi_config)`.
  uint32_t struct_size;
  // Threads that run tasks, at most 1024. 0: the processors that this process may use.
  uint32_t worker_threads;
  // The longest local run queue of a worker. 0: 1024.
  uint32_t queue_capacity;
  // Coroutine stacks made before the first coroutine runs. 0: 128; `UINT32_MAX`: none.
  uint32_t stack_pool_size;
  // Usable bytes of a coroutine's stack. 0: 2 MiB.
  uint64_t max_stack_size;
  // The longest that ready I/O and due timers go unobserved, in microseconds. 0: 1000.
  uint32_t poll_interval_us;
  // `QI_CONFIG_…`, or'ed.
  uint32_t flags;
  // Threads for blocking calls. 0: 512.
  uint32_t max_blocking_threads;
  // How long a shutdown waits, in milliseconds. 0: 10,000.
  uint32_t shutdown_timeout_ms;
} qi_config;

// What a program, or something that is done once, begins with. It must not unwind.
typedef int32_t (*qi_entry_fn)(void *argument);

// An open file.
typedef uint64_t qi_file;

// A graph of tasks.
typedef uint64_t qi_graph;

// Polls the state of a task. Answers `QI_OK` when it has ended and its result lies at `result`,
// `QI_PENDING` when it waits, a negative code when it has failed. It must not unwind.
typedef int32_t (*qi_poll_fn)(void *state, qi_cx *cx, void *result);

// A handle of any kind; 0 is none.
typedef uint64_t qi_handle;

// Makes the value that a child has of its parent's; null: the child has none. It must not unwind.
typedef void *(*qi_inherit_fn)(void *value);

// A key of task-locals.
typedef uint64_t qi_local;

// A mutex.
typedef uint64_t qi_mutex;

// A lock for many readers or one writer.
typedef uint64_t qi_rwlock;

// A semaphore.
typedef uint64_t qi_sem;

// A wait group.
typedef uint64_t qi_wg;

// An event.
typedef uint64_t qi_event;

// Something that is done once.
typedef uint64_t qi_once;

// A waker of a task.
typedef uint64_t qi_waker;

// A branch of a select. Zero what it does not need.
typedef struct {
  // `sizeof(qi_select_case)`; the same for all branches of a select.
  uint32_t struct_size;
  // `QI_SELECT_…`.
  int32_t operation;
  // What it waits for; 0: the branch is never chosen.
  qi_handle handle;
  // The value's place.
  void *data;
  // Of `QI_SELECT_TIMEOUT`.
  uint64_t timeout_ns;
  // Written if the branch was chosen: what its operation answered, such as `QI_ERR_CLOSED`.
  int32_t answer;
  // 0.
  uint32_t reserved;
} qi_select_case;

// Figures of one moment. They are read one after the other while tasks go on, so sums may be off by
// what happened meanwhile; when nothing runs they add up exactly.
typedef struct {
  // `sizeof(qi_stats)`, to be set before the call.
  uint32_t struct_size;
  // Configured worker threads.
  uint32_t worker_threads;
  // Workers that `qi_runtime_worker_stats` knows: the configured ones, and extra ones after them.
  uint32_t workers;
  // 0.
  uint32_t reserved;
  // Tasks spawned and in no final state.
  uint64_t active_tasks;
  // Tasks that are runnable now.
  uint64_t queued_tasks;
  // Tasks that completed, those that answered an error of their own too.
  uint64_t completed_tasks;
  // Tasks that were cancelled.
  uint64_t cancelled_tasks;
  // Tasks that panicked.
  uint64_t failed_tasks;
  // Tasks spawned so far.
  uint64_t spawned_tasks;
  // Polls of tasks, by all workers together.
  uint64_t polls;
  // Successful thefts.
  uint64_t steals;
  // Times a worker went to sleep.
  uint64_t parks;
  // Children run in place of their parent.
  uint64_t run_in_place;
  // Tasks that did not fit a local queue.
  uint64_t overflows;
  // Entries in the global queue.
  uint64_t global_queue_depth;
  // Threads of the pool for blocking calls.
  uint64_t blocking_threads;
  // Of these, how many wait for a call.
  uint64_t idle_blocking_threads;
  // Polls that lasted longer than the stall threshold, 10 ms.
  uint64_t stalls;
  // Extra workers started because all others were stuck.
  uint64_t extra_workers_started;
  // Chunks of task memory held, 64 KiB each but for tasks above 16 KiB.
  uint64_t memory_chunks;
  // Timers that are set now.
  uint64_t timers;
  // Sockets and other sources of events that are registered now.
  uint64_t io_sources;
  // Coroutine stacks in use.
  uint64_t live_stacks;
  // Unused coroutine stacks that are kept in memory.
  uint64_t hot_stacks;
  // The least memory that coroutine stacks keep resident, in bytes.
  uint64_t stack_bytes;
} qi_stats;

// What one worker did.
typedef struct {
  // `sizeof(qi_worker_stats)`, to be set before the call.
  uint32_t struct_size;
  // 0.
  uint32_t reserved;
  // Polls of tasks of low priority.
  uint64_t low_polls;
  // Polls of tasks of normal priority.
  uint64_t normal_polls;
  // Polls of tasks of high priority.
  uint64_t high_polls;
  // Polls of tasks of critical priority.
  uint64_t critical_polls;
  // Successful thefts.
  uint64_t steals;
  // Times it went to sleep.
  uint64_t parks;
  // Children run in place of their parent.
  uint64_t run_in_place;
  // Tasks that did not fit its queue.
  uint64_t overflows;
  // Entries in its queues.
  uint64_t queue_depth;
  // The longest poll, in nanoseconds: exact for long ones, an upper bound for those of microseconds.
  uint64_t longest_poll_ns;
} qi_worker_stats;

// Is handed a line of text without a zero at its end, valid until it returns. It must not unwind.
typedef void (*qi_line_fn)(void *user, const char *line, size_t length);

// A socket that accepts TCP connections.
typedef uint64_t qi_tcp_listener;

// A TCP connection.
typedef uint64_t qi_tcp;

// A timer.
typedef uint64_t qi_timer;

// A UDP socket.
typedef uint64_t qi_udp;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Makes a channel for values of `element_size` bytes aligned to `element_align` (0: 16), with room for
// `capacity` of them; 0: a sender waits for its receiver; `QI_UNBOUNDED`: any number. `element_drop`
// (may be null) drops values that nobody receives.
//
// # Safety
// `out` is valid for writing a handle; `element_drop` may be called on any thread.
int32_t qi_chan_create(size_t element_size,
                       size_t element_align,
                       size_t capacity,
                       qi_drop_fn element_drop,
                       qi_chan *out);

// Sends a copy of a value, which belongs to the channel as soon as this answers `QI_OK`; with any other
// answer the value stays the caller's. Waits for room. `QI_ERR_CLOSED` if the channel is closed.
// SUSPENDS.
//
// # Safety
// `element` is valid for reading as many bytes as the channel's values have.
int32_t qi_chan_send(qi_chan channel,
                     const void *element);

// As `qi_chan_send`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
//
// # Safety
// As `qi_chan_send`.
int32_t qi_chan_send_timeout(qi_chan channel, const void *element, uint64_t timeout_ns);

// As `qi_chan_send`, but does not wait: `QI_ERR_FULL`.
//
// # Safety
// As `qi_chan_send`.
int32_t qi_chan_try_send(qi_chan channel, const void *element);

// The twin of `qi_chan_send` for poll functions. The value is copied by the first call, and is the
// caller's again if the operation is given up. In a channel without room it goes to a receiver that waits,
// not to one that only looks (`qi_chan_try_recv`).
//
// # Safety
// As `qi_chan_send`; `cx` is the poll function's.
int32_t qi_chan_poll_send(qi_chan channel,
                          qi_cx *cx,
                          const void *element);

// Receives a value into `element`. Waits for one. `QI_ERR_CLOSED` if the channel is closed and empty.
// SUSPENDS.
//
// # Safety
// `element` is valid for writing as many bytes as the channel's values have.
int32_t qi_chan_recv(qi_chan channel,
                     void *element);

// As `qi_chan_recv`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
//
// # Safety
// As `qi_chan_recv`.
int32_t qi_chan_recv_timeout(qi_chan channel, void *element, uint64_t timeout_ns);

// As `qi_chan_recv`, but does not wait: `QI_ERR_EMPTY`.
//
// # Safety
// As `qi_chan_recv`.
int32_t qi_chan_try_recv(qi_chan channel, void *element);

// The twin of `qi_chan_recv` for poll functions.
//
// # Safety
// As `qi_chan_recv`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_chan_poll_recv(qi_chan channel, qi_cx *cx, void *element);

// Closes a channel: nothing more can be sent, what is inside can still be received. Closing again is
// no error.
int32_t qi_chan_close(qi_chan channel);

// How many values are inside, 0 if the handle is none of a channel.
size_t qi_chan_len(qi_chan channel);

// Spawns a coroutine: a call on a stack of its own, which may use all functions that SUSPEND. The task
// owns `argument` from now on, also if this fails: `drop` (may be null) is called with it exactly once,
// after the call. `out` may be null: then nobody can wait for it.
//
// Until it begins any worker may take it; then it stays on that thread. Cancelled, it is told by the
// calls that SUSPEND, which all answer `QI_ERR_CANCELLED` from then on, and should return that.
//
// # Safety
// `call` and `drop` may be called with `argument` on any thread; `options` and `out` as the header says.
int32_t qi_task_spawn(qi_call_fn call,
                      qi_drop_fn drop,
                      void *argument,
                      const qi_task_options *options,
                      qi_task *out);

// Spawns a coroutine for each of `count` arguments, as `qi_task_spawn` does, with the same options. If
// it fails, those that were spawned already are cancelled. `out` (may be null) has room for `count`
// handles.
//
// # Safety
// As there; `arguments` is valid for reading `count` pointers.
int32_t qi_task_spawn_batch(qi_call_fn call,
                            qi_drop_fn drop,
                            void *const *arguments,
                            size_t count,
                            const qi_task_options *options,
                            qi_task *out);

// Spawns a call that may block its thread, on the pool for such calls. The task owns `argument` from
// now on, also if this fails: `drop` (may be null) is called with it exactly once, after the call.
//
// # Safety
// As `qi_task_spawn`.
int32_t qi_task_spawn_blocking(qi_call_fn call,
                               qi_drop_fn drop,
                               void *argument,
                               const qi_task_options *options,
                               qi_task *out);

// Bytes of stack that the calling coroutine has left, 0 outside of coroutines.
size_t qi_stack_remaining(void);

// A program's whole run: makes the global runtime as `qi_init` does, calls `entry` in a coroutine, waits
// for it, shuts the runtime down as `qi_runtime_shutdown` does, and writes what `entry` answered to
// `exit_code`. `QI_ERR_BUSY` inside of a task.
//
// # Safety
// As `qi_init`; `entry` may be called with `argument` on another thread; `exit_code` is valid for
// writing.
int32_t qi_main(const qi_config *config,
                qi_entry_fn entry,
                void *argument,
                int32_t *exit_code);

// The version of the ABI that the library has: `QI_ABI_VERSION` of the header it was built with.
uint32_t qi_abi_version(void);

// The version of the library, ended by a zero; it lives for ever.
const char *qi_version(void);

// The name of a code as this header spells it, ended by a zero; it lives for ever.
const char *qi_error_name(int32_t code);

// The operating system's number in a code, 0 if there is none.
int32_t qi_error_os_code(int32_t code);

// What a code means, in a language (`QI_ENGLISH`, `QI_CHINESE`), as UTF-8 ended by a zero and cut to
// fit. Returns the bytes of the whole text without the zero; a null buffer asks for that alone.
//
// # Safety
// `buffer` is null or valid for writing `capacity` bytes.
size_t qi_error_message(int32_t code,
                        int32_t language_number,
                        char *buffer,
                        size_t capacity);

// More about the last error of a call that made or ended a runtime on this thread, as
// `qi_error_message` gives it; empty if there was none.
//
// # Safety
// As `qi_error_message`.
size_t qi_last_error_message(int32_t language_number, char *buffer, size_t capacity);

// Opens a file. `flags` are `QI_FILE_…`, or'ed; `mode` is what Unix permits others on a file that is
// made, less the process's mask (0: 0666). The file is closed with its last reference, when no call is
// inside it. Given up, it goes on unheard. SUSPENDS.
//
// # Safety
// `path` is valid for reading `length` bytes, `out` for writing a handle.
int32_t qi_file_open(const char *path,
                     size_t length,
                     uint32_t flags,
                     uint32_t mode,
                     qi_file *out);

// The twin of `qi_file_open` for poll functions. The path is copied by the first call.
//
// # Safety
// As `qi_file_open`, for `out` until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_file_poll_open(qi_cx *cx,
                          const char *path,
                          size_t length,
                          uint32_t flags,
                          uint32_t mode,
                          qi_file *out);

// Reads from `offset` on into `buffer`, and says how many bytes there were: fewer than `capacity` only
// where the file ends. `QI_EOF` if there is none. Any number of tasks may do it at once. Given up, it goes
// on unheard, and writes nothing to `buffer`. SUSPENDS.
//
// # Safety
// `buffer` is valid for writing `capacity` bytes, `count` for writing.
int32_t qi_file_read_at(qi_file file,
                        void *buffer,
                        size_t capacity,
                        uint64_t offset,
                        size_t *count);

// The twin of `qi_file_read_at` for poll functions.
//
// # Safety
// As `qi_file_read_at`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_file_poll_read_at(qi_file file,
                             qi_cx *cx,
                             void *buffer,
                             size_t capacity,
                             uint64_t offset,
                             size_t *count);

// Writes all of `length` bytes to `offset`; what lies between it and the former end becomes zeros. With
// any other answer than `QI_OK` some of them may have been written. Given up, it goes on unheard. SUSPENDS.
//
// # Safety
// `bytes` is valid for reading `length` bytes.
int32_t qi_file_write_at(qi_file file,
                         const void *bytes,
                         size_t length,
                         uint64_t offset);

// The twin of `qi_file_write_at` for poll functions.
//
// # Safety
// As `qi_file_write_at`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_file_poll_write_at(qi_file file,
                              qi_cx *cx,
                              const void *bytes,
                              size_t length,
                              uint64_t offset);

// Waits until what was written is stored where a loss of power does not take it. Given up, it goes on
// unheard. SUSPENDS.
int32_t qi_file_sync(qi_file file);

// The twin of `qi_file_sync` for poll functions.
//
// # Safety
// `cx` is the poll function's.
int32_t qi_file_poll_sync(qi_file file, qi_cx *cx);

// Finds out how many bytes a file has. Given up, it goes on unheard. SUSPENDS.
//
// # Safety
// `size` is valid for writing.
int32_t qi_file_size(qi_file file, uint64_t *size);

// The twin of `qi_file_size` for poll functions.
//
// # Safety
// As `qi_file_size`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_file_poll_size(qi_file file, qi_cx *cx, uint64_t *size);

// Cuts a file off, or lengthens it with zeros. Given up, it goes on unheard. SUSPENDS.
int32_t qi_file_set_size(qi_file file, uint64_t size);

// The twin of `qi_file_set_size` for poll functions.
//
// # Safety
// `cx` is the poll function's.
int32_t qi_file_poll_set_size(qi_file file, qi_cx *cx, uint64_t size);

// Removes a file by its path. Given up, it goes on unheard. SUSPENDS.
//
// # Safety
// `path` is valid for reading `length` bytes.
int32_t qi_file_remove(const char *path, size_t length);

// The twin of `qi_file_remove` for poll functions. The path is copied by the first call.
//
// # Safety
// As `qi_file_remove`; `cx` is the poll function's.
int32_t qi_file_poll_remove(qi_cx *cx, const char *path, size_t length);

// Makes a graph without nodes.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_graph_create(qi_graph *out);

// Adds a node that a poll function drives, and says its number, from 0 on. The node owns `state` from
// now on, also if this fails: `drop` (may be null) is called with it exactly once. Of `options` (may
// be null) runtime and scope must be 0; a name must not be given twice. `QI_ERR_BUSY` if the graph was
// started.
//
// # Safety
// As `qi_task_spawn_poll`; `node` is valid for writing.
int32_t qi_graph_add_poll(qi_graph graph,
                          qi_poll_fn poll,
                          qi_drop_fn drop,
                          void *state,
                          const qi_task_options *options,
                          uint32_t *node);

// As `qi_graph_add_poll`, for a call that may block its thread, on the pool for such calls.
//
// # Safety
// As `qi_task_spawn_blocking`; `node` is valid for writing.
int32_t qi_graph_add_blocking(qi_graph graph,
                              qi_call_fn call,
                              qi_drop_fn drop,
                              void *argument,
                              const qi_task_options *options,
                              uint32_t *node);

// As `qi_graph_add_poll`, for a coroutine, as `qi_task_spawn` makes them. When the run is cancelled it is
// told, and may end a little later than the run.
//
// # Safety
// As `qi_task_spawn`; `node` is valid for writing.
int32_t qi_graph_add(qi_graph graph,
                     qi_call_fn call,
                     qi_drop_fn drop,
                     void *argument,
                     const qi_task_options *options,
                     uint32_t *node);

// Has one node begin only when another has ended. `QI_ERR_INVALID` for numbers that no node has,
// `QI_ERR_BUSY` if the graph was started. A cycle is found when it is.
int32_t qi_graph_edge(qi_graph graph, uint32_t earlier, uint32_t later);

// Runs a graph on a runtime (0: that of the calling thread, or the global one), once: at most `limit`
// nodes at a time (0: any number), `flags` are `QI_GRAPH_…`, or'ed. The task ends when all nodes have;
// waiting for it answers the error of the node that failed first. Cancelling the task cancels the
// nodes. `out` may be null: the graph then runs unheard.
//
// `QI_ERR_CYCLE` if nodes wait for each other, `QI_ERR_INVALID` for anything else that is wrong, which
// `qi_last_error_message` tells: nothing has begun then, and the graph can be mended. `QI_ERR_BUSY` if
// it was started.
//
// # Safety
// `out` is null or valid for writing a handle.
int32_t qi_graph_run(qi_graph graph,
                     qi_runtime runtime,
                     uint32_t limit,
                     uint32_t flags,
                     qi_task *out);

// Cancels a run: its task ends with `QI_ERR_CANCELLED` when what had begun is over. `QI_ERR_EMPTY` if it
// was not started; cancelling what has ended is no error.
int32_t qi_graph_cancel(qi_graph graph);

// Moves a node's result to `result` (null drops it): inside a node that comes after it, or when the run is
// over. Answers the node's own error if it failed, `QI_ERR_EMPTY` if it has not ended or never began,
// `QI_ERR_TAKEN` if the result was taken before.
//
// # Safety
// `result` is null or valid for writing as many bytes as the node's result has.
int32_t qi_graph_take(qi_graph graph,
                      uint32_t node,
                      void *result);

// Finds a node's result without taking it: several nodes that come after it may read it there, until it
// is taken or the graph is released. Otherwise as `qi_graph_take`.
//
// # Safety
// `result` is valid for writing a pointer.
int32_t qi_graph_look(qi_graph graph,
                      uint32_t node,
                      const void **result);

// Adds a reference to an object of any kind. Answers `QI_ERR_STALE` for a handle that was released as
// often as it was given out, or never was.
int32_t qi_retain(qi_handle handle);

// Gives a reference back; the object ends with the last one, as soon as no call is inside it. The
// null handle is let pass. Answers `QI_ERR_STALE` as `qi_retain` does.
int32_t qi_release(qi_handle handle);

// Makes a key of task-locals. `drop` (may be null) is called with a value when its task ends or sets
// another; `inherit` (may be null: children begin without) makes a child's value of its parent's when
// the child is spawned, on the parent's thread.
//
// # Safety
// `out` is valid for writing a handle; `drop` may be called on any thread.
int32_t qi_local_create(qi_drop_fn drop,
                        qi_inherit_fn inherit,
                        qi_local *out);

// Sets the calling task's value of a key; null takes it away. The value belongs to the task as soon as
// this answers `QI_OK`. `QI_ERR_NOT_IN_TASK` outside of tasks.
//
// # Safety
// The key's functions may be called with `value`.
int32_t qi_local_set(qi_local local,
                     void *value);

// The calling task's value of a key, null if it has none. `QI_ERR_NOT_IN_TASK` outside of tasks.
//
// # Safety
// `out` is valid for writing a pointer.
int32_t qi_local_get(qi_local local, void **out);

// Makes a mutex. It is fair, and its holder gets the urgency of whoever waits. A task that ends while
// it holds the mutex leaves it locked.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_mutex_create(qi_mutex *out);

// Locks a mutex. `QI_ERR_DEADLOCK` if the caller holds it already. SUSPENDS.
int32_t qi_mutex_lock(qi_mutex mutex);

// As `qi_mutex_lock`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_mutex_lock_timeout(qi_mutex mutex, uint64_t timeout_ns);

// The twin of `qi_mutex_lock` for poll functions, whose context `cx` is.
//
// # Safety
// None but that: any other pointer is told from it and refused.
int32_t qi_mutex_poll_lock(qi_mutex mutex, qi_cx *cx);

// Locks a mutex if it is free; `QI_ERR_FULL` if not.
int32_t qi_mutex_try_lock(qi_mutex mutex);

// Unlocks a mutex; `QI_ERR_NOT_OWNER` if the caller does not hold it.
int32_t qi_mutex_unlock(qi_mutex mutex);

// Makes a lock that many may read or one may write at a time; fair.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_rwlock_create(qi_rwlock *out);

// Locks for reading. `QI_ERR_DEADLOCK` if the caller writes. SUSPENDS.
int32_t qi_rwlock_read(qi_rwlock rwlock);

// As `qi_rwlock_read`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_rwlock_read_timeout(qi_rwlock rwlock, uint64_t timeout_ns);

// The twin of `qi_rwlock_read` for poll functions, whose context `cx` is.
//
// # Safety
// None but that: any other pointer is told from it and refused.
int32_t qi_rwlock_poll_read(qi_rwlock rwlock, qi_cx *cx);

// Locks for writing. `QI_ERR_DEADLOCK` if the caller
// reads or writes. SUSPENDS.
int32_t qi_rwlock_write(qi_rwlock rwlock);

// As `qi_rwlock_write`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_rwlock_write_timeout(qi_rwlock rwlock, uint64_t timeout_ns);

// The twin of `qi_rwlock_write` for poll functions, whose context `cx` is.
//
// # Safety
// None but that: any other pointer is told from it and refused.
int32_t qi_rwlock_poll_write(qi_rwlock rwlock, qi_cx *cx);

// Locks for reading if nobody writes or waits to; `QI_ERR_FULL` if not.
int32_t qi_rwlock_try_read(qi_rwlock rwlock);

// Locks for writing if it is free; `QI_ERR_FULL` if not.
int32_t qi_rwlock_try_write(qi_rwlock rwlock);

// Gives back what the caller holds; `QI_ERR_NOT_OWNER` if that is nothing.
int32_t qi_rwlock_unlock(qi_rwlock rwlock);

// Makes a semaphore with so many permits.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_sem_create(size_t permits, qi_sem *out);

// Takes so many permits, which must be given back by `qi_sem_release`. `QI_ERR_CLOSED` if
// the semaphore is closed. SUSPENDS.
int32_t qi_sem_acquire(qi_sem semaphore, size_t permits);

// As `qi_sem_acquire`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_sem_acquire_timeout(qi_sem semaphore, size_t permits, uint64_t timeout_ns);

// The twin of `qi_sem_acquire` for poll functions, whose context `cx` is.
//
// # Safety
// None but that: any other pointer is told from it and refused.
int32_t qi_sem_poll_acquire(qi_sem semaphore, qi_cx *cx, size_t permits);

// Takes so many permits if they are there; `QI_ERR_EMPTY` if not.
int32_t qi_sem_try_acquire(qi_sem semaphore, size_t permits);

// Gives so many permits back, or adds them; `QI_ERR_INVALID` if there would be too many.
int32_t qi_sem_release(qi_sem semaphore, size_t permits);

// Closes a semaphore: whoever waits, or comes later, gets `QI_ERR_CLOSED`.
int32_t qi_sem_close(qi_sem semaphore);

// How many permits there are, 0 if the handle is none of a semaphore.
size_t qi_sem_available(qi_sem semaphore);

// Makes a wait group with a count of 0.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_wg_create(qi_wg *out);

// Adds to the count, or takes from it; `QI_ERR_INVALID` if it would leave its range.
int32_t qi_wg_add(qi_wg group, int64_t change);

// Takes one from the count; `QI_ERR_INVALID` if it is 0.
int32_t qi_wg_done(qi_wg group);

// Waits until the count is 0. SUSPENDS.
int32_t qi_wg_wait(qi_wg group);

// As `qi_wg_wait`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_wg_wait_timeout(qi_wg group, uint64_t timeout_ns);

// The twin of `qi_wg_wait` for poll functions, whose context `cx` is.
//
// # Safety
// None but that: any other pointer is told from it and refused.
int32_t qi_wg_poll_wait(qi_wg group, qi_cx *cx);

// The count, 0 if the handle is none of a wait group.
size_t qi_wg_count(qi_wg group);

// Makes an event that is not set. If it resets itself each setting lets one waiter through; if not,
// all, until it is reset.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_event_create(bool resets_itself, qi_event *out);

// Sets an event.
int32_t qi_event_set(qi_event event);

// Resets an event.
int32_t qi_event_reset(qi_event event);

// Waits until an event is set. SUSPENDS.
int32_t qi_event_wait(qi_event event);

// As `qi_event_wait`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_event_wait_timeout(qi_event event, uint64_t timeout_ns);

// The twin of `qi_event_wait` for poll functions, whose context `cx` is.
//
// # Safety
// None but that: any other pointer is told from it and refused.
int32_t qi_event_poll_wait(qi_event event, qi_cx *cx);

// Makes something that is done once.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_once_create(qi_once *out);

// Calls `call` with `argument` unless that was done before; whoever comes meanwhile waits. `call` may
// suspend where the caller may. It answers `QI_OK`, or a negative code, which this answers then; the
// next caller tries again. `QI_ERR_DEADLOCK` inside of that very call. SUSPENDS.
//
// # Safety
// `call` may be called with `argument`.
int32_t qi_once_call(qi_once once,
                     qi_entry_fn call,
                     void *argument);

// The twin of `qi_once_call` for poll functions, inside of which `call` then runs.
//
// # Safety
// As there; `cx` is the poll function's.
int32_t qi_once_poll_call(qi_once once, qi_cx *cx, qi_entry_fn call, void *argument);

// 1 if it was done, 0 if not, or an error.
int32_t qi_once_is_done(qi_once once);

// The waker of whoever calls: of the task, inside a poll function or a coroutine; else of the thread.
// It may be used on any thread, as often as wanted, also after the task has ended.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_waker_current(qi_waker *out);

// Waits until a waker of the caller (`qi_waker_current`) is used; returns at once if that was done
// since the last time. SUSPENDS.
int32_t qi_park(void);

// As `qi_park`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
int32_t qi_park_timeout(uint64_t timeout_ns);

// Makes the global runtime, which calls use that name none, unless it is there already. `config` may
// be null. `QI_ERR_INVALID` if a field is out of range, `QI_ERR_NO_MEMORY` if threads or memory are refused,
// or the system's error, such as that of no more descriptors; `qi_last_error_message` tells more.
//
// # Safety
// `config` is null or points to as many bytes as its `struct_size` says.
int32_t qi_init(const qi_config *config);

// Makes another runtime. `config` may be null. When its last reference is released it is shut down. Errors
// as `qi_init`.
//
// # Safety
// As `qi_init`; `out` is valid for writing a handle.
int32_t qi_runtime_create(const qi_config *config,
                          qi_runtime *out);

// Cancels what is left on a runtime (0: the global one) and waits for it as long as
// `shutdown_timeout_ms` says; then answers `QI_ERR_BUSY`, and `qi_last_error_message` names what is
// left behind. A second call is no error. From one of the runtime's own threads it starts the shutdown
// and returns.
int32_t qi_runtime_shutdown(qi_runtime handle);

// As `qi_runtime_shutdown`, but lets tasks finish for `grace_ns` nanoseconds first.
int32_t qi_runtime_shutdown_graceful(qi_runtime handle, uint64_t grace_ns);

// 1 if the runtime (0: the global one) takes work, 0 if it was shut down, or an error.
int32_t qi_runtime_is_running(qi_runtime handle);

// Attaches the calling thread to a runtime (0: the global one): what it spawns and waits for without
// naming a runtime belongs to that one. May be nested; each needs a `qi_thread_detach`.
int32_t qi_thread_attach(qi_runtime handle);

// Takes the last `qi_thread_attach` of the calling thread back; `QI_ERR_NOT_INIT` if there is none.
int32_t qi_thread_detach(void);

// Opens a scope. Tasks that name it in their options belong to it. `flags`: `QI_SCOPE_…`, or'ed.
// Released before it is closed, a scope has its tasks cancelled.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_scope_open(uint32_t flags, qi_scope *out);

// Waits until all tasks of a scope have ended, also those that they spawn into it meanwhile; then no
// more can be spawned (`QI_ERR_CLOSED`). Answers the first error that one of them ended with, or
// `QI_ERR_CANCELLED` if the scope was cancelled. A coroutine that is cancelled meanwhile has the tasks
// cancelled, and waits for them all the same. SUSPENDS.
int32_t qi_scope_close(qi_scope scope);

// The twin of `qi_scope_close` for poll functions. A poll function that is cancelled is not polled any
// more: it has the tasks cancelled by releasing the scope.
//
// # Safety
// `cx` is the poll function's.
int32_t qi_scope_poll_close(qi_scope scope,
                            qi_cx *cx);

// Asks for all tasks of a scope to be cancelled, and for those that come.
int32_t qi_scope_cancel(qi_scope scope);

// Waits until one of `count` branches is ready, does what that says, and no other; writes its number to
// `chosen` and what it answered to its `answer`. `flags`: `QI_SELECT_…`, or'ed. `QI_ERR_INVALID` if it
// were to send to and receive from the same channel without room. SUSPENDS.
//
// # Safety
// `cases` is valid for reading and writing `count` branches, each of which points to what it needs;
// `chosen` is valid for writing.
int32_t qi_select(qi_select_case *cases,
                  size_t count,
                  uint32_t flags,
                  size_t *chosen);

// The twin of `qi_select` for poll functions. The branches are read by the first call.
//
// # Safety
// As there, until the operation ends or is not asked for any more; `cx` is the poll function's.
int32_t qi_poll_select(qi_select_case *cases,
                       size_t count,
                       uint32_t flags,
                       size_t *chosen,
                       qi_cx *cx);

// Tells whoever waits for a number (1 to 64) by `qi_signal_wait`, one for each call, or the next who
// comes; calls that come in quick succession may count as one. This is the only function that may be
// called in a signal handler. As other calls there it may change `errno`.
void qi_signal_notify(int32_t number);

// Waits until `qi_signal_notify` is called with this number; returns at once if it was since the last
// wait. SUSPENDS.
int32_t qi_signal_wait(int32_t number);

// The twin of `qi_signal_wait` for poll functions.
//
// # Safety
// `cx` is the poll function's.
int32_t qi_signal_poll_wait(int32_t number, qi_cx *cx);

// Writes the figures of a runtime (0: that of the calling thread, or the global one). Set
// `struct_size` before; fields that this library does not know become 0.
//
// # Safety
// `out` is valid for writing as many bytes as its `struct_size` says.
int32_t qi_runtime_stats(qi_runtime handle, qi_stats *out);

// Writes the figures of one worker; `QI_ERR_INVALID` if there is none of this number. Otherwise as
// `qi_runtime_stats`.
//
// # Safety
// As `qi_runtime_stats`.
int32_t qi_runtime_worker_stats(qi_runtime handle, uint32_t index, qi_worker_stats *out);

// Hands `line` a line about the runtime, then one about each live task: number, name, state, priority,
// age, how often it was polled. No task is polled for it, and `line` may call whatever it likes. The
// wording is for people and may change.
//
// # Safety
// `line` may be called with `user` on this thread until this returns.
int32_t qi_runtime_dump(qi_runtime handle,
                        qi_line_fn line,
                        void *user);

// Blocks the calling thread for at least so many milliseconds; signals do not shorten it. Never
// suspends a task: see `qi_sleep_ms`. These five answer a failure as the negated error number of the
// system, not as a `QI_ERR_…`.
extern int32_t qi_async_sys_sleep_ms(uint64_t duration_ms);

// Nanoseconds of the monotonic clock since a fixed moment in the past, or a negated error number.
extern int64_t qi_async_sys_monotonic_time_ns(void);

// Nanoseconds of processor time that all threads of this process have used together, or a negated
// error number.
extern int64_t qi_async_sys_cpu_time_ns(void);

// Gives the processor to another thread that can run, if there is one: 0, or a negated error number.
extern int32_t qi_async_sys_yield(void);

// How many processors the calling thread and what it starts can keep busy: at least 1, or a negated
// error number.
extern int32_t qi_async_sys_cpu_count(void);

// Spawns a task that a poll function drives. The task owns `state` from now on, also if this fails:
// `drop` (may be null) is called with it exactly once. `out` may be null: then nobody can wait for it.
//
// # Safety
// `poll` and `drop` may be called with `state` on any thread, one at a time; `options` and `out` as
// the header says.
int32_t qi_task_spawn_poll(qi_poll_fn poll,
                           qi_drop_fn drop,
                           void *state,
                           const qi_task_options *options,
                           qi_task *out);

// As `qi_task_spawn_poll`, with the state copied into the task: `init` points to `state_size` bytes
// aligned to `state_align` (0: 16), which belong to the task from now on, also if this fails. Up to
// 1024 bytes, aligned to no more than 16, lie in the task's own block of memory.
//
// # Safety
// As there; `init` is valid for reading `state_size` bytes.
int32_t qi_task_spawn_inline(qi_poll_fn poll,
                             qi_drop_fn drop,
                             const void *init,
                             size_t state_size,
                             size_t state_align,
                             const qi_task_options *options,
                             qi_task *out);

// Waits for a task and moves its result to `result`; null drops it. Answers the task's own error, or
// `QI_ERR_CANCELLED`, `QI_ERR_PANIC`; `QI_ERR_TAKEN` if the result was taken before; `QI_ERR_BUSY`
// if somebody else waits for it. SUSPENDS.
//
// # Safety
// `result` is null or valid for writing as many bytes as the task's result has.
int32_t qi_task_await(qi_task task,
                      void *result);

// As `qi_task_await`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`, and the task goes
// on. SUSPENDS.
//
// # Safety
// As `qi_task_await`.
int32_t qi_task_await_timeout(qi_task task,
                              uint64_t timeout_ns,
                              void *result);

// The twin of `qi_task_await` for poll functions.
//
// # Safety
// As `qi_task_await`, until the task of the poll function ends or does not ask for it any more; `cx`
// is the poll function's.
int32_t qi_task_poll_await(qi_task task,
                           qi_cx *cx,
                           void *result);

// Waits for all of `count` tasks, and leaves their results with them. SUSPENDS.
//
// # Safety
// `tasks` is valid for reading `count` handles.
int32_t qi_task_await_all(const qi_task *tasks, size_t count);

// The twin of `qi_task_await_all` for poll functions.
//
// # Safety
// As there; `cx` is the poll function's.
int32_t qi_task_poll_await_all(const qi_task *tasks, size_t count, qi_cx *cx);

// Waits until one of `count` tasks has ended, leaves its result with it, and says which. SUSPENDS.
//
// # Safety
// As `qi_task_await_all`; `index` is valid for writing.
int32_t qi_task_await_any(const qi_task *tasks, size_t count, size_t *index);

// The twin of `qi_task_await_any` for poll functions.
//
// # Safety
// As there, `index` until the operation ends or is not asked for any more; `cx` is the poll function's.
int32_t qi_task_poll_await_any(const qi_task *tasks,
                               size_t count,
                               size_t *index,
                               qi_cx *cx);

// Lets a task go: gives its reference back, as `qi_release`, if the handle is one of a task. It goes on
// by itself, and its result is dropped.
int32_t qi_task_detach(qi_task task);

// Asks for a task to be cancelled: it ends at the next point where it waits. Asking again is no error;
// `QI_ERR_FINISHED` if it has ended, `QI_ERR_NOT_CANCELLABLE` for a blocking call that has begun.
int32_t qi_task_cancel(qi_task task);

// What a task is doing, `QI_TASK_…`, or an error.
int32_t qi_task_state(qi_task task);

// A number that names the task in statistics and messages, 0 if the handle is none of a task.
uint64_t qi_task_id(qi_task task);

// The number of the task that the caller is inside of, 0 outside of tasks.
uint64_t qi_current_task_id(void);

// Gives a task another priority (`QI_PRIORITY_…`). `QI_ERR_BUSY` while somebody waits for it: it then
// has the priority of whoever waits at least.
int32_t qi_task_set_priority(qi_task task,
                             int32_t number);

// The priority that a task has in effect: its own, or that of whoever waits for it. Errors as
// `qi_task_set_priority`.
//
// # Safety
// `out` is valid for writing.
int32_t qi_task_priority(qi_task task, int32_t *out);

// The name of a task that has not ended, as `qi_error_message` gives texts; empty if it has none.
//
// # Safety
// As `qi_error_message`.
size_t qi_task_name(qi_task task, char *buffer, size_t capacity);

// What the panic of a task said that `qi_task_await` answered `QI_ERR_PANIC` for, as
// `qi_error_message` gives texts.
//
// # Safety
// As `qi_error_message`.
size_t qi_task_panic_message(qi_task task, char *buffer, size_t capacity);

// Makes a socket that accepts connections at an address in numbers, `127.0.0.1:7000` or `[::1]:7000`;
// port 0 is any free one. `QI_ERR_ADDRESS` if the text is none. It belongs to the runtime of the calling
// thread and is closed with its last reference, when no call is inside it.
//
// # Safety
// `address` is valid for reading `length` bytes, `out` for writing a handle.
int32_t qi_tcp_listen(const char *address,
                      size_t length,
                      qi_tcp_listener *out);

// Waits for a connection. While the process or the system is out of descriptors the connections wait
// in the system's queue, and this with them. SUSPENDS.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_tcp_accept(qi_tcp_listener listener,
                      qi_tcp *out);

// As `qi_tcp_accept`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
//
// # Safety
// As `qi_tcp_accept`.
int32_t qi_tcp_accept_timeout(qi_tcp_listener listener, uint64_t timeout_ns, qi_tcp *out);

// The twin of `qi_tcp_accept` for poll functions.
//
// # Safety
// As `qi_tcp_accept`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_tcp_poll_accept(qi_tcp_listener listener, qi_cx *cx, qi_tcp *out);

// The address at which connections are accepted, as `qi_error_message` gives texts; empty if the
// handle is none of a listener.
//
// # Safety
// As `qi_error_message`.
size_t qi_tcp_listener_address(qi_tcp_listener listener, char *buffer, size_t capacity);

// Connects to an address, `127.0.0.1:7000`, `[::1]:7000` or `example.org:7000`; of several that a name
// has, to the one that answers first. `QI_ERR_ADDRESS` if the text is no address or the name has
// none. The connection belongs to the runtime of the calling thread and is closed with its last
// reference, when no call is inside it. SUSPENDS.
//
// # Safety
// `address` is valid for reading `length` bytes, `out` for writing a handle.
int32_t qi_tcp_connect(const char *address,
                       size_t length,
                       qi_tcp *out);

// As `qi_tcp_connect`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
//
// # Safety
// As `qi_tcp_connect`.
int32_t qi_tcp_connect_timeout(const char *address,
                               size_t length,
                               uint64_t timeout_ns,
                               qi_tcp *out);

// The twin of `qi_tcp_connect` for poll functions. The address is copied by the first call.
//
// # Safety
// As `qi_tcp_connect`, for `out` until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_tcp_poll_connect(qi_cx *cx,
                            const char *address,
                            size_t length,
                            qi_tcp *out);

// Reads at least a byte and at most `capacity` into `buffer`, and says how many. `QI_EOF` when the peer
// has ended. Several tasks may read and write at once. SUSPENDS.
//
// # Safety
// `buffer` is valid for writing `capacity` bytes, `count` for writing.
int32_t qi_tcp_read(qi_tcp stream,
                    void *buffer,
                    size_t capacity,
                    size_t *count);

// As `qi_tcp_read`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`, and no byte is lost.
// SUSPENDS.
//
// # Safety
// As `qi_tcp_read`.
int32_t qi_tcp_read_timeout(qi_tcp stream,
                            void *buffer,
                            size_t capacity,
                            uint64_t timeout_ns,
                            size_t *count);

// The twin of `qi_tcp_read` for poll functions.
//
// # Safety
// As `qi_tcp_read`, until the operation ends or is not asked for any more; `cx` is the poll function's.
int32_t qi_tcp_poll_read(qi_tcp stream,
                         qi_cx *cx,
                         void *buffer,
                         size_t capacity,
                         size_t *count);

// Writes as many of `length` bytes as there is room for, at least one, and says how many. SUSPENDS.
//
// # Safety
// `bytes` is valid for reading `length` bytes, `count` for writing.
int32_t qi_tcp_write(qi_tcp stream, const void *bytes, size_t length, size_t *count);

// As `qi_tcp_write`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`, and nothing was
// written. SUSPENDS.
//
// # Safety
// As `qi_tcp_write`.
int32_t qi_tcp_write_timeout(qi_tcp stream,
                             const void *bytes,
                             size_t length,
                             uint64_t timeout_ns,
                             size_t *count);

// The twin of `qi_tcp_write` for poll functions.
//
// # Safety
// As `qi_tcp_write`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_tcp_poll_write(qi_tcp stream,
                          qi_cx *cx,
                          const void *bytes,
                          size_t length,
                          size_t *count);

// Writes all of `length` bytes. With any other answer than `QI_OK` some of them may have been written:
// given up, it may have written a part. SUSPENDS.
//
// # Safety
// `bytes` is valid for reading `length` bytes.
int32_t qi_tcp_write_all(qi_tcp stream,
                         const void *bytes,
                         size_t length);

// Ends reading, writing or both (`QI_SHUTDOWN_…`), at once; whoever waits in this connection is told.
int32_t qi_tcp_shutdown(qi_tcp stream,
                        int32_t how);

// Whether small writes are sent at once instead of being collected.
int32_t qi_tcp_set_nodelay(qi_tcp stream, bool is_on);

// This side's address, as `qi_error_message` gives texts; empty if there is none.
//
// # Safety
// As `qi_error_message`.
size_t qi_tcp_local_address(qi_tcp stream, char *buffer, size_t capacity);

// The peer's address, as `qi_error_message` gives texts; empty if there is none.
//
// # Safety
// As `qi_error_message`.
size_t qi_tcp_peer_address(qi_tcp stream, char *buffer, size_t capacity);

// Nanoseconds of the monotonic clock, from an arbitrary beginning.
uint64_t qi_now_ns(void);

// Lets others run. SUSPENDS.
int32_t qi_yield(void);

// Sleeps for at least so many nanoseconds. SUSPENDS.
int32_t qi_sleep_ns(uint64_t ns);

// Sleeps for at least so many milliseconds. SUSPENDS.
int32_t qi_sleep_ms(uint64_t ms);

// The twin of `qi_sleep_ns` for poll functions. Two sleeps that a poll function has begun at once must
// differ in `tag`.
//
// # Safety
// `cx` is the poll function's.
int32_t qi_poll_sleep_ns(qi_cx *cx,
                         uint64_t ns,
                         uint64_t tag);

// Makes a timer that fires in `first_ns` nanoseconds, and then each `period_ns` (0: once). Firings that
// nobody waited for are made up for one by one.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_timer_create(uint64_t first_ns,
                        uint64_t period_ns,
                        qi_timer *out);

// Waits until the timer fires; `QI_ERR_CANCELLED` if it is not set, or is cancelled meanwhile.
// SUSPENDS.
int32_t qi_timer_wait(qi_timer timer);

// The twin of `qi_timer_wait` for poll functions.
//
// # Safety
// `cx` is the poll function's.
int32_t qi_timer_poll_wait(qi_timer timer, qi_cx *cx);

// Has the timer fire in `delay_ns` nanoseconds instead of when it would have.
int32_t qi_timer_reset(qi_timer timer, uint64_t delay_ns);

// Keeps the timer from firing; whoever waits is told.
int32_t qi_timer_cancel(qi_timer timer);

// Makes a socket for datagrams at an address in numbers, `127.0.0.1:7000` or `[::1]:7000`; port 0 is any
// free one. `QI_ERR_ADDRESS` if the text is none. It belongs to the runtime of the calling thread and
// is closed with its last reference, when no call is inside it.
//
// # Safety
// `address` is valid for reading `length` bytes, `out` for writing a handle.
int32_t qi_udp_bind(const char *address,
                    size_t length,
                    qi_udp *out);

// Chooses the peer of a socket, by an address in numbers: datagrams go there if nothing else is said,
// and those of others are not received any more.
//
// # Safety
// `address` is valid for reading `length` bytes.
int32_t qi_udp_connect(qi_udp socket,
                       const char *address,
                       size_t length);

// Sends a datagram to an address in numbers, or to the peer if `address` is null. SUSPENDS.
//
// # Safety
// `bytes` is valid for reading `length` bytes, `address` is null or valid for reading `address_length`.
int32_t qi_udp_send(qi_udp socket,
                    const void *bytes,
                    size_t length,
                    const char *address,
                    size_t address_length);

// The twin of `qi_udp_send` for poll functions. The address is copied by the first call.
//
// # Safety
// As `qi_udp_send`, for `bytes` until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_udp_poll_send(qi_udp socket,
                         qi_cx *cx,
                         const void *bytes,
                         size_t length,
                         const char *address,
                         size_t address_length);

// Receives a datagram into `buffer`, and says how many bytes it has and, unless `address` is null, who
// sent it (`QI_ADDRESS_SIZE` bytes are enough). What does not fit is cut off; on Windows such a datagram
// is an error. SUSPENDS.
//
// # Safety
// `buffer` is valid for writing `capacity` bytes, `count` for writing, `address` is null or valid for
// writing `address_capacity` bytes.
int32_t qi_udp_recv(qi_udp socket,
                    void *buffer,
                    size_t capacity,
                    size_t *count,
                    char *address,
                    size_t address_capacity);

// As `qi_udp_recv`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
//
// # Safety
// As `qi_udp_recv`.
int32_t qi_udp_recv_timeout(qi_udp socket,
                            void *buffer,
                            size_t capacity,
                            uint64_t timeout_ns,
                            size_t *count,
                            char *address,
                            size_t address_capacity);

// The twin of `qi_udp_recv` for poll functions.
//
// # Safety
// As `qi_udp_recv`, until the operation ends or is not asked for any more; `cx` is the poll
// function's.
int32_t qi_udp_poll_recv(qi_udp socket,
                         qi_cx *cx,
                         void *buffer,
                         size_t capacity,
                         size_t *count,
                         char *address,
                         size_t address_capacity);

// A socket's own address, as `qi_error_message` gives texts; empty if the handle is none of a socket.
//
// # Safety
// As `qi_error_message`.
size_t qi_udp_local_address(qi_udp socket,
                            char *buffer,
                            size_t capacity);

// The waker of the task that is being polled: whoever has it can have the task polled again, from
// any thread, as often as wanted, also after the task has ended.
//
// # Safety
// `out` is valid for writing a handle.
int32_t qi_cx_waker(qi_cx *cx, qi_waker *out);

// Has the task that is being polled polled again, soon: how a poll function lets others run.
int32_t qi_cx_wake_self(qi_cx *cx);

// Wakes whose waker it is: a poll function is polled again, a coroutine or thread finds its next
// `qi_park` returning at once. The waker stays.
int32_t qi_waker_wake(qi_waker waker);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* QI_RUNTIME_H */
