//! Operations of the outside world that end a future: polled where they are woken, without a task.
//!
//! A socket that is ready, or a time that has come, is found by a thread of the runtime. It polls the
//! operation there and then, and whoever waits for the future is queued on that thread: nothing is handed
//! to another one.
//!
//! # States
//! *idle* (its future lies in `idle`) → *polled* (whoever took the future out polls it) → *idle* or *ended*
//!
//! # Protocol
//! Who wakes it takes the future out and polls it; a wake that finds nothing there is noted, and whoever
//! polls asks for another poll then. That one is a task's: an operation that is always ready lets others
//! run. Nothing is polled or dropped under the lock.
//!
//! # Rejected alternatives
//! A task for each: two workers hand one to each other for every message, 86 µs for a round trip.
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::strand::{Kind, Strand, Value};
use crate::{arena, quiet, run};

type Work = Pin<Box<dyn Future<Output = (Value, i64)> + Send>>;

struct Operation {
    strand: &'static Strand,
    state: Mutex<State>,
}

struct State {
    /// `None` while it is polled, and when it has ended.
    idle: Option<Work>,
    /// Woken while it was polled.
    again: bool,
}

/// Begins one; what it comes to is the strand's end.
pub(crate) fn begin<F>(work: F) -> &'static Strand
where
    F: Future<Output = (Value, i64)> + Send + 'static,
{
    let strand = arena::claim(Kind::Outside);
    quiet::up();
    let state = State { idle: Some(Box::pin(work)), again: false };
    Arc::new(Operation { strand, state: Mutex::new(state) }).poll();
    strand
}

impl Operation {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(self: &Arc<Self>) {
        let Some(mut work) = self.take() else { return };
        let waker = Waker::from(Arc::clone(self));
        // Timers and sockets want to know whose they are.
        let polled = run::handle().enter(|| work.as_mut().poll(&mut Context::from_waker(&waker)));
        match polled {
            Poll::Ready((kind, value)) => {
                drop(work);
                self.strand.complete(kind, value);
                quiet::down();
                quiet::nudge();
            }
            Poll::Pending if self.put_back(work) => {}
            Poll::Pending => {
                let again = Arc::clone(self);
                drop(run::handle().spawn(async move { again.poll() }));
            }
        }
    }

    fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        let work = state.idle.take();
        state.again = work.is_none();
        work
    }

    /// `false` if it was woken meanwhile.
    fn put_back(&self, work: Work) -> bool {
        let mut state = self.lock();
        state.idle = Some(work);
        !state.again
    }
}

impl Wake for Operation {
    fn wake(self: Arc<Self>) {
        self.poll();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.poll();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    fn ended(strand: &'static Strand) -> i64 {
        // As a thread of the program waits.
        crate::future::value(strand.address(), crate::future::As::Integer).map_or_else(
            |_| panic!("it ended well"),
            |given| match given {
                crate::future::Given::Bits(bits) => bits,
                crate::future::Given::Text(_) => panic!("it is a number"),
            },
        )
    }

    #[test]
    fn operation_that_wakes_itself_while_it_is_polled_is_polled_again() {
        let mut left = 100;
        let strand = begin(poll_fn(move |context| {
            if left == 0 {
                return Poll::Ready((Value::Bits, 7));
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(ended(strand), 7);
    }

    #[test]
    fn wakes_from_many_threads_end_it_once_and_it_is_polled_by_one_at_a_time() {
        const THREADS: usize = 4;
        static WAKERS: Mutex<Vec<Waker>> = Mutex::new(Vec::new());
        static TOLD: AtomicUsize = AtomicUsize::new(0);
        static INSIDE: AtomicUsize = AtomicUsize::new(0);
        let strand = begin(poll_fn(|context| {
            assert_eq!(INSIDE.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            let waker = context.waker().clone();
            WAKERS.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
            let all = TOLD.load(Ordering::SeqCst) == THREADS;
            INSIDE.fetch_sub(1, Ordering::SeqCst);
            if all { Poll::Ready((Value::Bits, 9)) } else { Poll::Pending }
        }));
        let waker = WAKERS.lock().unwrap_or_else(PoisonError::into_inner)[0].clone();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    TOLD.fetch_add(1, Ordering::SeqCst);
                    waker.wake_by_ref();
                });
            }
        });
        assert_eq!(ended(strand), 9);
    }
}
