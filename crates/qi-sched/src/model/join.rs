//! The join slot against its rules (I4, I5): the last waker registered is woken, nobody touches
//! the slot together with another, and the output is dropped once.

use super::watched::Watched;
use crate::priority::TaskPriority;
use crate::task::{Claim, Detach, JoinSlot, Outcome, Placement, State};
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// A waker that counts.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        // Relaxed: read after the threads were joined.
        self.0.fetch_add(1, Relaxed);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count(AtomicUsize::new(0)));
    (count.clone(), Waker::from(count))
}

/// What handle and completer share of a task.
struct Task {
    state: State,
    slot: JoinSlot,
    /// Full between the completion and the moment when its owner takes it.
    output: Watched<Option<()>>,
}

// SAFETY: loom watches the slot; that nobody races for it is what the model shows.
unsafe impl Sync for Task {}
// SAFETY: as for `Sync`.
unsafe impl Send for Task {}

impl Task {
    /// A task that runs, and the thread that completes it.
    fn run() -> (Arc<Self>, thread::JoinHandle<()>) {
        let state = State::free();
        state.publish(TaskPriority::Normal, Placement::Anywhere);
        let turn = state.load().turn();
        assert!(matches!(state.claim(turn, true), Claim::Run { .. }));
        let task = Arc::new(Self { state, slot: JoinSlot::empty(), output: Watched::new(None) });
        let completer = {
            let task = task.clone();
            thread::spawn(move || task.complete())
        };
        (task, completer)
    }

    /// What the runner does with a task that is ready.
    fn complete(&self) {
        self.output.change(|output| *output = Some(()));
        let completion = self.state.complete(Outcome::Completed, true);
        if completion.wake_joiner {
            // SAFETY: DONE was set over a set JOIN_WAKER: the slot is full and the completer's.
            unsafe { self.slot.take() }.wake();
        }
        if completion.drop_output {
            self.take_output();
        }
        if completion.refs > 0 {
            let _ = self.state.release(completion.refs);
        }
    }

    fn take_output(&self) {
        self.output.change(|output| {
            assert!(output.take().is_some(), "no output, or taken twice");
        });
    }

    /// A poll of the handle: `true` if the output was there, which is taken.
    fn poll(&self, waker: &Waker) -> bool {
        // SAFETY: the model's main thread is the one handle.
        let ended =
            self.state.load().is_done() || unsafe { self.slot.register(&self.state, waker) };
        if ended {
            self.take_output();
        }
        ended
    }

    /// What dropping the handle does if the output was not taken.
    fn detach(&self) {
        match self.state.detach() {
            // SAFETY: JOIN_WAKER was cleared before DONE: the slot is full and the handle's.
            Detach::Live { drop_waker: true } => drop(unsafe { self.slot.take() }),
            Detach::Live { drop_waker: false } => {}
            Detach::Done => self.take_output(),
        }
    }

    fn output_is_gone(&self) -> bool {
        self.output.look(Option::is_none)
    }
}

/// Polls until pending for the last time, with one waker or two in turn.
fn poll_with(wakers: &[&Waker]) -> (Arc<Task>, bool) {
    let (task, completer) = Task::run();
    let ended = wakers.iter().any(|waker| task.poll(waker));
    completer.join().unwrap();
    (task, ended)
}

/// One waker: pending means that it will be woken.
fn the_waker_is_woken() {
    let (count, waker) = counted();
    let (task, ended) = poll_with(&[&waker]);
    assert!(ended || count.0.load(Relaxed) == 1, "the wake-up was lost");
    if !ended {
        assert!(task.poll(&waker), "woken before the end could be seen");
    }
    assert!(task.output_is_gone());
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1, "the waker was leaked or dropped twice");
}

/// The same waker twice: the slot is looked at, while the completer may be taking it.
fn the_same_waker_is_registered_once() {
    let (count, waker) = counted();
    let (task, ended) = poll_with(&[&waker, &waker]);
    assert!(ended || count.0.load(Relaxed) == 1, "the wake-up was lost");
    if !ended {
        assert!(task.poll(&waker), "woken before the end could be seen");
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1, "the waker was leaked or dropped twice");
}

/// Another waker the second time: the last one is woken.
fn the_last_waker_is_woken() {
    let ((first, one), (second, two)) = (counted(), counted());
    let (task, ended) = poll_with(&[&one, &two]);
    assert!(ended || second.0.load(Relaxed) == 1, "the wake-up was lost");
    if !ended {
        assert!(task.poll(&two), "woken before the end could be seen");
    }
    drop((one, two));
    assert_eq!(Arc::strong_count(&first), 1, "the replaced waker was leaked or dropped twice");
    assert_eq!(Arc::strong_count(&second), 1, "the waker was leaked or dropped twice");
}

/// The handle is dropped with a waker in the slot: whoever has the output drops it.
fn detaching_drops_waker_and_output_once() {
    let (count, waker) = counted();
    let (task, completer) = Task::run();
    if !task.poll(&waker) {
        task.detach();
    }
    completer.join().unwrap();
    assert!(task.output_is_gone(), "the output was leaked");
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1, "the waker was leaked or dropped twice");
}

#[test]
fn loom_join() {
    super::explore(
        "loom_join",
        &[
            the_waker_is_woken,
            the_same_waker_is_registered_once,
            the_last_waker_is_woken,
            detaching_drops_waker_and_output_once,
        ],
    );
}
