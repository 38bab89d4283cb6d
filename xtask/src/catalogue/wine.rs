//! Tests that wine cannot pass, whatever the program does. They are skipped with these reasons; the
//! workflow's native Windows job runs them.

use crate::rig::Exception;

pub(crate) const EXCEPTIONS: &[Exception] = &[
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
