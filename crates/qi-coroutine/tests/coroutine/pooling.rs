//! Pools and caches, from their books.
#![forbid(unsafe_code)]

use crate::support::{SMALL, small_pool};
use qi_coroutine::{Guards, StackCache, StackError, StackPool, StackPoolConfig};
use std::thread;

#[test]
fn options_out_of_range_are_errors_that_name_them() {
    let refused = |config: StackPoolConfig| StackPool::new(config).unwrap_err();
    for bytes in [0, 16 * 1024 - 1, (1 << 30) + 1] {
        let error = refused(StackPoolConfig::default().max_stack_size(bytes));
        assert!(matches!(&error, StackError::Config { field: "max_stack_size", .. }), "{error}");
        assert!(error.to_string().contains(&bytes.to_string()));
    }
    let error = refused(StackPoolConfig::default().stack_pool_size((1 << 20) + 1));
    assert!(matches!(&error, StackError::Config { field: "stack_pool_size", .. }), "{error}");
    let error = small_pool().take(Some(3)).unwrap_err();
    assert!(matches!(&error, StackError::Config { field: "stack_size", .. }), "{error}");
}

#[test]
fn stacks_of_many_sizes_are_counted_and_found_again() {
    let pool = small_pool();
    let mut cache = StackCache::new(pool.clone());
    let large = 1 << if usize::BITS > 32 { 30 } else { 26 };
    let sizes = [None, Some(16 * 1024), Some(100_000), Some(5 << 20), Some(large), Some(SMALL)];
    for _ in 0..3 {
        let stacks: Vec<_> = sizes.iter().map(|size| cache.take(*size).unwrap()).collect();
        for (stack, size) in stacks.iter().zip(sizes) {
            assert!(stack.usable_bytes() >= size.unwrap_or(SMALL));
            assert!(stack.usable_bytes() < size.unwrap_or(SMALL) + 65_536);
        }
        assert_eq!(pool.stats().live_stacks, sizes.len());
        stacks.into_iter().for_each(|stack| cache.give(stack));
        let stats = pool.stats();
        assert_eq!((stats.live_stacks, stats.hot_stacks), (0, stats.owned_stacks));
    }
    let acquired = pool.stats().acquired_total;
    cache.flush();
    drop(cache.take(Some(100_000)).unwrap());
    assert_eq!(pool.stats().acquired_total, acquired);
}

#[test]
fn what_is_more_than_the_pool_keeps_goes_back() {
    let pool = small_pool();
    let stacks: Vec<_> = (0..1000).map(|_| pool.take(None).unwrap()).collect();
    assert_eq!(pool.stats().live_stacks, 1000);
    drop(stacks);
    // Without anybody asking, all but a bounded rest.
    let stats = pool.stats();
    assert!(stats.live_stacks == 0 && stats.hot_stacks < 300, "{stats:?}");
    pool.trim();
    let stats = pool.stats();
    assert_eq!((stats.hot_stacks, stats.owned_stacks), (4, 4));
    assert_eq!(stats.acquired_total, stats.released_total + 4);
}

#[test]
fn caches_on_many_threads_lose_no_stack() {
    let pool = small_pool();
    thread::scope(|scope| {
        for seed in 0..4_u64 {
            let pool = pool.clone();
            scope.spawn(move || {
                let mut cache = StackCache::new(pool.clone());
                let mut held = Vec::new();
                let mut random = seed + 1;
                for _ in 0..20_000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    if (random >> 33) % 3 != 0 && held.len() < 100 {
                        held.push(cache.take(None).unwrap());
                    } else if let Some(stack) = held.pop() {
                        if random >> 60 == 0 { drop(stack) } else { cache.give(stack) }
                    }
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.live_stacks, stats.hot_stacks), (0, stats.owned_stacks));
    pool.trim();
    assert_eq!(pool.stats().owned_stacks, 4);
}

#[test]
fn a_stack_of_another_pool_finds_its_way_home() {
    let (one, other) = (small_pool(), small_pool());
    let mut cache = StackCache::new(one.clone());
    cache.give(other.take(None).unwrap());
    assert_eq!((one.stats().owned_stacks, other.stats().live_stacks), (0, 0));
}

#[test]
fn slots_of_a_pool_that_is_gone_serve_the_next() {
    let size = 80 * 1024;
    let make = || {
        let config = StackPoolConfig::default().max_stack_size(size).stack_pool_size(100);
        let pool = StackPool::new(config).unwrap();
        pool.warm_up().unwrap();
        pool
    };
    // Were they not given back, a thousand pools of 16 GiB of stacks would not fit.
    for _ in 0..100 {
        let pool = make();
        assert_eq!(pool.stats().hot_stacks, 100);
    }
}

#[cfg(all(qi_fiber, target_os = "linux"))]
#[test]
fn too_many_guards_that_are_mappings_are_an_error_and_no_stack_lacks_one() {
    use crate::process::{alone, assert_success};
    let name = "pooling::too_many_guards_that_are_mappings_are_an_error_and_no_stack_lacks_one";
    let victim = || {
        let config = StackPoolConfig::default().max_stack_size(SMALL).stack_pool_size(0);
        let pool = StackPool::new(config.guards(Guards::Mappings)).unwrap();
        let mut stacks = Vec::new();
        let error = loop {
            match pool.take(None) {
                Ok(stack) => stacks.push(stack),
                Err(error) => break error,
            }
            assert!(stacks.len() < 10_000_000);
        };
        let StackError::GuardBudget { stacks: limit } = error else { panic!("{error}") };
        assert!(limit == stacks.len(), "{limit} {}", stacks.len());
        // The process has mappings left, and a stack that comes back serves again.
        std::thread::spawn(|| ()).join().unwrap();
        drop(stacks.pop());
        drop(pool.take(None).unwrap());
    };
    alone(name, victim, assert_success);
}

#[test]
fn figures_add_up_with_guards_of_either_kind() {
    for guards in [Guards::Auto, Guards::Mappings] {
        let config = StackPoolConfig::default().max_stack_size(SMALL).stack_pool_size(3);
        let pool = StackPool::new(config.guards(guards)).unwrap();
        let stack = pool.take(None).unwrap();
        let stats = pool.stats();
        assert_eq!(stats.owned_stacks, stats.hot_stacks + stats.live_stacks);
        assert_eq!(stats.live_stacks, 1);
        assert!(stats.reserved_bytes >= 1 << 24);
        drop(stack);
    }
}
