//! What the tests share: coroutines in one line, a future that must be woken, a count of drops.
#![forbid(unsafe_code)]

use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig};
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::process::{Command, Output};
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

/// Set in processes that `alone` starts.
const ALONE: &str = "QI_TEST_ALONE";

/// Runs `victim`, the part of the test `name` that wants a process of its own, in one, and shows
/// what became of it to `look`.
pub(crate) fn alone(name: &str, victim: impl FnOnce(), look: impl FnOnce(Output)) {
    if std::env::var_os(ALONE).is_some() {
        return victim();
    }
    let own = std::env::current_exe().unwrap();
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    look(Command::new(own).args(arguments).env(ALONE, "1").output().unwrap());
}

/// A process that must succeed.
pub(crate) fn assert_success(output: Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
}
