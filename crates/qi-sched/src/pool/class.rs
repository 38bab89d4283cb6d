//! Size classes of task blocks.
#![forbid(unsafe_code)]

use std::alloc::Layout;

/// Block sizes in bytes. The steps are a word where small tasks are, of which there are millions,
/// and about a quarter of the size above, so that at most a fifth of a block is lost.
#[cfg(not(loom))]
pub(crate) const SIZES: [usize; 33] = [
    64, 72, 80, 88, 96, 104, 112, 120, 128, 144, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768,
    1024, 1280, 1536, 1792, 2048, 2560, 3072, 4096, 5120, 6144, 8192, 10_240, 16_384,
];
/// A model has one: its stack is small, and each class has its lock.
#[cfg(loom)]
pub(crate) const SIZES: [usize; 1] = [64];

/// Bytes of blocks that move between a magazine and the depot at once.
const BATCH_BYTES: usize = 16 * 1024;

/// The most blocks of a batch. A lock is taken once in so many spawns.
#[cfg(not(loom))]
const MAX_BATCH: usize = 32;
/// In a model the second block fills a batch.
#[cfg(loom)]
const MAX_BATCH: usize = 2;

/// Blocks of `class` that move between a magazine and the depot at once; a magazine holds at most
/// twice as many.
#[inline]
pub(crate) fn batch(class: usize) -> u32 {
    BATCHES[class]
}

/// [`batch`] of each class: a look is cheaper than a division for each task that ends.
const BATCHES: [u32; COUNT] = {
    let mut batches = [0; COUNT];
    let mut class = 0;
    while class < COUNT {
        let fitting = BATCH_BYTES / SIZES[class];
        batches[class] = (if fitting > MAX_BATCH { MAX_BATCH } else { fitting }) as u32;
        class += 1;
    }
    batches
};

/// How many classes there are.
pub(crate) const COUNT: usize = SIZES.len();

/// The greatest alignment of a task in a class. A block is aligned to the greatest power of two that
/// its size is a multiple of, up to this.
pub(crate) const ALIGN: usize = 16;

/// The class whose blocks hold `layout`, or `None` for those that get a chunk of their own.
pub(crate) const fn of(layout: Layout) -> Option<usize> {
    if layout.align() > ALIGN {
        return None;
    }
    let mut class = 0;
    while class < COUNT {
        if layout.size() <= SIZES[class] && SIZES[class] % layout.align() == 0 {
            return Some(class);
        }
        class += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_falls_into_the_smallest_class_that_holds_it() {
        for size in 1..=SIZES[COUNT - 1] {
            let class = of(Layout::from_size_align(size, 8).unwrap()).unwrap();
            assert!(SIZES[class] >= size);
            assert!(class == 0 || SIZES[class - 1] < size);
        }
    }

    #[test]
    fn large_and_over_aligned_layouts_have_no_class() {
        assert_eq!(of(Layout::from_size_align(SIZES[COUNT - 1] + 1, 8).unwrap()), None);
        assert_eq!(of(Layout::from_size_align(64, 32).unwrap()), None);
    }

    #[test]
    fn every_block_is_aligned_as_its_task_wants() {
        assert!(SIZES.iter().all(|size| size % align_of::<u64>() == 0));
        for align in [1, 2, 4, 8, ALIGN] {
            for size in (align..=SIZES[COUNT - 1]).step_by(align) {
                let class = of(Layout::from_size_align(size, align).unwrap()).unwrap();
                assert!(SIZES[class] >= size && SIZES[class] % align == 0);
            }
        }
    }
}
