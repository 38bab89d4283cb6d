//! Coroutines where nobody knows how to switch stacks: a thread for each, and one of the two runs.
//!
//! Protocol: whose turn it is stands under a lock; whoever gives the turn away waits until it comes
//! back. So the two never run at once, and what they share may be plain cells. `!Send` values of
//! the coroutine stay on its own thread; thread-locals are the coroutine's, not its poller's. What its
//! poller has in some that the coroutine must find goes along with the turn ([`Along`]).
//!
//! It costs what threads cost: microseconds for a turn, and the system's limit on their number. A
//! thread begins at the first resume. Stack overflows are reported by the standard library, with
//! the coroutine's name.

use crate::along::Along;
use crate::head::Head;
use crate::label::Label;
use crate::stack::Stack;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::thread::{self, JoinHandle};

/// A closure on a thread of its own.
pub(crate) struct Fiber<R> {
    shared: Arc<Shared<R>>,
    /// Taken by the first resume.
    body: Option<Box<dyn FnOnce() -> R>>,
    thread: Option<JoinHandle<()>>,
    stack: Option<Stack>,
}

/// What the two threads share.
struct Shared<R> {
    head: Head,
    baton: Baton,
    result: Mutex<Option<R>>,
}

/// Whose turn it is, and what goes from thread to thread with it.
struct Baton {
    turn: Mutex<Turn>,
    changed: Condvar,
    along: Cell<Option<&'static dyn Along>>,
    /// What whoever gave the turn away was marked with.
    left: Cell<Option<Box<dyn Any>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Resumer,
    Coroutine,
}

impl Baton {
    /// Gives the turn to `next` and waits until it is no longer theirs.
    fn pass(&self, next: Turn) {
        self.hand(next);
        self.wait_while(next);
    }

    /// Gives the turn to `next`, with what the calling thread is marked with.
    fn hand(&self, next: Turn) {
        self.left.set(self.along.get().map(Along::leave));
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = next;
        self.changed.notify_all();
    }

    /// Waits until the turn is no longer that of `other`, and takes what comes with it.
    fn wait_while(&self, other: Turn) {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = |turn: &mut Turn| *turn == other;
        drop(self.changed.wait_while(turn, theirs).unwrap_or_else(PoisonError::into_inner));
        if let (Some(along), Some(marks)) = (self.along.get(), self.left.take()) {
            // SAFETY: who left the marks has given the turn away and waits for it, or has ended.
            unsafe { along.arrive(marks) };
        }
    }
}

/// Carries what the two threads may use in turns only.
struct InTurns<T>(T);

// SAFETY: the baton lets one of the two threads run at a time, and its lock orders what they do.
unsafe impl<T> Send for InTurns<T> {}

impl<T> InTurns<T> {
    /// By a method, so that a closure takes the whole and not the field.
    fn into_inner(self) -> T {
        self.0
    }
}

thread_local! {
    /// The coroutine that this thread is, and its baton.
    static OWN: Cell<(*const Head, *const Baton)> = const { Cell::new((ptr::null(), ptr::null())) };
}

impl<R: 'static> Fiber<R> {
    pub(crate) fn new(stack: Stack, label: Label, f: impl FnOnce() -> R + 'static) -> Self {
        let head = Head::new(&stack, label);
        let baton = Baton {
            turn: Mutex::new(Turn::Resumer),
            changed: Condvar::new(),
            along: Cell::new(None),
            left: Cell::new(None),
        };
        let shared = Arc::new(Shared { head, baton, result: Mutex::new(None) });
        Self { shared, body: Some(Box::new(f)), thread: None, stack: Some(stack) }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.shared.head
    }

    pub(crate) fn is_started(&self) -> bool {
        self.body.is_none()
    }

    /// See [`crate::Coroutine::take_along`].
    pub(crate) fn set_along(&self, along: &'static dyn Along) {
        self.shared.baton.along.set(Some(along));
    }

    /// Runs it until it is suspended or has ended, and then gives its result.
    ///
    /// # Panics
    /// The system refuses a thread. The coroutine is then as it was.
    pub(crate) fn resume(&mut self, given: *const Waker) -> Option<R> {
        self.head().set_given(given);
        if let Some(body) = self.body.take() {
            self.thread = Some(self.start(body));
        }
        self.shared.baton.pass(Turn::Coroutine);
        self.shared.result.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn start(&self, body: Box<dyn FnOnce() -> R>) -> JoinHandle<()> {
        let bytes = self.stack.as_ref().map_or(0, Stack::usable_bytes);
        let name = self.head().label().name().unwrap_or("qi-coroutine").replace('\0', "?");
        let all = InTurns((Arc::clone(&self.shared), body));
        let main = move || {
            let (shared, body) = all.into_inner();
            shared.baton.wait_while(Turn::Resumer);
            OWN.set((&raw const shared.head, &raw const shared.baton));
            // The body catches panics of its own; one of a destructor in what it returned is lost.
            if let Ok(result) = catch_unwind(AssertUnwindSafe(body)) {
                *shared.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            }
            // What destructors of thread-locals wait for blocks them: nobody resumes this thread again.
            OWN.set((ptr::null(), ptr::null()));
            let last = &shared.baton;
            last.hand(Turn::Resumer);
        };
        let builder = thread::Builder::new().name(name).stack_size(bytes);
        match builder.spawn(main) {
            Ok(thread) => thread,
            Err(error) => panic!("no thread for a coroutine: {error}"),
        }
    }

    /// The stack of one that has ended.
    pub(crate) fn finish(mut self) -> Option<Stack> {
        if let Some(thread) = self.thread.take() {
            // It has given the turn away for the last time; what panics in thread-locals is its own.
            let _ = thread.join();
        }
        drop(self.head().take_waker());
        self.stack.take()
    }
}

/// The head of the coroutine that calls this. It is there as long as the caller's frame.
pub(crate) fn current<'a>() -> Option<&'a Head> {
    let (head, _) = OWN.get();
    // SAFETY: set by the thread itself, which holds a share of it as long as it runs.
    unsafe { head.as_ref() }
}

/// Gives the turn back to whoever resumed the calling coroutine, and waits for the next.
pub(crate) fn suspend(_head: &Head) {
    let (_, baton) = OWN.get();
    // SAFETY: as in `current`.
    if let Some(baton) = unsafe { baton.as_ref() } {
        baton.pass(Turn::Resumer);
    }
}

/// Bytes between the caller's frame and the end of the thread's stack: about so many, because
/// the place of a thread's first frame is known only roughly.
pub(crate) fn remaining(head: &Head) -> usize {
    let here = 0_u8;
    let address = &raw const here as usize;
    let used = START.with(|start| {
        if start.get() == 0 {
            start.set(address);
        }
        start.get().saturating_sub(address)
    });
    head.usable().saturating_sub(used)
}

thread_local! {
    /// An address near the upper end of this thread's stack.
    static START: Cell<usize> = const { Cell::new(0) };
}
