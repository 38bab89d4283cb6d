//! Channels.

use std::cell::Cell;
use std::ffi::c_void;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{ChannelRef, Sent, operation, polling_now, shell, waiting, waiting_for};
use crate::boundary;
use crate::channel::{Channel, Handing, Sending};
use crate::code::Code;
use crate::memory::{Dropper, Place, Shape};
use crate::object::{self, Here};
use crate::pointer::Out;
use crate::poll_context::{self, Key, PollContext, Start};
use crate::suspend;

/// Makes a channel for values of `element_size` bytes aligned to `element_align` (0: 16), with room for
/// `capacity` of them; 0: a sender waits for its receiver; `QI_UNBOUNDED`: any number. `element_drop`
/// (may be null) drops values that nobody receives.
///
/// # Safety
/// `out` is valid for writing a handle; `element_drop` may be called on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_create(
    element_size: usize,
    element_align: usize,
    capacity: usize,
    element_drop: Dropper,
    out: *mut ChannelRef,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        let shape = Shape::new(element_size, element_align, element_drop)?;
        out.put(object::publish(Channel::new(shape, capacity)?)?);
        Ok(Code::OK)
    })
}

/// A copy of the caller's value.
///
/// # Safety
/// `element` is null or valid for reading as many bytes as the channel's values have.
pub(super) unsafe fn copied(channel: &Channel, element: *const c_void) -> Result<Place, Code> {
    let shape = channel.shape();
    if element.is_null() && shape.size() > 0 {
        return Err(Code::ERR_NULL);
    }
    let mut place = Place::new(shape)?;
    // SAFETY: as the caller promises; the place is empty.
    unsafe { place.fill_from(element) };
    Ok(place)
}

/// Sends a copy of a value, which belongs to the channel as soon as this answers `QI_OK`; with any other
/// answer the value stays the caller's. Waits for room. `QI_ERR_CLOSED` if the channel is closed.
/// SUSPENDS.
///
/// # Safety
/// `element` is valid for reading as many bytes as the channel's values have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_send(channel: ChannelRef, element: *const c_void) -> i32 {
    shell(|| {
        suspend::refuse_in_a_poll()?;
        let channel = object::find::<Channel>(channel)?;
        // SAFETY: as the caller promises.
        let value = unsafe { copied(&channel, element) }?;
        match channel.send_now(value)? {
            None => Ok(Code::OK),
            Some(value) => {
                let sent = Cell::new(false);
                let outcome = suspend::wait(Sending::new(channel, value, &sent));
                if sent.get() { Ok(Code::OK) } else { outcome? }
            }
        }
    })
}

/// As `qi_chan_send`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
///
/// # Safety
/// As `qi_chan_send`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_send_timeout(
    channel: ChannelRef,
    element: *const c_void,
    timeout_ns: u64,
) -> i32 {
    let sent = Cell::new(false);
    let outcome = waiting_for(timeout_ns, || {
        let channel = object::find::<Channel>(channel)?;
        // SAFETY: as the caller promises.
        let value = unsafe { copied(&channel, element) }?;
        Ok(Sending::new(channel, value, &sent))
    });
    // A receiver may have taken it at the last moment.
    if sent.get() { Code::OK.0 } else { outcome }
}

/// As `qi_chan_send`, but does not wait: `QI_ERR_FULL`.
///
/// # Safety
/// As `qi_chan_send`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_try_send(channel: ChannelRef, element: *const c_void) -> i32 {
    shell(|| {
        let channel = object::find::<Channel>(channel)?;
        // SAFETY: as the caller promises.
        let value = unsafe { copied(&channel, element) }?;
        channel.try_send(value).map(|()| Code::OK).map_err(|(value, code)| {
            value.forget();
            code
        })
    })
}

