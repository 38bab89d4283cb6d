//! What a frame states before it suspends, a cell for each part of it.
//!
//! # Rejected alternatives
//! One cell with an enum: it is written in parts and read as a whole, and a processor lets such a read
//! wait until all the parts have reached the cache, which costs more than the rest of a turn.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::time::Duration;

use crate::channel::Channel;
use crate::strand::Strand;

/// What a frame has said that it will wait for.
#[derive(Clone, Copy)]
pub(crate) enum Intent {
    /// Nothing: it goes on when others had a turn.
    Yield,
    Sleep(Duration),
    Receive(&'static Channel),
    Send(&'static Channel, i64),
    Await(Awaited),
}

/// A future that was asked and is not ready.
#[derive(Clone, Copy)]
pub(crate) enum Awaited {
    /// One of this library.
    Ours(&'static Strand),
    /// One of the language's own, by its address.
    Foreign(usize),
}

/// Which [`Intent`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Yield,
    Sleep,
    Receive,
    Send,
    Await,
}

/// The intent that was stated last, in parts.
pub(crate) struct Stated {
    kind: Cell<Kind>,
    pause: Cell<Duration>,
    channel: Cell<Option<&'static Channel>>,
    value: Cell<i64>,
    awaited: Asked,
}

impl Stated {
    pub(crate) const fn new() -> Self {
        Self {
            kind: Cell::new(Kind::Yield),
            pause: Cell::new(Duration::ZERO),
            channel: Cell::new(None),
            value: Cell::new(0),
            awaited: Asked::new(),
        }
    }

    #[inline]
    pub(crate) fn set(&self, intent: Intent) {
        let kind = match intent {
            Intent::Yield => Kind::Yield,
            Intent::Sleep(pause) => {
                self.pause.set(pause);
                Kind::Sleep
            }
            Intent::Receive(channel) => {
                self.channel.set(Some(channel));
                Kind::Receive
            }
            Intent::Send(channel, value) => {
                self.channel.set(Some(channel));
                self.value.set(value);
                Kind::Send
            }
            Intent::Await(future) => {
                self.awaited.set(Some(future));
                Kind::Await
            }
        };
        self.kind.set(kind);
    }

    #[inline]
    pub(crate) fn forget(&self) {
        self.kind.set(Kind::Yield);
    }

    /// Takes it; a yield if nothing was stated.
    #[inline]
    pub(crate) fn take(&self) -> Intent {
        let kind = self.kind.replace(Kind::Yield);
        if kind == Kind::Yield {
            return Intent::Yield;
        }
        let intent = match kind {
            Kind::Yield => None,
            Kind::Sleep => Some(Intent::Sleep(self.pause.get())),
            Kind::Receive => self.channel.get().map(Intent::Receive),
            Kind::Send => self.channel.get().map(|to| Intent::Send(to, self.value.get())),
            Kind::Await => self.awaited.take().map(Intent::Await),
        };
        intent.unwrap_or(Intent::Yield)
    }
}

/// A future, in parts.
pub(crate) struct Asked {
    ours: Cell<Option<&'static Strand>>,
    /// An address, or 0.
    foreign: Cell<usize>,
}

impl Asked {
    pub(crate) const fn new() -> Self {
        Self { ours: Cell::new(None), foreign: Cell::new(0) }
    }

    #[inline]
    pub(crate) fn set(&self, future: Option<Awaited>) {
        let (ours, foreign) = match future {
            None => (None, 0),
            Some(Awaited::Ours(strand)) => (Some(strand), 0),
            Some(Awaited::Foreign(address)) => (None, address),
        };
        self.ours.set(ours);
        self.foreign.set(foreign);
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<Awaited> {
        if let Some(strand) = self.ours.take() {
            return Some(Awaited::Ours(strand));
        }
        let address = self.foreign.take();
        (address != 0).then_some(Awaited::Foreign(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena;
    use crate::strand::Kind as Of;

    #[test]
    fn what_is_stated_last_is_taken_once() {
        let stated = Stated::new();
        assert!(matches!(stated.take(), Intent::Yield));
        let channel: &'static Channel = Box::leak(Box::new(Channel::new(1)));
        let strand = arena::claim(Of::Outside);
        let second = Duration::from_secs(1);
        stated.set(Intent::Sleep(second));
        assert!(matches!(stated.take(), Intent::Sleep(pause) if pause == second));
        stated.set(Intent::Receive(channel));
        assert!(matches!(stated.take(), Intent::Receive(from) if std::ptr::eq(from, channel)));
        stated.set(Intent::Send(channel, 7));
        assert!(matches!(stated.take(), Intent::Send(to, 7) if std::ptr::eq(to, channel)));
        stated.set(Intent::Await(Awaited::Foreign(16)));
        assert!(matches!(stated.take(), Intent::Await(Awaited::Foreign(16))));
        stated.set(Intent::Sleep(second));
        stated.set(Intent::Await(Awaited::Ours(strand)));
        let taken = stated.take();
        assert!(matches!(taken, Intent::Await(Awaited::Ours(one)) if std::ptr::eq(one, strand)));
        assert!(matches!(stated.take(), Intent::Yield));
    }
}
