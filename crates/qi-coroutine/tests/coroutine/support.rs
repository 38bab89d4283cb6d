//! What the tests share: coroutines in one line, a future that must be woken, a count of drops.
#![forbid(unsafe_code)]

use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig};
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub(crate) const SMALL: usize = 64 * 1024;

/// A pool of small stacks that keeps few.
pub(crate) fn small_pool() -> Arc<StackPool> {
    StackPool::new(StackPoolConfig::default().max_stack_size(SMALL).stack_pool_size(4)).unwrap()
}

pub(crate) fn coroutine<T>(pool: &Arc<StackPool>, f: impl FnOnce() -> T + 'static) -> Coroutine<T> {
    Coroutine::new(pool.take(None).unwrap(), Label::new("test"), f)
}

pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A door for one thread: whoever passes waits until it is open.
#[derive(Clone, Default)]
pub(crate) struct Door(Rc<DoorInside>);

#[derive(Default)]
struct DoorInside {
    is_open: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
    polls: Cell<usize>,
}

impl Door {
    pub(crate) fn open(&self) {
        self.0.is_open.set(true);
        self.0.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// How often somebody looked.
    pub(crate) fn polls(&self) -> usize {
        self.0.polls.get()
    }
}

impl Future for Door {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.polls.set(self.0.polls.get() + 1);
        if self.0.is_open.get() {
            return Poll::Ready(());
        }
        self.0.waiting.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }
}

/// Counts how often it was dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Rc<Cell<usize>>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }

    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }
}

pub(crate) struct DropGuard(Drops);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() + 1);
    }
}
