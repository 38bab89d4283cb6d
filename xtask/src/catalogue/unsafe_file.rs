//! The only files in which `unsafe` may stand, each with the reason why it must.

/// One file, from the workspace root.
pub(crate) struct UnsafeFile {
    pub(crate) path: &'static str,
    pub(crate) reason: &'static str,
}

const fn file(path: &'static str, reason: &'static str) -> UnsafeFile {
    UnsafeFile { path, reason }
}

pub(crate) const UNSAFE_FILES: &[UnsafeFile] = &[
    file("crates/qi-sched/src/local/marks.rs", "puts the marks of suspended code back"),
    file("crates/qi-coroutine/src/coroutine.rs", "lets a coroutine change threads by promise"),
    file("crates/qi-coroutine/src/engine/fiber.rs", "puts heads and frames on stacks"),
    file("crates/qi-coroutine/src/engine/pointer.rs", "reads the stack pointer"),
    file("crates/qi-coroutine/src/engine/thread.rs", "shares cells that two threads use in turns"),
    file("crates/qi-coroutine/src/head.rs", "lends a waker for as long as a poll lasts"),
    file("crates/qi-coroutine/src/memory/unix.rs", "maps, opens and releases memory"),
    file("crates/qi-coroutine/src/memory/unix/linux.rs", "makes guards in page tables"),
    file("crates/qi-coroutine/src/memory/windows.rs", "reserves, commits and releases memory"),
    file("crates/qi-coroutine/src/overflow/unix.rs", "handles signals on stacks of its own"),
    file("crates/qi-coroutine/src/overflow/unix/apple.rs", "reads what a signal tells"),
    file("crates/qi-coroutine/src/overflow/unix/linux.rs", "reads what a signal tells"),
    file("crates/qi-coroutine/src/overflow/unix/other.rs", "reads what a signal tells"),
    file("crates/qi-coroutine/src/overflow/windows.rs", "handles exceptions"),
    file(
        "crates/qi-coroutine/src/scope/child.rs",
        "hides what a child borrows from the frame that waits for it",
    ),
    file("crates/qi-coroutine/src/tsan/on.rs", "calls the sanitizer"),
    file("crates/qi-coroutine/tests/coroutine/fault.rs", "faults on purpose"),
    file("crates/qi-sched/src/local/stack.rs", "lists the scopes on a thread's stack"),
    file("crates/qi-sched/src/model/join.rs", "fills and empties the join slot as a task does"),
    file("crates/qi-sched/src/model/watched.rs", "hands content between the threads of a model"),
    file("crates/qi-sched/src/pool/chunk.rs", "carves blocks out of aligned memory"),
    file("crates/qi-sched/src/pool/depot.rs", "links free blocks and chunks"),
    file("crates/qi-sched/src/pool/magazine.rs", "links free blocks"),
    file("crates/qi-sched/src/pool/mod.rs", "gives and takes blocks"),
    file("crates/qi-sched/src/pool/tests.rs", "gives blocks back without a task around them"),
    file("crates/qi-sched/src/queue/nursery.rs", "keeps hints while others see their addresses"),
    file(
        "crates/qi-sched/src/scheduler/spawn.rs",
        "makes blocks tasks, and argues which thread may have what",
    ),
    file(
        "crates/qi-sched/src/scheduler/spawn_stackful.rs",
        "makes blocks tasks whose home lies behind them",
    ),
    file("crates/qi-sched/src/scheduler/task_builder.rs", "passes a caller's promise on"),
    file("crates/qi-sched/src/stackful.rs", "passes a layer's promise about frames on"),
    file("crates/qi-sched/src/task/cell.rs", "keeps futures and outputs in one place"),
    file("crates/qi-sched/src/task/handle.rs", "moves outputs to their owner"),
    file("crates/qi-sched/src/task/header.rs", "reaches a future whose type is unknown"),
    file("crates/qi-sched/src/task/join_slot.rs", "shares a waker by the rules of the state word"),
    file(
        "crates/qi-sched/src/task/origin.rs",
        "tells two kinds of pointer by a bit of the address",
    ),
    file("crates/qi-sched/src/task/reference.rs", "counts references to a block"),
    file("crates/qi-sched/src/task/request.rs", "turns a transition's reference into a hint"),
    file("crates/qi-sched/src/task/running.rs", "wraps the right to run a task into safe types"),
    file(
        "crates/qi-sched/src/task/thin.rs",
        "tells a task's waker from any other by a bit of the address",
    ),
    file("crates/qi-sched/src/task/waker.rs", "implements the raw waker"),
    file("crates/qi-sched/src/worker/context.rs", "keeps the thread's context and its seat"),
    file("crates/qi-sync/src/channel/core/reader.rs", "argues that a lone receiver is alone"),
    file("crates/qi-sync/src/channel/oneshot/cell.rs", "shares a value and two wakers by a word"),
    file("crates/qi-sync/src/channel/queue/block.rs", "keeps values until they are received"),
    file("crates/qi-sync/src/channel/queue/list.rs", "links blocks, and knows when one is free"),
    file("crates/qi-sync/src/channel/queue/memory.rs", "takes zeroed memory for a ring"),
    file("crates/qi-sync/src/channel/queue/mod.rs", "passes the lone receiver's promise on"),
    file("crates/qi-sync/src/channel/queue/ring.rs", "keeps values until they are received"),
    file(
        "crates/qi-scope/src/blocking/scope.rs",
        "gives the scheduler children that borrow, and waits for them",
    ),
    file("crates/qi-sync/src/content.rs", "shares what a lock guards"),
    file("crates/qi-sync/src/mutex/guard.rs", "reaches what a mutex guards"),
    file("crates/qi-sync/src/rwlock/guard.rs", "reaches what a readers-writer lock guards"),
    file("crates/qi-sync/src/rwlock/mapped.rs", "reaches a part of what such a lock guards"),
    file("crates/qi-sync/src/rwlock/owned.rs", "reaches what a readers-writer lock guards"),
    file("crates/qi-winpipe/src/instance.rs", "makes instances of pipes, and hands them to mio"),
    file("crates/sanitizer-bait/src/bin/race.rs", "no safe program has a data race"),
    file("crates/qi-sched/tests/fork.rs", "fork exists only in C"),
    file("qi-sys/src/ffi.rs", "declares the C side"),
    file("qi-sys/src/ffi_internal.rs", "declares the C side's arithmetic, for unit tests"),
    file("qi-sys/src/ffi_internal_linux.rs", "calls the C side with pointers, for unit tests"),
    file("qi-sys/tests/support/affinity.rs", "affinity masks exist only in C"),
    file("qi-sys/tests/support/signal.rs", "signals to one thread exist only in C"),
];
