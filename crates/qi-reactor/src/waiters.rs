//! Who waits for one source: a list behind the source's lock, that user code never runs under.
//!
//! Two kinds of waiters share it:
//!
//! * *Pollers* come through a poll function, that has nothing to remember a place in the list by and
//!   no moment at which it gives up. Equal wakers are one poller. The first of each direction has a
//!   field of its own, further ones (a socket polled by several tasks) are appended. Wakers of tasks
//!   that lost interest stay until the next event, so they are limited: beyond [`MAX_POLLERS`] the
//!   oldest is *woken* to make room, and registers anew if it still waits. Nobody is lost.
//! * *Keyed* waiters are futures. Each has a key, and removes itself when it is dropped.
//!
//! An event takes out and wakes everybody it concerns, so that a waiter which was woken and then
//! dropped owes nothing to the others.

use std::num::NonZeroU32;
use std::task::Waker;

use mio::Interest;

use crate::readiness::Readiness;
use crate::wake_list::wake_all;

/// Pollers of one direction beyond the first. More tasks than that polling one half of one source
/// keep waking each other.
const MAX_POLLERS: usize = 32;

/// Half of a source that a poller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(crate) fn wanted(self) -> Readiness {
        match self {
            Self::Read => Readiness::READ,
            Self::Write => Readiness::WRITE,
        }
    }

    pub(crate) fn interest(self) -> Interest {
        match self {
            Self::Read => Interest::READABLE,
            Self::Write => Interest::WRITABLE,
        }
    }
}

/// Names a keyed waiter.
pub(crate) type WaiterKey = NonZeroU32;

/// The waiters of one source.
#[derive(Debug)]
pub(crate) struct Waiters {
    reader: Option<Waker>,
    writer: Option<Waker>,
    others: Vec<Waiter>,
    next_key: WaiterKey,
}

#[derive(Debug)]
struct Waiter {
    /// `None`: a poller.
    key: Option<WaiterKey>,
    wanted: Readiness,
    waker: Waker,
}

/// A waker that is left over, to be dealt with outside the lock.
#[derive(Debug)]
#[must_use]
pub(crate) enum Spare {
    None,
    /// Of no use any more.
    Drop(Waker),
    /// Made room; it may still wait.
    Wake(Waker),
}

