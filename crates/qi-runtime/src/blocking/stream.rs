//! A device that blocks, as a stream to be polled.
//!
//! # Protocol
//! A read asks a blocking call for a whole chunk and gives the user as much as there is room for; the
//! rest waits in the inbox. A write copies the user's bytes into the outbox and is done; one blocking
//! call takes from there until nothing is left. A failed write is told to the next write, flush,
//! seek, or sync, once.
//!
//! The lock is held for copies and never while the device is used, a waker is called, or a call is
//! sent off.
//!
//! # Rejected alternatives
//! * Writes that are ready only when the system has the bytes: a future that is dropped and made anew
//!   with other bytes could not be told from one that is polled again.
//! * Positional reads and writes at a cursor of our own: appending files, pipes and consoles have no
//!   positions, and a file that is shared with another handle shares its cursor.
//! * One blocking call per write: a line of a log would cost a thread's wake-up each.

use super::device::Device;
use super::job::{Call, Job};
use super::state::{Busy, LONGEST_CHUNK, ROOM, State};
use super::wake::wake;
use crate::handle::Handle;
use qi_sched::coop;
use qi_sync::Notify;
use std::io::{self, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

/// What the user's side and the calls share.
pub(super) struct Shared<D: Device> {
    pub(super) device: D,
    pub(super) handle: Handle,
    state: Mutex<State>,
    /// A call has ended.
    settled: Notify,
}

impl<D: Device> Shared<D> {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Only copies happen under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a call ended.
    pub(super) fn settle(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        note(&mut state);
        self.end(state);
    }

    /// The call has ended: tells whoever waits for that.
    pub(super) fn end(&self, mut state: MutexGuard<'_, State>) {
        let waker = state.settle();
        drop(state);
        self.settled.notify_waiters();
        wake(waker);
    }
}

impl<D: Device> Drop for Shared<D> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &state.fault {
            tracing::warn!(%error, "a write failed, and its file was dropped without being asked");
        }
    }
}

/// The user's side.
pub(crate) struct Stream<D: Device>(Arc<Shared<D>>);

impl<D: Device> Stream<D> {
    pub(crate) fn new(handle: Handle, device: D) -> Self {
        let state = Mutex::new(State::new());
        Self(Arc::new(Shared { device, handle, state, settled: Notify::new() }))
    }

    pub(crate) fn device(&self) -> &D {
        &self.0.device
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let progress = ready!(coop::poll_proceed(cx));
        let result = ready!(self.poll_with(cx, |state, armed| {
            if state.busy != Busy::Idle {
                return Look::Wait;
            }
            if state.ahead() > 0 {
                state.sought = None;
                return Look::Ready(Ok(state.give(buffer)));
            }
            if let Some(ended) = state.ended.take() {
                return Look::Ready(ended.map(|()| 0));
            }
            if !armed {
                return Look::Wait;
            }
            state.sought = None;
            state.chunk = buffer.len().clamp(state.chunk, LONGEST_CHUNK);
            state.busy = Busy::Reading;
            Look::Begin(Job::Read(state.lend_inbox(), state.chunk))
        }));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let mut begins = false;
        let result = ready!(self.poll_with(cx, |state, _| {
            if let Some(error) = state.fault.take() {
                return Look::Ready(Err(error));
            }
            if bytes.is_empty() {
                return Look::Ready(Ok(0));
            }
            let writable = matches!(state.busy, Busy::Idle | Busy::Writing);
            if !writable || !state.has_room(bytes.len()) {
                return Look::Wait;
            }
            state.ended = None;
            state.sought = None;
            let count = bytes.len().min(ROOM);
            state.outbox.extend_from_slice(&bytes[..count]);
            begins = state.busy == Busy::Idle;
            state.busy = Busy::Writing;
            Look::Ready(Ok(count))
        }));
        if begins {
            Call::send(&self.0, Job::Write);
        }
        progress.made_progress();
        Poll::Ready(result)
    }

