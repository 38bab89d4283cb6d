//! The event: set, it lets through whoever waits; one that resets itself lets through one each time.
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use qi_runtime::sync::{self, Notify};

use crate::code::Code;

/// An event behind a handle.
pub(crate) enum Event {
    Manual(Box<sync::Event>),
    /// Keeps one notice at most for whoever comes next.
    Automatic(Box<Notify>),
}

impl Event {
    pub(crate) fn new(resets_itself: bool) -> Self {
        if resets_itself {
            Event::Automatic(Box::new(Notify::new()))
        } else {
            Event::Manual(Box::new(sync::Event::new()))
        }
    }

    pub(crate) fn set(&self) {
        match self {
            Event::Manual(event) => {
                event.set();
            }
            Event::Automatic(notify) => notify.notify_one(),
        }
    }

    pub(crate) fn reset(&self) {
        match self {
            Event::Manual(event) => {
                event.reset();
            }
            Event::Automatic(notify) => {
                // Takes the notice if there is one; if not, the wait is dropped at once.
                let mut cx = Context::from_waker(Waker::noop());
                let _ = pin!(notify.notified()).poll(&mut cx);
            }
        }
    }

    pub(crate) async fn wait(&self) -> Result<Code, Code> {
        match self {
            Event::Manual(event) => event.wait().await,
            Event::Automatic(notify) => notify.notified().await,
        }
        Ok(Code::OK)
    }
}