/// The twin of `qi_chan_send` for poll functions. The value is copied by the first call, and is the
/// caller's again if the operation is given up. In a channel without room it goes to a receiver that waits,
/// not to one that only looks (`qi_chan_try_recv`).
///
/// # Safety
/// As `qi_chan_send`; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_poll_send(
    channel: ChannelRef,
    cx: *mut PollContext,
    element: *const c_void,
) -> i32 {
    let key = Key { handle: channel, operation: operation::SEND, data: element as usize };
    shell(|| {
        poll_context::poll_or_keep(cx, key, || {
            let channel = object::find::<Channel>(channel)?;
            // SAFETY: as the caller promises.
            let value = unsafe { copied(&channel, element) }?;
            // Most find room, and are no operation at all.
            Ok(match channel.send_now(value)? {
                None => Start::Done,
                Some(value) => Start::Waits(Handing::new(channel, value)),
            })
        })
    })
}

type Rest = Pin<Box<dyn Future<Output = Result<Place, Code>> + Send>>;

/// Receives a value into its place; what waits is made only if there is none at once.
pub(super) struct Receiving {
    channel: Option<Here<Channel>>,
    rest: Option<Rest>,
    to: Sent<c_void>,
}

impl Receiving {
    pub(super) fn new(channel: ChannelRef, to: *mut c_void) -> Result<Self, Code> {
        Ok(Self { channel: Some(object::find(channel)?), rest: None, to: room(to)? })
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Place, Code>> {
        if let Some(channel) = self.channel.take() {
            match channel.receive_now() {
                Ok(Some(value)) => return Poll::Ready(Ok(value)),
                Err(code) => return Poll::Ready(Err(code)),
                Ok(None) => {}
            }
            self.rest = Some(Box::pin(async move { channel.receive().await }));
        }
        match &mut self.rest {
            Some(rest) => rest.as_mut().poll(cx),
            None => Poll::Ready(Err(Code::ERR_FINISHED)),
        }
    }
}

impl Future for Receiving {
    type Output = Result<Code, Code>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(received) = self.receive(cx) else { return Poll::Pending };
        Poll::Ready(received.map(|mut value| {
            // SAFETY: the caller of the exported function promised room for a value.
            unsafe { value.move_to(self.to.get()) };
            Code::OK
        }))
    }
}

fn room(to: *mut c_void) -> Result<Sent<c_void>, Code> {
    if to.is_null() { Err(Code::ERR_NULL) } else { Ok(Sent(to)) }
}

/// Receives a value into `element`. Waits for one. `QI_ERR_CLOSED` if the channel is closed and empty.
/// SUSPENDS.
///
/// # Safety
/// `element` is valid for writing as many bytes as the channel's values have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_recv(channel: ChannelRef, element: *mut c_void) -> i32 {
    waiting(|| Receiving::new(channel, element))
}

/// As `qi_chan_recv`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
///
/// # Safety
/// As `qi_chan_recv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_recv_timeout(
    channel: ChannelRef,
    element: *mut c_void,
    timeout_ns: u64,
) -> i32 {
    waiting_for(timeout_ns, || Receiving::new(channel, element))
}

/// As `qi_chan_recv`, but does not wait: `QI_ERR_EMPTY`.
///
/// # Safety
/// As `qi_chan_recv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_try_recv(channel: ChannelRef, element: *mut c_void) -> i32 {
    shell(|| {
        let to = room(element)?;
        let mut value = object::find::<Channel>(channel)?.try_receive()?;
        // SAFETY: as the caller promises.
        unsafe { value.move_to(to.get()) };
        Ok(Code::OK)
    })
}

/// The twin of `qi_chan_recv` for poll functions.
///
/// # Safety
/// As `qi_chan_recv`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_chan_poll_recv(
    channel: ChannelRef,
    cx: *mut PollContext,
    element: *mut c_void,
) -> i32 {
    let key = Key { handle: channel, operation: operation::RECEIVE, data: element as usize };
    polling_now(cx, key, || Receiving::new(channel, element))
}

/// Closes a channel: nothing more can be sent, what is inside can still be received. Closing again is
/// no error.
#[unsafe(no_mangle)]
pub extern "C" fn qi_chan_close(channel: ChannelRef) -> i32 {
    shell(|| {
        object::find::<Channel>(channel)?.close();
        Ok(Code::OK)
    })
}

/// How many values are inside, 0 if the handle is none of a channel.
#[unsafe(no_mangle)]
pub extern "C" fn qi_chan_len(channel: ChannelRef) -> usize {
    boundary::value(0, || object::find::<Channel>(channel).map_or(0, |channel| channel.len()))
}
