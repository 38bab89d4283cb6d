//! A task with a stack of its own: begun by one of two workers, it goes on where it began (I60), and
//! hears of its cancellation once (I61).
//!
//! Its frames are a cell that loom watches; each poll notes on whose thread it ran. A hint from before
//! the first poll lies in a queue that everybody takes from; later ones go to the home's inbox.

use super::watched::Watched;
use crate::priority::TaskPriority;
use crate::task::{CancelRequest, Claim, Outcome, Placement, Raise, State, Suspend, Wake};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Release};
use loom::thread;
use std::sync::Arc;

/// No thread's number.
const NOBODY: usize = 0;

#[derive(Default)]
struct Frames {
    polls: usize,
    polled_by: Vec<usize>,
    told: usize,
}

struct Task {
    state: State,
    frames: Watched<Frames>,
    /// The thread that the task began on.
    home: AtomicUsize,
    /// Where anybody takes hints from.
    shared: Mutex<usize>,
    inbox: Mutex<usize>,
    ended: AtomicUsize,
}

impl Task {
    fn spawn() -> Arc<Self> {
        let state = State::free();
        state.publish(TaskPriority::Normal, Placement::Stackful);
        Arc::new(Self {
            state,
            frames: Watched::default(),
            home: AtomicUsize::new(NOBODY),
            shared: Mutex::new(1),
            inbox: Mutex::new(0),
            ended: AtomicUsize::new(0),
        })
    }

    /// A worker takes a hint from the shared queue, and from its inbox if it is the home.
    fn work(&self, me: usize) {
        let take = |queue: &Mutex<usize>| {
            let mut hints = queue.lock().unwrap();
            let taken = *hints > 0;
            *hints -= usize::from(taken);
            taken
        };
        let at_home = || self.home.load(Acquire) == me;
        while take(&self.shared) || (at_home() && take(&self.inbox)) {
            if let Claim::Run { cancelled, .. } = self.state.claim(at_home()) {
                if cancelled && self.home.load(Acquire) != NOBODY {
                    self.state.tell();
                }
                self.run(me, cancelled);
            }
        }
    }

    fn run(&self, me: usize, cancelled: bool) {
        if cancelled && self.home.load(Acquire) == NOBODY {
            // It has not begun: there is nothing to unwind.
            return self.end();
        }
        let told = self.state.load().was_told();
        self.home.store(me, Release);
        let over = self.frames.change(|frames| {
            frames.polls += 1;
            assert!(frames.polls < 12, "polled again and again, although nobody woke it");
            frames.polled_by.push(me);
            frames.told += usize::from(told);
            // It waits for one thing more after it was told, as the end of a scope.
            frames.told > 1
        });
        if over {
            return self.end();
        }
        match self.state.suspend(true) {
            Suspend::Waiting => {}
            Suspend::Requeue(_) => *self.inbox.lock().unwrap() += 1,
            Suspend::Cancelled => {
                self.state.tell();
                self.run(me, true);
            }
        }
    }

    fn end(&self) {
        let completion = self.state.complete(Outcome::Cancelled, true);
        self.ended.fetch_add(1, Release);
        if completion.refs > 0 {
            let _ = self.state.release(completion.refs);
        }
    }

    /// Where a hint goes that is made now.
    fn queue(&self) {
        let begun = self.home.load(Acquire) != NOBODY;
        let queue = if begun { &self.inbox } else { &self.shared };
        *queue.lock().unwrap() += 1;
    }

    fn wake(&self) {
        self.state.add_ref();
        if let Wake::Schedule(_) = self.state.wake_by_value() {
            self.queue();
        }
    }
}

/// Two workers with two hints, and a wake: all polls are on one thread.
fn it_goes_on_where_it_began() {
    let task = Task::spawn();
    let other = {
        let task = task.clone();
        thread::spawn(move || task.work(2))
    };
    if task.state.set_priority(TaskPriority::High) != Raise::Nothing {
        task.queue();
    }
    task.work(1);
    task.wake();
    task.work(1);
    other.join().unwrap();
    let home = task.home.load(Acquire);
    task.work(home);
    task.frames.look(|frames| {
        assert!(frames.polled_by.iter().all(|thread| *thread == home), "polled elsewhere");
        assert!(frames.polls >= 2 || *task.shared.lock().unwrap() > 0, "a wake-up was lost");
    });
}

/// Cancelled while it begins and is woken: it hears of it, may wait once more, and ends once.
fn it_is_told_once_and_then_waits_as_it_likes() {
    let task = Task::spawn();
    let other = {
        let task = task.clone();
        thread::spawn(move || task.work(2))
    };
    if let CancelRequest::Schedule(_) = task.state.request_cancel() {
        task.queue();
    }
    other.join().unwrap();
    let home = task.home.load(Acquire).max(1);
    task.work(home);
    if task.ended.load(Acquire) == 0 {
        task.frames.look(|frames| assert_eq!(frames.told, 1, "the request was lost"));
        task.wake();
        task.work(home);
    }
    assert_eq!(task.ended.load(Acquire), 1);
    assert!(task.state.load().is_done());
}

#[test]
fn loom_stackful() {
    super::explore(
        "loom_stackful",
        &[it_goes_on_where_it_began, it_is_told_once_and_then_waits_as_it_likes],
    );
}
