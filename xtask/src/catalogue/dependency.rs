//! The external crates that the core crates may depend on. docs/ARCHITECTURE.md argues for each.

/// One external crate and what it is for, in a few words.
pub(crate) struct External {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
}

const fn external(name: &'static str, reason: &'static str) -> External {
    External { name, reason }
}

pub(crate) const EXTERNALS: &[External] = &[
    external("cc", "compiles the C side of qi-sys"),
    external("corosensei", "switches between stacks on the processors that it knows"),
    external("crossbeam-deque", "local queues, injectors and stealing"),
    external("crossbeam-utils", "cache padding"),
    external("futures-core", "the trait Stream, for receivers"),
    external("futures-sink", "the trait Sink, for senders"),
    external("futures-util", "the futures-io traits and combinators"),
    external(
        "libc",
        "memory and signal calls of qi-coroutine, advice on memory of qi-sched; elsewhere names of numbers",
    ),
    external("mio", "epoll, kqueue and IOCP behind one interface"),
    external("nix", "timerfd, batches of datagrams and peers' credentials without unsafe code"),
    external("pin-project-lite", "projections of pinned futures without unsafe code"),
    external("proc-macro2", "the tokens that the attributes read and write"),
    external("quote", "the writing of them"),
    external(
        "signal-hook",
        "handlers of signals beside those of other crates, without unsafe code",
    ),
    external("socket2", "the backlog of a listener, linger, flags of a write"),
    external(
        "rustix",
        "descriptors and credentials over sockets, descriptors of processes, without unsafe code",
    ),
    external("socket2", "socket options that the standard library lacks, flags of a write"),
    external("thiserror", "error types without hand-written Display"),
    external("tracing", "the events of the debug option"),
    external("tracing-subscriber", "writes these events if the program does not"),
    external("windows-sys", "calls of Windows for qi-coroutine, and the one that makes a pipe"),
    external("loom", "the model checker; compiled under cfg(loom) only"),
];

/// Crates that no core crate may reach unless the user turns on the feature of that name.
pub(crate) const ONLY_BY_FEATURE: &[&str] = &["hyper", "tokio"];