impl Spare {
    pub(crate) fn settle(self) {
        match self {
            Self::None => {}
            Self::Drop(waker) => drop(waker),
            Self::Wake(waker) => {
                wake_all([waker]);
            }
        }
    }
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self { reader: None, writer: None, others: Vec::new(), next_key: WaiterKey::MIN }
    }

    /// Adds a poller, unless an equal one is there.
    pub(crate) fn add_poller(&mut self, direction: Direction, waker: Waker) -> Spare {
        let first = match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        };
        let Some(present) = first else {
            *first = Some(waker);
            return Spare::None;
        };
        let wanted = direction.wanted();
        let is_peer = |other: &Waiter| other.key.is_none() && other.wanted == wanted;
        if present.will_wake(&waker)
            || self.others.iter().any(|other| is_peer(other) && other.waker.will_wake(&waker))
        {
            return Spare::Drop(waker);
        }
        if self.others.iter().filter(|other| is_peer(other)).count() < MAX_POLLERS {
            self.others.push(Waiter { key: None, wanted, waker });
            return Spare::None;
        }
        Spare::Wake(std::mem::replace(present, waker))
    }

    /// Adds or refreshes a keyed waiter, and returns its key.
    pub(crate) fn add_keyed(
        &mut self,
        key: Option<WaiterKey>,
        wanted: Readiness,
        waker: Waker,
    ) -> (WaiterKey, Spare) {
        if let Some(key) = key {
            if let Some(found) = self.others.iter_mut().find(|other| other.key == Some(key)) {
                return (key, Spare::Drop(std::mem::replace(&mut found.waker, waker)));
            }
        }
        let key = self.next_key;
        self.next_key = key.checked_add(1).unwrap_or(WaiterKey::MIN);
        self.others.push(Waiter { key: Some(key), wanted, waker });
        (key, Spare::None)
    }

    /// Removes a keyed waiter, if no event has taken it.
    pub(crate) fn remove(&mut self, key: WaiterKey) -> Spare {
        match self.others.iter().position(|other| other.key == Some(key)) {
            Some(at) => Spare::Drop(self.others.swap_remove(at).waker),
            None => Spare::None,
        }
    }

    /// Takes out everybody whom `ready` concerns.
    pub(crate) fn take(&mut self, ready: Readiness, woken: &mut Vec<Waker>) {
        if ready.intersects(Readiness::READ | Readiness::SHUT) {
            woken.extend(self.reader.take());
        }
        if ready.intersects(Readiness::WRITE | Readiness::SHUT) {
            woken.extend(self.writer.take());
        }
        let mut at = 0;
        while at < self.others.len() {
            if ready.intersects(self.others[at].wanted | Readiness::SHUT) {
                woken.push(self.others.swap_remove(at).waker);
            } else {
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    struct Idle;
    impl Wake for Idle {
        fn wake(self: Arc<Self>) {}
    }

    fn waker() -> Waker {
        Waker::from(Arc::new(Idle))
    }

    fn taken(waiters: &mut Waiters, ready: Readiness) -> usize {
        let mut woken = Vec::new();
        waiters.take(ready, &mut woken);
        woken.len()
    }

    #[test]
    fn a_poller_that_polls_again_is_one_poller() {
        let mut waiters = Waiters::new();
        let (one, other) = (waker(), waker());
        for _ in 0..3 {
            waiters.add_poller(Direction::Read, one.clone()).settle();
            waiters.add_poller(Direction::Read, other.clone()).settle();
        }
        assert_eq!(taken(&mut waiters, Readiness::READABLE), 2);
        assert_eq!(taken(&mut waiters, Readiness::READABLE), 0);
    }

    #[test]
    fn a_poller_too_many_replaces_the_oldest_which_is_woken() {
        let mut waiters = Waiters::new();
        let oldest = waker();
        waiters.add_poller(Direction::Write, oldest.clone()).settle();
        for _ in 0..MAX_POLLERS {
            assert!(matches!(waiters.add_poller(Direction::Write, waker()), Spare::None));
        }
        match waiters.add_poller(Direction::Write, waker()) {
            Spare::Wake(woken) => assert!(woken.will_wake(&oldest)),
            spare => panic!("nobody was woken to make room: {spare:?}"),
        }
        assert_eq!(taken(&mut waiters, Readiness::WRITABLE), MAX_POLLERS + 1);
    }

    #[test]
    fn an_event_takes_only_those_it_concerns() {
        let mut waiters = Waiters::new();
        waiters.add_poller(Direction::Read, waker()).settle();
        waiters.add_poller(Direction::Write, waker()).settle();
        let (_, spare) = waiters.add_keyed(None, Readiness::READ, waker());
        spare.settle();
        let (_, spare) = waiters.add_keyed(None, Readiness::WRITE, waker());
        spare.settle();
        assert_eq!(taken(&mut waiters, Readiness::READ_CLOSED), 2);
        assert_eq!(taken(&mut waiters, Readiness::SHUT), 2);
    }

    #[test]
    fn a_removed_waiter_is_not_woken_and_its_key_is_not_given_again() {
        let mut waiters = Waiters::new();
        let (key, spare) = waiters.add_keyed(None, Readiness::READ, waker());
        spare.settle();
        assert!(matches!(waiters.remove(key), Spare::Drop(_)));
        assert!(matches!(waiters.remove(key), Spare::None));
        assert_eq!(taken(&mut waiters, Readiness::READABLE), 0);
        let (next, spare) = waiters.add_keyed(Some(key), Readiness::READ, waker());
        spare.settle();
        assert_ne!(next, key);
    }
}
