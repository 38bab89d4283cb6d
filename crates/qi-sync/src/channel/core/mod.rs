//! What senders and receivers of a channel share: values, those who wait, and who is still there.
//!
//! A channel is closed when its last sender or its last receiver goes, or when a receiver says so.

mod line;
mod meet;
mod reader;
mod seekers;
mod store;

pub(crate) use reader::{Access, Reader};
pub(crate) use seekers::Seat;
pub(crate) use store::Closed;

use super::queue::{MAX_RESERVED, Popped, Queue, Refused, Turn};
use crate::sync::{AtomicUsize, Mutex};
use meet::Meet;
use qi_sched::wait_queue::WaiterKey;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{Context, Poll, ready};
use store::Store;

/// How a channel keeps values.
enum Kind<T> {
    Store(Store<T>),
    Meet(Meet<T>),
}

pub(crate) struct Chan<T> {
    kind: Kind<T>,
    senders: AtomicUsize,
    weak_senders: AtomicUsize,
    receivers: AtomicUsize,
    /// Whether there may be several receivers.
    shared: bool,
    /// Held by who takes a value out after the last receiver has gone.
    leaving: Mutex<()>,
}

/// How much a new channel holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Capacity {
    Values(usize),
    Unbounded,
    Rendezvous,
}

/// Makes a channel with one sender and one receiver.
///
/// # Panics
/// If the capacity is zero or above the limit.
#[track_caller]
pub(crate) fn channel<T>(capacity: Capacity, shared: bool) -> (Tx<T>, Reader<T>) {
    let kind = match capacity {
        Capacity::Values(count) => {
            assert!(
                (1..=MAX_RESERVED).contains(&count),
                "the capacity of a channel is {count}, accepted is 1 to {MAX_RESERVED}; there are \
                 rendezvous channels and unbounded ones, too",
            );
            Kind::Store(Store::new(Queue::bounded(count), shared))
        }
        Capacity::Unbounded => Kind::Store(Store::new(Queue::unbounded(shared), shared)),
        Capacity::Rendezvous => Kind::Meet(Meet::new()),
    };
    let chan = Arc::new(Chan {
        kind,
        senders: AtomicUsize::new(1),
        weak_senders: AtomicUsize::new(0),
        receivers: AtomicUsize::new(1),
        shared,
        leaving: Mutex::new(()),
    });
    (Tx(chan.clone()), Reader::new(chan))
}

