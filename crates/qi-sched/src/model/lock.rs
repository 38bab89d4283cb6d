//! The lock against its rules: one holder, who sees what the one before wrote, and nobody waits for
//! a lock that is free (I26, I27). The ledger of loans against the state word (I24).
//!
//! A thread that has to wait sleeps until its waker is called: one that is never called is a
//! deadlock, which loom reports.
#![forbid(unsafe_code)]

use super::watched::Watched;
use crate::lock::{Ledger, RawLock};
use crate::priority::TaskPriority::{Critical, High, Low, Normal};
use crate::task::{Claim, Placement, State};
use loom::sync::Notify;
use loom::thread;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

struct Sleeper(Notify);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// A lock, and what it guards.
#[derive(Default)]
struct Model {
    lock: RawLock,
    content: Watched<usize>,
}

impl Model {
    fn acquire(&self) {
        let sleeper = Arc::new(Sleeper(Notify::new()));
        let waker = Waker::from(sleeper.clone());
        let mut cx = Context::from_waker(&waker);
        // Never dropped while it waits: when loom ends an execution that failed, it must not run.
        let mut acquire = ManuallyDrop::new(Box::pin(self.lock.acquire()));
        while acquire.as_mut().poll(&mut cx).is_pending() {
            sleeper.0.wait();
        }
    }

    fn use_it(&self) {
        self.content.change(|content| *content += 1);
        self.lock.release();
    }

    /// Polls once, and gives up if that was not enough.
    fn try_for_a_moment(&self) {
        let mut cx = Context::from_waker(Waker::noop());
        let polled = pin!(self.lock.acquire()).poll(&mut cx);
        if polled == Poll::Ready(()) {
            self.use_it();
        }
    }
}

fn in_thread(model: &Arc<Model>, code: fn(&Model)) -> thread::JoinHandle<()> {
    let model = model.clone();
    thread::spawn(move || code(&model))
}

/// Two threads that want the lock, twice one of them.
fn both_get_the_lock() {
    let model = Arc::new(Model::default());
    let other = in_thread(&model, |model| {
        model.acquire();
        model.use_it();
    });
    for _ in 0..2 {
        model.acquire();
        model.use_it();
    }
    other.join().unwrap();
    assert_eq!(model.content.look(|content| *content), 3);
    assert!(!model.lock.is_held());
}

/// One of two waiters gives up while the lock is released.
fn who_gives_up_passes_on_what_it_was_told() {
    let model = Arc::new(Model::default());
    assert!(model.lock.try_acquire());
    let waits = in_thread(&model, |model| {
        model.acquire();
        model.use_it();
    });
    let gives_up = in_thread(&model, Model::try_for_a_moment);
    model.use_it();
    waits.join().unwrap();
    gives_up.join().unwrap();
    assert!(!model.lock.is_held());
}

#[test]
fn loom_lock() {
    super::explore("loom_lock", &[both_get_the_lock, who_gives_up_passes_on_what_it_was_told]);
}

/// Two locks lend to a task that suspends meanwhile, and one of the loans is returned.
fn the_word_says_the_highest_loan() {
    struct Borrower(State, Ledger);
    let state = State::free();
    state.publish(Low, Placement::Anywhere);
    let turn = state.load().turn();
    assert!(matches!(state.claim(turn, true), Claim::Run { .. }));
    let borrower = Arc::new(Borrower(state, Ledger::default()));
    let lend = |borrower: &Borrower, old, new| {
        // The hints that it asks for are another model's.
        let _ = borrower.1.change(1, &borrower.0, old, new);
    };
    let passing = borrower.clone();
    let passing = thread::spawn(move || {
        lend(&passing, None, Some(Critical));
        lend(&passing, Some(Critical), None);
    });
    let lasting = borrower.clone();
    let lasting = thread::spawn(move || lend(&lasting, None, Some(High)));
    let _ = borrower.0.suspend(true);
    passing.join().unwrap();
    lasting.join().unwrap();
    assert_eq!(borrower.0.load().lane(), High);
    let _ = borrower.1.change(1, &borrower.0, Some(High), Some(Normal));
    assert_eq!(borrower.0.load().lane(), Normal);
}

#[test]
fn loom_loan() {
    super::explore("loom_loan", &[the_word_says_the_highest_loan]);
}
