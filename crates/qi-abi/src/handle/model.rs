//! A slot's word under every interleaving: the object is taken out once, by whoever is last, and nobody
//! is inside it then. (I80)
#![forbid(unsafe_code)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;

use super::count::{Count, Use};

/// How many preemptions are explored unless the environment says otherwise.
const PREEMPTIONS: usize = 3;

/// A slot with one object in it.
struct Slot {
    count: Count,
    /// Calls that are inside now.
    inside: AtomicUsize,
    taken_out: AtomicUsize,
}

impl Slot {
    fn take_out(&self) {
        assert_eq!(self.inside.load(SeqCst), 0, "taken out under a call");
        assert_eq!(self.taken_out.fetch_add(1, SeqCst), 0, "taken out twice");
        self.count.close();
    }

    fn release(&self) -> Use {
        let released = self.count.release(0);
        if released == Use::Last {
            self.take_out();
        }
        released
    }

    fn call(&self) {
        if self.count.enter(0) != Use::Done {
            return;
        }
        self.inside.fetch_add(1, SeqCst);
        assert_eq!(self.taken_out.load(SeqCst), 0, "a call inside what is gone");
        self.inside.fetch_sub(1, SeqCst);
        if self.count.leave() == Use::Last {
            self.take_out();
        }
    }
}

/// Explores one model and prints what a run of it took.
fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(PREEMPTIONS));
    let bound = builder.preemption_bound.unwrap_or(PREEMPTIONS);
    builder.check(move || {
        counter.fetch_add(1, SeqCst);
        model();
    });
    let executions = executions.load(SeqCst);
    println!("loom: {name} executions={executions} preemption_bound={bound}");
}

#[test]
fn loom_handle_count() {
    explore("loom_handle_count", || {
        let count = Count::new();
        count.open();
        let slot =
            Arc::new(Slot { count, inside: AtomicUsize::new(0), taken_out: AtomicUsize::new(0) });
        let (caller, releaser) = (Arc::clone(&slot), Arc::clone(&slot));
        let caller = thread::spawn(move || caller.call());
        // Releases once too often, as a faulty program would: one of the two is told so.
        let releaser = thread::spawn(move || releaser.release());
        let mine = slot.release();
        let theirs = releaser.join().unwrap();
        caller.join().unwrap();
        assert!((mine == Use::Stale) != (theirs == Use::Stale), "{mine:?} {theirs:?}");
        assert_eq!(slot.taken_out.load(SeqCst), 1);
        assert_eq!(slot.count.enter(0), Use::Stale);
    });
}
