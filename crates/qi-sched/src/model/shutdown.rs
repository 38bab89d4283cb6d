//! The gate against foreign spawners: what they spawned is seen by the sweep or was refused (I9,
//! I10).
//!
//! A task is a cell that loom watches: the spawner fills it while it is inside the gate, the sweep
//! looks at it when the gate is quiet.
#![forbid(unsafe_code)]

use super::watched::Watched;
use crate::desk::Desks;
use crate::shutdown::{Gate, Phase};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;

/// Memory for one task per spawner.
struct Model {
    gate: Gate,
    desks: Desks<()>,
    /// What spawners at desks have published. Relaxed: the desks must carry it.
    published: [AtomicBool; 2],
    blocks: [Watched<bool>; 2],
    /// Hints in a worker's inbox. Relaxed: what the gate says must carry them.
    inbox: AtomicUsize,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Gate::new(),
            desks: Desks::new(),
            published: std::array::from_fn(|_| AtomicBool::new(false)),
            blocks: std::array::from_fn(|_| Watched::new(false)),
            inbox: AtomicUsize::new(0),
        })
    }

    /// A foreign thread spawns; `true` if it was accepted.
    fn spawn(&self, block: usize) -> bool {
        let Some(entry) = self.gate.enter() else { return false };
        self.blocks[block].change(|block| *block = true);
        drop(entry);
        true
    }

    /// What the last thread does: the tasks that it sees.
    fn sweep(&self) -> usize {
        while !self.gate.is_quiet() {
            thread::yield_now();
        }
        self.blocks.iter().filter(|block| block.look(|block| *block)).count()
    }
}

fn spawner(model: &Arc<Model>, block: usize) -> thread::JoinHandle<bool> {
    let model = model.clone();
    thread::spawn(move || model.spawn(block))
}

/// Two foreign threads spawn while a third closes and sweeps.
fn a_task_is_seen_or_refused() {
    let model = Model::new();
    let spawners = [spawner(&model, 0), spawner(&model, 1)];
    assert!(model.gate.advance(Phase::Closing));
    let seen = model.sweep();
    let accepted = spawners.map(|spawner| spawner.join().unwrap());
    let accepted = accepted.into_iter().filter(|accepted| *accepted).count();
    assert_eq!(seen, accepted, "a task was spawned unseen");
}

/// Two foreign threads spawn at desks while a third closes, passes through them and looks.
fn a_task_spawned_at_a_desk_is_seen_or_refused() {
    let model = Model::new();
    let spawners = [0, 1].map(|block| {
        let model = model.clone();
        thread::spawn(move || {
            let desk = model.desks.iter().nth(block).unwrap();
            let Some(seated) = desk.sit_down(&model.gate, false) else { return false };
            model.published[block].store(true, Relaxed);
            drop(seated);
            true
        })
    });
    assert!(model.gate.advance(Phase::Closing));
    model.desks.pass();
    let seen: Vec<bool> = model.published.iter().map(|block| block.load(Relaxed)).collect();
    let accepted = spawners.map(|spawner| spawner.join().unwrap());
    assert_eq!(seen, accepted, "a task was spawned unseen");
}

/// Somebody drains while another closes: there is one order, and nobody goes back.
fn phases_only_go_forward() {
    let model = Model::new();
    let drainer = {
        let model = model.clone();
        thread::spawn(move || {
            model.gate.advance(Phase::Draining);
            assert!(model.gate.phase() >= Phase::Draining);
        })
    };
    let accepted = spawner(&model, 0);
    assert!(model.gate.advance(Phase::Closing));
    assert_eq!(model.gate.phase(), Phase::Closing);
    let seen = model.sweep();
    drainer.join().unwrap();
    assert_eq!(seen, usize::from(accepted.join().unwrap()));
    assert_eq!(model.gate.phase(), Phase::Closing);
}

/// Two workers come to the walk: one takes it, and whoever leaves afterwards has seen what the
/// walk put into its inbox.
fn nobody_leaves_before_the_walk_has_reached_it() {
    let model = Model::new();
    model.gate.advance(Phase::Closing);
    let take_part = |model: &Model| {
        let walked = model.gate.take_walk();
        if walked {
            model.inbox.store(1, Relaxed);
            model.gate.end_walk();
        }
        if model.gate.walk_is_done() {
            let _ = model.gate.let_leave();
        }
        if model.gate.may_leave() {
            assert_eq!(model.inbox.load(Relaxed), 1, "left without looking at its inbox");
        }
        walked
    };
    let other = {
        let model = model.clone();
        thread::spawn(move || take_part(&model))
    };
    let walked = take_part(&model);
    assert!(walked ^ other.join().unwrap(), "the walk was taken twice, or by nobody");
    assert!(model.gate.may_leave());
}

#[test]
fn loom_shutdown() {
    super::explore(
        "loom_shutdown",
        &[
            a_task_is_seen_or_refused,
            a_task_spawned_at_a_desk_is_seen_or_refused,
            phases_only_go_forward,
            nobody_leaves_before_the_walk_has_reached_it,
        ],
    );
}
