//! Tests that cannot pass in one way of running, whatever the program does. They are skipped there
//! with these reasons.

use crate::rig::Exception;

/// Under wine. The workflow's native Windows job runs them.
pub(crate) const WINE: &[Exception] = &[
    Exception {
        package: "qi-runtime",
        test: Some("net_error"),
        name: "a_port_is_free_as_soon_as_its_listener_is_dropped",
        reason: "a request to watch a socket holds it in wine's server until the thread that made \
                 the request has acknowledged its end; with mio alone, and a request made by another \
                 thread than the one that closes, the port is still taken up to 1 time in 8, and with \
                 Tokio 1 in 150; never if one thread does both",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net_error"),
        name: "a_waiting_read_learns_of_a_reset",
        reason: "wine's server takes the error off the socket while it polls, and the read sees an \
                 orderly end; so it does with Tokio",
    },
    Exception {
        package: "qi-runtime",
        test: Some("net_many"),
        name: "five_hundred_connections_are_served_at_once",
        reason: "wine's server takes time that grows with the square of the number of sockets: \
                 minutes for so many, with Tokio too",
    },
];

/// Under LeakSanitizer: tests that lose memory on purpose.
pub(crate) const LEAK: &[Exception] = &[Exception {
    package: "qi-sync",
    test: Some("channel_oneshot"),
    name: "a_forgotten_receiver_frees_the_sender_of_nothing_but_memory",
    reason: "it forgets a receiver, and looks whether no more than memory is lost",
}];

/// Under ThreadSanitizer.
pub(crate) const THREAD: &[Exception] = &[
    Exception {
        package: "qi-sys",
        test: Some("c_header"),
        name: "a_c99_program_uses_the_header_and_links",
        reason: NO_RUNTIME,
    },
    Exception {
        package: "qi-sys",
        test: Some("c_header"),
        name: "a_cpp11_program_uses_the_header_and_links",
        reason: NO_RUNTIME,
    },
];

const NO_RUNTIME: &str =
    "its foreign program is linked to the instrumented C side without the sanitizer's runtime";
