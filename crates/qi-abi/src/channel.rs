//! Channels of values whose size is known at run time only.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use qi_runtime::channel::{MAX_CAPACITY, mpmc};
use qi_runtime::coop;

use crate::code::Code;
use crate::memory::{Place, Shape};
use crate::object::Here;

/// A capacity that means "without a limit": `QI_UNBOUNDED` of the header.
pub(crate) const UNBOUNDED: usize = usize::MAX;

/// A channel behind a handle: both ends are in it.
pub(crate) struct Channel {
    shape: Shape,
    /// A sender waits for its receiver.
    has_room: bool,
    sender: mpmc::Sender<Place>,
    receiver: mpmc::Receiver<Place>,
}

impl Channel {
    pub(crate) fn new(shape: Shape, capacity: usize) -> Result<Self, Code> {
        let (sender, receiver) = match capacity {
            UNBOUNDED => mpmc::unbounded(),
            0 => mpmc::rendezvous(),
            1..=MAX_CAPACITY => mpmc::bounded(capacity),
            _ => return Err(Code::ERR_INVALID),
        };
        Ok(Self { shape, has_room: capacity > 0, sender, receiver })
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether a value can be inside that nobody receives at that moment.
    pub(crate) fn has_room(&self) -> bool {
        self.has_room
    }

    pub(crate) fn try_send(&self, value: Place) -> Result<(), (Place, Code)> {
        self.sender.try_send(value).map_err(|error| {
            let code = if error.is_full() { Code::ERR_FULL } else { Code::ERR_CLOSED };
            (error.into_inner(), code)
        })
    }

    /// Sends, if that need not wait; else gives the value back.
    ///
    /// # Errors
    /// [`Code::ERR_CLOSED`]; the value is forgotten, since it is still the caller's.
    pub(crate) fn send_now(&self, value: Place) -> Result<Option<Place>, Code> {
        let Some(progress) = budget() else { return Ok(Some(value)) };
        match self.try_send(value) {
            Ok(()) => {
                progress.made_progress();
                Ok(None)
            }
            Err((value, Code::ERR_FULL)) => Ok(Some(value)),
            Err((value, code)) => {
                value.forget();
                Err(code)
            }
        }
    }

    /// Receives, if that need not wait.
    ///
    /// # Errors
    /// [`Code::ERR_CLOSED`]
    pub(crate) fn receive_now(&self) -> Result<Option<Place>, Code> {
        let Some(progress) = budget() else { return Ok(None) };
        match self.try_receive() {
            Ok(value) => {
                progress.made_progress();
                Ok(Some(value))
            }
            Err(Code::ERR_EMPTY) => Ok(None),
            Err(code) => Err(code),
        }
    }

    pub(crate) async fn receive(&self) -> Result<Place, Code> {
        self.receiver.recv().await.ok_or(Code::ERR_CLOSED)
    }

    pub(crate) fn try_receive(&self) -> Result<Place, Code> {
        self.receiver.try_recv().map_err(|error| match error {
            mpmc::TryRecvError::Empty => Code::ERR_EMPTY,
            _ => Code::ERR_CLOSED,
        })
    }

    /// Nothing more can be sent; what is inside can still be received.
    pub(crate) fn close(&self) {
        self.receiver.close();
    }

    pub(crate) fn len(&self) -> usize {
        self.receiver.len()
    }
}

/// A unit of the task's budget, if there is one left: what does not wait spends it as well, so that a task
/// that never waits still lets others run.
fn budget() -> Option<coop::Progress> {
    match coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(progress) => Some(progress),
        Poll::Pending => None,
    }
}

impl Here<Channel> {
    /// The sender, for longer than this is borrowed.
    ///
    /// # Safety
    /// What borrows from it goes before this does.
    unsafe fn lasting_sender(&self) -> &'static mpmc::Sender<Place> {
        let sender: *const mpmc::Sender<Place> = &self.sender;
        // SAFETY: the channel lies in its slot, does not move, and stays there as long as this lives,
        // which is longer than what borrows from it, as the caller promises.
        unsafe { &*sender }
    }
}

/// Sends a value, and waits for room, in a call that suspends. A value that is not sent is not dropped but
/// forgotten: it is still the caller's, of whose value it is a copy.
///
/// In a channel without room a receiver takes the value, at any moment. So if this is dropped before it is
/// ready, it says in `sent` whether that has happened.
pub(crate) struct Sending<'s> {
    /// Borrows from `channel`, so it comes first: it is dropped first.
    sending: Option<mpmc::Sending<'static, Place>>,
    sent: &'s Cell<bool>,
    _channel: Here<Channel>,
}

impl<'s> Sending<'s> {
    pub(crate) fn new(channel: Here<Channel>, value: Place, sent: &'s Cell<bool>) -> Self {
        // SAFETY: `_channel` is dropped last.
        let sending = unsafe { channel.lasting_sender() }.send(value);
        Self { sending: Some(sending), sent, _channel: channel }
    }
}

impl Future for Sending<'_> {
    type Output = Result<Code, Code>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(sending) = &mut self.sending else { return Poll::Ready(Err(Code::ERR_FINISHED)) };
        let Poll::Ready(sent) = Pin::new(sending).poll(cx) else { return Poll::Pending };
        self.sending = None;
        Poll::Ready(match sent {
            Ok(()) => Ok(Code::OK),
            Err(error) => {
                error.into_inner().forget();
                Err(Code::ERR_CLOSED)
            }
        })
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        match self.sending.take().map(mpmc::Sending::into_value) {
            Some(Some(unsent)) => unsent.forget(),
            Some(None) => self.sent.set(true),
            None => {}
        }
    }
}

/// Sends a value, and waits for room, as one of several things that may be done. Nobody takes the value: it
/// is sent by the poll that says so, or not at all, and then it is still the caller's, as above. In a
/// channel without room it is handed to a receiver that waits.
pub(crate) struct Handing {
    /// Borrows from `channel`, so it comes first: it is dropped first.
    place: Option<mpmc::Reserve<'static, Place>>,
    value: Option<Place>,
    _channel: Here<Channel>,
}

impl Handing {
    pub(crate) fn new(channel: Here<Channel>, value: Place) -> Self {
        // SAFETY: `_channel` is dropped last.
        let place = unsafe { channel.lasting_sender() }.reserve();
        Self { place: Some(place), value: Some(value), _channel: channel }
    }
}

impl Future for Handing {
    type Output = Result<Code, Code>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(place) = &mut self.place else { return Poll::Ready(Err(Code::ERR_FINISHED)) };
        let Poll::Ready(permit) = Pin::new(place).poll(cx) else { return Poll::Pending };
        self.place = None;
        let (Ok(permit), Some(value)) = (permit, self.value.take()) else {
            return Poll::Ready(Err(Code::ERR_CLOSED));
        };
        Poll::Ready(permit.send(value).map(|()| Code::OK).map_err(|error| {
            error.into_inner().forget();
            Code::ERR_CLOSED
        }))
    }
}

impl Drop for Handing {
    fn drop(&mut self) {
        self.value.take().into_iter().for_each(Place::forget);
    }
}
