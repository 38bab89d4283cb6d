//! Connections as a stream of values.

use super::accept::{Patience, Retry};
use super::listener::TcpListener;
use super::stream::TcpStream;
use futures_util::Stream;
use qi_reactor::Delay;
use qi_sched::coop;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Connections one after the other, without end. Made by [`TcpListener::incoming`].
///
/// An error does not end it: the next item is tried for anew.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
    patience: Patience,
    pause: Option<Delay>,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(listener: &'a TcpListener) -> Self {
        Self { listener, patience: Patience::new(), pause: None }
    }
}

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(pause) = &mut this.pause {
                let waited = ready!(pause.poll_done(cx));
                this.pause = None;
                if let Err(error) = waited {
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
            let progress = ready!(coop::poll_proceed(cx));
            let accepted = ready!(this.listener.poll_accept_once(cx));
            progress.made_progress();
            let error = match accepted {
                Ok((stream, _)) => {
                    this.patience = Patience::new();
                    return Poll::Ready(Some(Ok(stream)));
                }
                Err(error) => error,
            };
            match this.patience.judge(error) {
                Ok(Retry::AtOnce) => {}
                Ok(Retry::After(pause)) => this.pause = Some(this.listener.pause(pause)),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}
