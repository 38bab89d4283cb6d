//! What a listener does when the system refuses it a connection.
//!
//! # Protocol
//! Three kinds of errors come out of accept(2):
//! * The *connection* is broken: its peer gave up before it was accepted, or the network between
//!   did. It is gone from the queue, and the next one is taken at once.
//! * The *process or the system* is out of descriptors or memory, or the event queue takes no more
//!   sources (ENOSPC of epoll_ctl(2)). The connection stays in the queue, so trying at once would
//!   spin, and no event will tell when there is room again. So the listener pauses:
//!   [`FIRST_PAUSE`], then twice as long each time, up to [`LONGEST_PAUSE`].
//! * The *listener* itself cannot accept. Only that is for the caller.

use super::os;
use std::io;
use std::time::Duration;

/// Short enough not to be felt, long enough for a busy server to close something.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest that a freed descriptor goes unused.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How to go on after an error that is not for the caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Retry {
    AtOnce,
    After(Duration),
}

/// Remembers how long the last pause was, for the length of one accept.
#[derive(Debug)]
pub(super) struct Patience {
    next: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { next: FIRST_PAUSE }
    }

    /// How to go on.
    ///
    /// # Errors
    /// The error itself, if it is for the caller.
    pub(super) fn judge(&mut self, error: io::Error) -> io::Result<Retry> {
        if concerns_connection(&error) {
            return Ok(Retry::AtOnce);
        }
        if is_full(&error) || os::is_shortage(&error) {
            if self.next == FIRST_PAUSE {
                // Once per accept: whoever runs the server needs to know why nobody gets in.
                tracing::warn!(%error, "cannot accept connections now, will try again");
            }
            let pause = self.next;
            self.next = (pause * 2).min(LONGEST_PAUSE);
            return Ok(Retry::After(pause));
        }
        Err(error)
    }
}

/// Whether memory, or the system's table of what is watched, is full.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull)
}

/// Linux hands the pending errors of a connection to whoever accepts it.
fn concerns_connection(error: &io::Error) -> bool {
    let by_kind = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            // Windows asks the connection for its peer, which may be gone.
            | io::ErrorKind::NotConnected
            | io::ErrorKind::TimedOut
    );
    by_kind || os::is_broken_connection(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_passed_over_at_once() {
        let mut patience = Patience::new();
        for kind in [
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::NotConnected,
        ] {
            assert_eq!(patience.judge(kind.into()).ok(), Some(Retry::AtOnce));
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut patience = Patience::new();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            match patience.judge(io::ErrorKind::OutOfMemory.into()) {
                Ok(Retry::After(pause)) => pauses.push(pause.as_millis()),
                other => panic!("no pause: {other:?}"),
            }
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    }

    #[test]
    fn a_full_event_queue_is_waited_for() {
        let retry = Patience::new().judge(io::ErrorKind::StorageFull.into());
        assert_eq!(retry.ok(), Some(Retry::After(FIRST_PAUSE)));
    }

    #[test]
    fn other_errors_are_for_the_caller() {
        let error = Patience::new().judge(io::ErrorKind::InvalidInput.into());
        assert_eq!(error.map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput));
    }
}