    /// Ready when the system has all that was written.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_with(cx, |state, _| match state.busy {
            Busy::Writing => Look::Wait,
            _ => Look::Ready(state.fault.take().map_or(Ok(()), Err)),
        })
    }

    pub(crate) fn poll_seek(&self, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        let progress = ready!(coop::poll_proceed(cx));
        let result = ready!(self.poll_with(cx, |state, armed| {
            if state.busy != Busy::Idle {
                return Look::Wait;
            }
            if let Some(error) = state.fault.take() {
                return Look::Ready(Err(error));
            }
            // That of a seek to elsewhere, which was given up, is of no use to this one.
            let sought = state.sought.take().filter(|(wanted, _)| *wanted == to);
            if let Some((_, Some(result))) = sought {
                return Look::Ready(result);
            }
            let Some(from_cursor) = from_cursor(to, state.ahead()) else {
                return Look::Ready(Err(io::ErrorKind::InvalidInput.into()));
            };
            if !armed {
                return Look::Wait;
            }
            state.ended = None;
            state.sought = Some((to, None));
            state.busy = Busy::Seeking;
            Look::Begin(Job::Seek(from_cursor))
        }));
        progress.made_progress();
        Poll::Ready(result)
    }

    /// Waits until no write is on its way.
    pub(crate) async fn written(&self) {
        self.until(|busy| busy != Busy::Writing).await;
    }

    /// Waits until no call is on its way.
    pub(crate) async fn idle(&self) {
        self.until(|busy| busy == Busy::Idle).await;
    }

    /// The error of a write that nobody was told of.
    pub(crate) fn take_fault(&self) -> io::Result<()> {
        self.0.lock().fault.take().map_or(Ok(()), Err)
    }

    /// How far the device's cursor is ahead of what was read.
    pub(crate) fn ahead(&self) -> usize {
        self.0.lock().ahead()
    }

    async fn until(&self, holds: impl Fn(Busy) -> bool) {
        loop {
            // Made before the look: it hears of an end that comes between.
            let settled = self.0.settled.notified();
            let busy = self.0.lock().busy;
            if holds(busy) {
                return;
            }
            settled.await;
        }
    }

    /// Looks under the lock until there is a result, or a waker in its place for when the call ends.
    ///
    /// `look` is told whether the waker is in its place: only then it may have a call begun.
    fn poll_with<R>(
        &self,
        cx: &Context<'_>,
        mut look: impl FnMut(&mut State, bool) -> Look<R>,
    ) -> Poll<R> {
        let mut mine: Option<Waker> = None;
        loop {
            let mut state = self.0.lock();
            let there = state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
            let armed = there || mine.is_some();
            let job = match look(&mut state, armed) {
                Look::Ready(result) => return Poll::Ready(result),
                Look::Wait if !armed => {
                    drop(state);
                    // Wakers are foreign code: neither cloned nor dropped under the lock.
                    mine = Some(cx.waker().clone());
                    continue;
                }
                Look::Wait => None,
                Look::Begin(job) => Some(job),
            };
            let old = mine.and_then(|waker| state.waker.replace(waker));
            drop(state);
            drop(old);
            if let Some(job) = job {
                Call::send(&self.0, job);
            }
            return Poll::Pending;
        }
    }
}

/// What a look at the state came to.
enum Look<R> {
    Ready(R),
    /// Until the call that is on its way has ended.
    Wait,
    /// The state says already that this call is on its way.
    Begin(Job),
}

impl<D: Device> Clone for Stream<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The same place, seen from a cursor that is `ahead` of the user. `None` if there is no such place.
fn from_cursor(to: SeekFrom, ahead: usize) -> Option<SeekFrom> {
    match to {
        SeekFrom::Current(offset) => {
            offset.checked_sub(i64::try_from(ahead).ok()?).map(SeekFrom::Current)
        }
        other => Some(other),
    }
}
