//! The calls that the fault sweep makes fail, with which errors, and what may come of it.
//!
//! An error is here if the manual gives it for that call and a correct program can meet it: a
//! shortage, a limit, an interruption, or what a sandbox answers. Left out on purpose:
//!
//! * EAGAIN of accept4 although a connection waits, which no kernel answers: an edge would be lost.
//! * EINTR for ever: a signal interrupts a call once, and an event that is there comes first.
//! * EFAULT, ENOTSOCK and the like: they say that the program is wrong, not that the system is short.

/// One call.
pub(crate) struct Fault {
    /// As the shim names it.
    pub(crate) call: &'static str,
    /// The likeliest first: the subset has only that one.
    pub(crate) errors: &'static [&'static str],
    /// Of these, the errors that can stay for ever.
    pub(crate) for_ever: &'static [&'static str],
    /// Whether something may stay undone, without an error, while the call fails for ever.
    pub(crate) may_wait: bool,
    /// Whether so too, with a single worker, when it fails now and then.
    pub(crate) lone_may_wait: bool,
    /// What the process says that is aborted by the standard library, if that is what comes of it.
    pub(crate) aborts: Option<&'static str>,
}

/// What a call is like that is made once while something is built.
const BUILT: Fault = Fault {
    call: "",
    errors: &[],
    for_ever: &[],
    may_wait: false,
    lone_may_wait: false,
    aborts: None,
};

/// The limits of a process, of the system, and its memory.
const SHORTAGE: &[&str] = &["EMFILE", "ENFILE", "ENOMEM"];

pub(crate) const FAULTS: &[Fault] = &[
    Fault { call: "epoll_create1", errors: SHORTAGE, for_ever: SHORTAGE, ..BUILT },
    Fault {
        call: "epoll_ctl",
        errors: &["ENOSPC", "ENOMEM", "EPERM", "EEXIST", "ENOENT", "EBADF"],
        for_ever: &["ENOSPC", "ENOMEM", "EPERM"],
        ..BUILT
    },
    Fault {
        call: "epoll_wait",
        errors: &["EINTR", "EBADF", "EINVAL", "EPERM"],
        for_ever: &["EBADF", "EINVAL", "EPERM"],
        ..BUILT
    },
    Fault {
        call: "eventfd",
        errors: &["EMFILE", "ENFILE", "ENOMEM", "ENODEV"],
        for_ever: &["EMFILE", "ENODEV"],
        ..BUILT
    },
    Fault {
        call: "timerfd_create",
        errors: &["EMFILE", "ENFILE", "ENOMEM", "ENODEV", "EPERM"],
        for_ever: &["EMFILE", "EPERM"],
        ..BUILT
    },
    Fault {
        call: "timerfd_settime",
        errors: &["EINVAL", "ECANCELED", "EPERM"],
        for_ever: &["EINVAL", "EPERM"],
        ..BUILT
    },
    Fault {
        call: "accept4",
        errors: &[
            "EMFILE",
            "ENFILE",
            "ENOBUFS",
            "ENOMEM",
            "ECONNABORTED",
            "EPROTO",
            "EPERM",
            "EINTR",
            "EINVAL",
        ],
        for_ever: &["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EPERM", "EINVAL"],
        // Nobody is let in, and nobody is told: the listener waits for better times.
        may_wait: true,
        ..BUILT
    },
    Fault {
        call: "socket",
        errors: &["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPERM"],
        for_ever: &["EMFILE", "ENOBUFS"],
        ..BUILT
    },
    // An interrupted connect goes on by itself, so the shim lets it.
    Fault {
        call: "connect",
        errors: &["EINTR", "ECONNREFUSED", "ENETUNREACH", "EADDRNOTAVAIL", "ETIMEDOUT", "EPERM"],
        for_ever: &["ECONNREFUSED", "EADDRNOTAVAIL"],
        ..BUILT
    },
    Fault {
        call: "recv",
        errors: &["EINTR", "ECONNRESET", "ENOMEM", "ETIMEDOUT"],
        for_ever: &["ECONNRESET", "ENOMEM"],
        ..BUILT
    },
    Fault {
        call: "send",
        errors: &["EINTR", "EPIPE", "ECONNRESET", "ENOBUFS"],
        for_ever: &["EPIPE", "ENOBUFS"],
        ..BUILT
    },
    Fault { call: "recvmsg", errors: &["EINTR", "ENOMEM"], for_ever: &["ENOMEM"], ..BUILT },
    Fault {
        call: "sendmsg",
        errors: &["EINTR", "ENOBUFS", "EPIPE"],
        for_ever: &["ENOBUFS"],
        ..BUILT
    },
    Fault { call: "recvmmsg", errors: &["EINTR", "ENOMEM"], for_ever: &["ENOMEM"], ..BUILT },
    Fault {
        call: "sendmmsg",
        errors: &["EINTR", "ENOBUFS", "ENETUNREACH"],
        for_ever: &["ENOBUFS"],
        ..BUILT
    },
    Fault {
        call: "mmap",
        errors: &["ENOMEM", "EAGAIN"],
        for_ever: &["ENOMEM"],
        // All calls but libc's own are by the standard library, for the signal stack of a thread.
        aborts: Some("failed to allocate an alternative stack"),
        ..BUILT
    },
    Fault {
        call: "pthread_create",
        errors: &["EAGAIN", "EPERM"],
        for_ever: &["EAGAIN"],
        // A blocking call waits for one that waits for a thread.
        may_wait: true,
        // The only worker keeps its seat while it blocks, and the monitor was refused as well.
        lone_may_wait: true,
        ..BUILT
    },
    // Chunks of task memory, queues: memory that a Rust program cannot do without.
    Fault {
        call: "posix_memalign",
        errors: &["ENOMEM"],
        for_ever: &["ENOMEM"],
        aborts: Some("memory allocation of "),
        ..BUILT
    },
];

/// The calls' names.
pub(crate) fn calls() -> Vec<&'static str> {
    FAULTS.iter().map(|fault| fault.call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_one_of_the_errors_and_an_interruption_does_not_last() {
        for fault in FAULTS {
            assert!(!fault.errors.is_empty() && !fault.for_ever.is_empty(), "{}", fault.call);
            for error in fault.for_ever {
                assert!(fault.errors.contains(error) && *error != "EINTR", "{}", fault.call);
            }
        }
    }

    #[test]
    fn the_shim_knows_every_call_and_error() {
        let shim = include_str!("../../../crates/fault-shim/c/fault_shim.c");
        for fault in FAULTS {
            assert!(shim.contains(&format!("\"{}\"", fault.call)), "{}", fault.call);
            for error in fault.errors {
                assert!(shim.contains(&format!("{{\"{error}\", {error}}}")), "{error}");
            }
        }
    }
}