impl<T> Chan<T> {
    pub(crate) fn close(&self) -> bool {
        match &self.kind {
            Kind::Store(store) => store.close(),
            Kind::Meet(meet) => meet.close(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match &self.kind {
            Kind::Store(store) => store.queue.word().is_closed(),
            Kind::Meet(meet) => meet.is_closed(),
        }
    }

    /// Whether nothing can be received any more.
    pub(crate) fn is_end(&self) -> bool {
        match &self.kind {
            Kind::Store(store) => {
                let word = store.queue.word();
                word.is_closed() && word.reserved() == 0 && store.queue.len() == 0
            }
            Kind::Meet(meet) => meet.is_end(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.kind {
            Kind::Store(store) => store.queue.len(),
            Kind::Meet(meet) => meet.len(),
        }
    }

    /// The most values that it holds; `None` if there is no limit.
    pub(crate) fn max_capacity(&self) -> Option<usize> {
        match &self.kind {
            Kind::Store(store) => store.queue.capacity(),
            Kind::Meet(_) => Some(0),
        }
    }

    /// Places that are neither filled nor reserved; `None` if there is no limit.
    pub(crate) fn capacity(&self) -> Option<usize> {
        match &self.kind {
            Kind::Store(store) => {
                let reserved = store.queue.word().reserved();
                Some(store.queue.capacity()?.saturating_sub(store.queue.len() + reserved))
            }
            Kind::Meet(meet) => Some(meet.demand()),
        }
    }

    /// The most that can be reserved at a time.
    pub(crate) fn most_reserved(&self) -> usize {
        match &self.kind {
            Kind::Store(store) => store.queue.most_reserved(),
            // A receiver gives one place at a time.
            Kind::Meet(_) if !self.shared => 1,
            Kind::Meet(_) => MAX_RESERVED,
        }
    }

    pub(crate) fn senders(&self) -> usize {
        // Acquire: who sees that a sender is gone sees what it did.
        self.senders.load(Acquire)
    }

    pub(crate) fn weak_senders(&self) -> usize {
        // Acquire: as for `senders`.
        self.weak_senders.load(Acquire)
    }

    pub(crate) fn receivers(&self) -> usize {
        // Acquire: as for `senders`.
        self.receivers.load(Acquire)
    }

    #[inline]
    pub(crate) fn try_send(&self, value: T) -> Result<(), (Refused, T)> {
        match &self.kind {
            Kind::Store(store) => store.try_send(value),
            Kind::Meet(meet) => meet.try_send(value),
        }
    }

    #[inline]
    pub(crate) fn poll_send(
        &self,
        value: &mut Option<T>,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        match &self.kind {
            Kind::Store(store) => match store.send_now(value, seat) {
                Some(sent) => Poll::Ready(sent),
                None => self.send_in_line(store, value, seat, cx),
            },
            Kind::Meet(meet) => meet.poll_send(value, seat, cx),
        }
    }

    /// Waits for room, and sends, unless the last receiver went after there was room.
    #[inline(never)]
    fn send_in_line(
        &self,
        store: &Store<T>,
        value: &mut Option<T>,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        ready!(store.poll_reserve(1, seat, cx))?;
        if self.receivers() == 0 {
            store.release(1);
            return Poll::Ready(Err(Closed));
        }
        if let Some(value) = value.take() {
            self.send_reserved(value);
        }
        Poll::Ready(Ok(()))
    }

    /// Ends a sending future early; the value comes back into `value` if nobody has it.
    pub(crate) fn cancel_send(&self, value: &mut Option<T>, seat: &mut Option<WaiterKey>) {
        match &self.kind {
            Kind::Store(store) => store.leave_line(1, seat),
            Kind::Meet(meet) => {
                if let Some(taken_back) = meet.withdraw_offer(seat) {
                    *value = Some(taken_back);
                }
            }
        }
    }

    pub(crate) fn try_reserve(&self, count: usize) -> Result<(), Refused> {
        match &self.kind {
            Kind::Store(store) => store.queue.reserve(count, Turn::Newcomer),
            Kind::Meet(meet) => meet.try_reserve(count),
        }
    }

    pub(crate) fn poll_reserve(
        &self,
        count: usize,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        match &self.kind {
            Kind::Store(store) => store.poll_reserve(count, seat, cx),
            Kind::Meet(meet) => meet.poll_reserve(count, seat, cx),
        }
    }

    /// Ends a reserving future early.
    pub(crate) fn cancel_reserve(&self, count: usize, seat: &mut Option<WaiterKey>) {
        match &self.kind {
            Kind::Store(store) => store.leave_line(count, seat),
            Kind::Meet(meet) => meet.leave_line(count, seat),
        }
    }

    pub(crate) fn send_reserved(&self, value: T) {
        match &self.kind {
            Kind::Store(store) => store.send_reserved(value),
            Kind::Meet(meet) => meet.send_reserved(value),
        }
        // The last receiver may have gone meanwhile, and looked for what was left too early.
        if self.receivers() == 0 {
            self.drop_left();
        }
    }

    pub(crate) fn release(&self, count: usize) {
        match &self.kind {
            Kind::Store(store) => store.release(count),
            Kind::Meet(meet) => meet.release(count),
        }
    }

    pub(crate) fn poll_closed(
        &self,
        seat: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match &self.kind {
            Kind::Store(store) => store.poll_closed(seat, cx),
            Kind::Meet(meet) => meet.poll_closed(seat, cx),
        }
    }

    pub(crate) fn cancel_closed(&self, seat: &mut Option<WaiterKey>) {
        match &self.kind {
            Kind::Store(store) => store.leave_closers(seat),
            Kind::Meet(meet) => meet.leave_closers(seat),
        }
    }

    /// `Err(true)` is the end. `pop` takes from this channel's queue.
    #[inline]
    fn try_recv(&self, mut pop: impl FnMut(&Queue<T>) -> Popped<T>) -> Result<T, bool> {
        match &self.kind {
            Kind::Store(store) => {
                store.try_recv(&mut pop).map_err(|word| word.is_closed() && word.reserved() == 0)
            }
            Kind::Meet(meet) => meet.try_recv(),
        }
    }

    #[inline]
    fn poll_recv(
        &self,
        mut pop: impl FnMut(&Queue<T>) -> Popped<T>,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        match &self.kind {
            Kind::Store(store) => store.poll_recv(&mut pop, seat, cx),
            Kind::Meet(meet) => meet.poll_recv(seat, cx),
        }
    }

    /// Ends a receiving future early.
    pub(crate) fn cancel_recv(&self, seat: &mut Seat) {
        match &self.kind {
            Kind::Store(store) => store.leave_seekers(seat),
            Kind::Meet(meet) => meet.leave_seekers(seat),
        }
    }
}

/// A sender's share of a channel: counted.
pub(crate) struct Tx<T>(Arc<Chan<T>>);

impl<T> Tx<T> {
    pub(crate) fn chan(&self) -> &Arc<Chan<T>> {
        &self.0
    }
}

impl<T> Clone for Tx<T> {
    fn clone(&self) -> Self {
        // Relaxed: it starts from a sender that lives.
        self.0.senders.fetch_add(1, Relaxed);
        Self(self.0.clone())
    }
}

impl<T> Drop for Tx<T> {
    fn drop(&mut self) {
        // AcqRel: the last one sees what the others did before it closes.
        if self.0.senders.fetch_sub(1, AcqRel) == 1 {
            self.0.close();
        }
    }
}

/// A sender's share that does not keep the channel open.
pub(crate) struct WeakTx<T>(Arc<Chan<T>>);

impl<T> WeakTx<T> {
    pub(crate) fn new(tx: &Tx<T>) -> Self {
        Self::of(&tx.0)
    }

    pub(crate) fn of(chan: &Arc<Chan<T>>) -> Self {
        // Relaxed: a figure.
        chan.weak_senders.fetch_add(1, Relaxed);
        Self(chan.clone())
    }

    pub(crate) fn chan(&self) -> &Arc<Chan<T>> {
        &self.0
    }

    /// A sender again, if one still lives.
    pub(crate) fn upgrade(&self) -> Option<Tx<T>> {
        let more = |count: usize| (count > 0).then_some(count + 1);
        // AcqRel, Acquire: as for `Tx`.
        self.0.senders.fetch_update(AcqRel, Acquire, more).ok()?;
        Some(Tx(self.0.clone()))
    }
}

impl<T> Clone for WeakTx<T> {
    fn clone(&self) -> Self {
        Self::of(&self.0)
    }
}

impl<T> Drop for WeakTx<T> {
    fn drop(&mut self) {
        // Relaxed: a figure.
        self.0.weak_senders.fetch_sub(1, Relaxed);
    }
}
