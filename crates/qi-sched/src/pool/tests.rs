//! Tests of the pool as a whole: recycling, walking, trimming, closing.

use super::{Chunk, FreeBlock, Magazine, Pool, class};
use crate::Scheduler;
use crate::scheduler::Shared;
use crate::task::{Placement, State, TaskRef};
use std::alloc::Layout;
use std::collections::HashSet;
use std::ptr::NonNull;
use std::sync::Arc;

/// A scheduler without tasks, whose pool is the one under test.
fn with_pool(test: impl FnOnce(&Pool, &Arc<Shared>)) {
    let stepper = Scheduler::builder().worker_threads(1).build_stepper().unwrap();
    let shared = stepper.handle().shared();
    test(&shared.pool, shared);
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).unwrap()
}

/// Gives free blocks back.
fn give_all(pool: &Pool, magazine: &Magazine, blocks: Vec<NonNull<FreeBlock>>) {
    for block in blocks {
        // SAFETY: the block was taken from this pool and never made a task, so it has no
        // references, and nobody else has it.
        unsafe { pool.give(block, magazine) };
    }
}

#[test]
fn blocks_are_aligned_distinct_and_lie_inside_their_chunk() {
    with_pool(|pool, shared| {
        for size in [1, 80, 81, 333, 1024, 2048, 4097, 16_384, 20_000, 100_000] {
            let magazine = Magazine::default();
            let blocks: Vec<_> =
                (0..200).map(|_| pool.take(layout(size), Some(&magazine), shared)).collect();
            let mut ends: Vec<_> = blocks.iter().map(|block| block.addr().get()).collect();
            ends.sort_unstable();
            assert!(ends.iter().all(|address| address % class::ALIGN == 0));
            assert!(ends.windows(2).all(|pair| pair[1] - pair[0] >= size), "blocks overlap");
            for block in &blocks {
                assert!(Chunk::of(*block).addr() < block.addr());
            }
            give_all(pool, &magazine, blocks);
            pool.flush(&magazine);
        }
    });
}

#[test]
fn blocks_given_back_are_taken_again_before_new_chunks_are_made() {
    with_pool(|pool, shared| {
        let magazine = Magazine::default();
        let take = |count: usize| -> Vec<_> {
            (0..count).map(|_| pool.take(layout(100), Some(&magazine), shared)).collect()
        };
        let first = take(5_000);
        let chunks = pool.chunk_count();
        give_all(pool, &magazine, first);
        for _ in 0..10 {
            let again = take(5_000);
            assert_eq!(pool.chunk_count(), chunks);
            give_all(pool, &magazine, again);
        }
        // The boundary of a batch, back and forth.
        for _ in 0..1_000 {
            let some = take(33);
            give_all(pool, &magazine, some);
        }
        assert_eq!(pool.chunk_count(), chunks);
        pool.flush(&magazine);
    });
}

#[test]
fn a_walk_sees_live_blocks_and_only_these_give_a_reference() {
    with_pool(|pool, shared| {
        let magazine = Magazine::default();
        let blocks: Vec<_> =
            (0..100).map(|n| pool.take(layout(80 + n * 40), Some(&magazine), shared)).collect();
        let mut seen = HashSet::new();
        pool.walk(|block| {
            assert!(TaskRef::from_block(block).is_none(), "a free block gave a reference");
            seen.insert(block);
        });
        assert!(blocks.iter().all(|block| seen.contains(block)));
        give_all(pool, &magazine, blocks);
        pool.flush(&magazine);
    });
}

#[test]
fn trimming_gives_whole_chunks_back_and_keeps_those_in_use() {
    with_pool(|pool, shared| {
        let magazine = Magazine::default();
        let mut blocks: Vec<_> =
            (0..10_000).map(|_| pool.take(layout(100), Some(&magazine), shared)).collect();
        let most = pool.chunk_count();
        assert!(most >= 10);
        let kept = blocks.split_off(9_990);
        let kept_in: HashSet<_> = kept.iter().map(|block| Chunk::of(*block)).collect();
        give_all(pool, &magazine, blocks);
        pool.flush(&magazine);
        pool.trim();
        let left = pool.chunk_count();
        assert!((kept_in.len()..=kept_in.len() + 1).contains(&left), "{left} of {most} chunks");
        // What is kept can still be used and given back.
        give_all(pool, &magazine, kept);
        let again = (0..100).map(|_| pool.take(layout(100), Some(&magazine), shared)).collect();
        assert_eq!(pool.chunk_count(), left);
        give_all(pool, &magazine, again);
        pool.flush(&magazine);
        pool.trim();
        assert!(pool.chunk_count() <= left);
    });
}

#[test]
fn after_the_end_the_last_block_of_a_chunk_takes_it_along() {
    with_pool(|pool, shared| {
        let magazine = Magazine::default();
        let kept = pool.take(layout(100), Some(&magazine), shared);
        let large = pool.take(layout(100_000), Some(&magazine), shared);
        pool.flush(&magazine);
        let references = Arc::strong_count(shared);
        pool.close();
        assert_eq!(pool.chunk_count(), 2);
        for block in [kept, large] {
            // SAFETY: as in `give_all`.
            unsafe { pool.give_foreign(block) };
        }
        assert_eq!(pool.chunk_count(), 0);
        assert_eq!(Arc::strong_count(shared), references - 2, "a chunk holds one reference each");
        // Nothing taken from now on stays behind.
        for size in [100, 100_000] {
            let late = pool.take(layout(size), None, shared);
            // SAFETY: as in `give_all`.
            unsafe { pool.give_foreign(late) };
            assert_eq!(pool.chunk_count(), 0);
        }
    });
}

#[test]
fn a_free_state_word_has_no_references() {
    let state = State::free();
    assert!(!state.try_add_ref());
    state.publish(crate::TaskPriority::Low, Placement::Anywhere);
    assert!(state.try_add_ref());
    assert!(!state.release(3));
    assert!(state.release(1));
    assert!(!state.try_add_ref());
}
