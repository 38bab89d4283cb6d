//! Blocks under loom, on their way between magazines, desks and depots, while the pool is trimmed or closed.
//!
//! Pool, depots, desks and chunks are those of production, with one class of blocks and batches of two; what
//! stands for the scheduler has nothing but the pool. No block has two users, a chunk stays as long as a block of it
//! is in use, and of a pool that was closed nothing is left when the last block has come back, whoever brings
//! it: not a chunk, nor a reference to the scheduler.

use super::super::region::Regions;
use super::super::{FreeBlock, Home, Magazine, Pool};
use crate::model::explore;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;

/// What fits into the class.
const LAYOUT: Layout = Layout::new::<[u64; 4]>();

/// In the place of the scheduler.
struct World {
    pool: Pool<World>,
    /// The addresses of the blocks that two users have. Relaxed: whoever finds its own has failed.
    held: [AtomicUsize; 2],
}

impl Home for World {
    fn regions(&self) -> &Regions {
        &self.pool.regions
    }
}

impl World {
    fn new() -> Arc<Self> {
        let held = [0, 0].map(AtomicUsize::new);
        Arc::new(Self { pool: Pool::new(), held })
    }

    /// Uses a block: nobody else does, and the pool knows where it lies.
    fn hold(&self, user: usize, block: NonNull<FreeBlock>) {
        self.held[user].store(block.addr().get(), Relaxed);
        assert_ne!(self.held[1 - user].load(Relaxed), block.addr().get(), "two have one block");
        assert!(self.is_known(block), "the chunk of a block in use has gone");
    }

    fn release(&self, user: usize) {
        self.held[user].store(0, Relaxed);
    }

    fn is_known(&self, block: NonNull<FreeBlock>) -> bool {
        self.pool.find(block.addr().get(), |_| ()).is_some()
    }

    /// A thread without a magazine of its own.
    fn use_at_desk(self: &Arc<Self>, user: usize) {
        let block = self.pool.take(LAYOUT, None, self);
        self.hold(user, block);
        self.release(user);
        // SAFETY: taken from this pool and never made a task, so it has no references, and nobody else has it.
        unsafe { self.pool.give_foreign(block) };
    }

    /// A worker, which leaves at the end.
    fn use_with_magazine(self: &Arc<Self>, user: usize) {
        let magazine = Magazine::default();
        let block = self.pool.take(LAYOUT, Some(&magazine), self);
        self.hold(user, block);
        self.release(user);
        // SAFETY: as in `use_at_desk`.
        unsafe { self.pool.give(block, &magazine) };
        self.pool.flush(&magazine);
    }

    /// What a closed pool must look like when no block is in use.
    fn check_end(self: &Arc<Self>) {
        assert_eq!(self.pool.chunk_count(), 0, "a chunk stays behind");
        assert_eq!(Arc::strong_count(self), 1, "what is gone refers to the scheduler");
    }
}

/// Two threads take blocks of a desk and bring them back while the pool is closed.
fn threads_at_a_desk_meet_the_end() {
    let world = World::new();
    let threads = [0, 1].map(|user| {
        let world = world.clone();
        thread::spawn(move || world.use_at_desk(user))
    });
    world.pool.close();
    for thread in threads {
        thread.join().unwrap();
    }
    world.check_end();
}

/// A worker hands on what it has while the pool is closed.
fn a_magazine_is_emptied_at_the_end() {
    let world = World::new();
    let thread = {
        let world = world.clone();
        thread::spawn(move || world.use_with_magazine(0))
    };
    world.pool.close();
    thread.join().unwrap();
    world.check_end();
}

/// A worker's block goes through the depot, and a desk's is in use, while the pool is trimmed.
fn blocks_are_used_while_the_pool_is_trimmed() {
    let world = World::new();
    let kept = world.pool.take(LAYOUT, None, &world);
    world.hold(0, kept);
    let thread = {
        let world = world.clone();
        thread::spawn(move || world.use_with_magazine(1))
    };
    world.pool.trim();
    assert!(world.is_known(kept), "the chunk of a block in use has gone");
    world.release(0);
    // SAFETY: as in `use_at_desk`.
    unsafe { world.pool.give_foreign(kept) };
    thread.join().unwrap();
    world.pool.close();
    world.check_end();
}

#[test]
fn loom_blocks() {
    let scenarios = [
        threads_at_a_desk_meet_the_end as fn(),
        a_magazine_is_emptied_at_the_end,
        blocks_are_used_while_the_pool_is_trimmed,
    ];
    explore("loom_blocks", &scenarios);
}
