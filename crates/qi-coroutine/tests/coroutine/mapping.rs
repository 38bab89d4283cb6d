//! What the options do, as the kernel's list of mappings shows it.
#![forbid(unsafe_code)]

use crate::fault::{have_address_space, have_locked_memory};
use crate::process::{alone, assert_success};
use crate::support::{coroutine, poll};
use qi_coroutine::{Guards, StackPool, StackPoolConfig, block_on, stack_remaining, yield_now};
use std::fs;
use std::hint::black_box;

/// One line of /proc/self/smaps and what follows it.
#[derive(Debug, Default)]
struct Mapping {
    start: usize,
    end: usize,
    access: String,
    resident_kib: usize,
    flags: String,
}

fn mappings() -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    for line in fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if let Some((start, end)) = first.split_once('-') {
            let number = |text| usize::from_str_radix(text, 16);
            let (Ok(start), Ok(end)) = (number(start), number(end)) else { continue };
            let access = words.next().unwrap_or_default().to_owned();
            found.push(Mapping { start, end, access, ..Mapping::default() });
        } else if let Some(last) = found.last_mut() {
            match first {
                "Rss:" => last.resident_kib = words.next().unwrap().parse().unwrap(),
                "VmFlags:" => last.flags = words.collect::<Vec<_>>().join(" "),
                _ => {}
            }
        }
    }
    found
}

fn mapping_of(address: usize) -> Mapping {
    let holds = |mapping: &Mapping| (mapping.start..mapping.end).contains(&address);
    mappings().into_iter().find(holds).unwrap()
}

/// An address on the calling coroutine's stack.
#[inline(never)]
fn address_here() -> usize {
    let here = 0_u8;
    black_box(&raw const here) as usize
}

#[test]
fn a_stack_is_a_mapping_of_max_stack_size_between_guards() {
    // Another size than other tests use, and not a whole number of pages.
    let asked = 300 * 1024 + 1;
    let rounded = 304 * 1024;
    let config = StackPoolConfig::default().max_stack_size(asked).guards(Guards::Mappings);
    let pool = StackPool::new(config.stack_pool_size(0)).unwrap();
    assert_eq!(pool.max_stack_size(), rounded);
    assert!(!pool.stats().has_page_table_guards);
    let address = block_on(coroutine(&pool, address_here)).unwrap();
    let stack = mapping_of(address);
    assert_eq!(stack.end - stack.start, rounded, "{stack:?}");
    assert!(stack.access.starts_with("rw"), "{stack:?}");
    let below = mapping_of(stack.start - 1);
    assert!(below.access.starts_with("---"), "{below:?}");
    assert!(below.end - below.start >= 4096);
    assert!(stack.flags.split(' ').any(|flag| flag == "nh"), "{stack:?}");
}

#[inline(never)]
fn use_up_to(left: usize) -> usize {
    let frame = black_box([1_u8; 1024]);
    if stack_remaining().unwrap() < left { 1 } else { use_up_to(left) + usize::from(frame[9]) }
}

#[test]
fn all_of_max_stack_size_can_be_used_and_goes_back_when_the_stack_is_idle() {
    let name = "mapping::all_of_max_stack_size_can_be_used_and_goes_back_when_the_stack_is_idle";
    let victim = || {
        for megabytes in [1, 3] {
            let bytes = megabytes << 20;
            let config = StackPoolConfig::default().max_stack_size(bytes).stack_pool_size(2);
            let pool = StackPool::new(config).unwrap();
            let (address, left) = block_on(coroutine(&pool, move || {
                let left = stack_remaining().unwrap();
                use_up_to(16 * 1024);
                (address_here(), left)
            }))
            .unwrap();
            assert!(left > bytes - 4096 && left < bytes, "{left}");
            let resident = |address| mapping_of(address).resident_kib * 1024;
            let used = resident(address);
            assert!(used > bytes - 64 * 1024, "{used}");
            pool.trim();
            let kept = resident(address);
            assert!(used - kept > bytes - 128 * 1024, "{used} {kept}");
        }
    };
    alone(name, victim, assert_success);
}

#[test]
fn stack_pool_size_stacks_are_in_memory_before_the_first_coroutine() {
    let name = "mapping::stack_pool_size_stacks_are_in_memory_before_the_first_coroutine";
    let victim = || {
        // Of the stacks, which are kept out of huge pages; what an allocator keeps is its own affair.
        let is_ours = |mapping: &&Mapping| mapping.flags.split(' ').any(|flag| flag == "nh");
        let resident = || -> usize {
            mappings().iter().filter(is_ours).map(|mapping| mapping.resident_kib).sum()
        };
        let before = resident();
        let pool = StackPool::new(StackPoolConfig::default().stack_pool_size(1000)).unwrap();
        let made = resident();
        assert!(made < before + 1000, "{before} {made}");
        pool.warm_up().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.owned_stacks, stats.hot_stacks, stats.live_stacks), (1000, 1000, 0));
        let warm = resident();
        assert!(warm >= made + 4000, "{made} {warm}");
        // Beyond them there are more, which go back when they are idle.
        let mut many: Vec<_> = (0..3000).map(|_| coroutine(&pool, yield_now)).collect();
        assert!(many.iter_mut().all(|one| poll(one).is_pending()));
        let used = resident();
        assert!(used >= made + 12_000, "{made} {used}");
        drop(many);
        pool.trim();
        let idle = resident();
        // A thousand of three: of each a page, and with some C libraries the one that unwinding took.
        assert!(idle < made + 10_000, "{made} {used} {idle}");
        assert!(idle >= made + 4000, "{made} {idle}");
        assert_eq!(pool.stats().hot_stacks, 1000);
    };
    alone(name, victim, assert_success);
}

#[test]
fn forty_thousand_stacks_take_few_mappings() {
    let name = "mapping::forty_thousand_stacks_take_few_mappings";
    let victim = || {
        let config = StackPoolConfig::default().max_stack_size(64 * 1024).stack_pool_size(0);
        let pool = StackPool::new(config).unwrap();
        let count = if pool.stats().has_page_table_guards { 40_000 } else { 10_000 };
        let before = mappings().len();
        let mut many: Vec<_> = (0..count)
            .map(|n| {
                coroutine(&pool, move || {
                    let mut sum = n;
                    for _ in 0..4 {
                        yield_now();
                        sum += n;
                    }
                    sum
                })
            })
            .collect();
        for _ in 0..4 {
            assert!(many.iter_mut().all(|one| poll(one).is_pending()));
        }
        let after = mappings().len();
        let few = if count == 40_000 { 100 } else { 2 * count + 100 };
        assert!(after < before + few, "{before} {after}");
        for (n, one) in many.iter_mut().enumerate() {
            assert!(matches!(poll(one), std::task::Poll::Ready(Ok(sum)) if sum == 5 * n));
        }
    };
    alone(name, victim, assert_success);
}

#[test]
fn where_address_space_is_limited_less_of_it_is_reserved() {
    let name = "mapping::where_address_space_is_limited_less_of_it_is_reserved";
    let victim = || {
        have_address_space(3 << 30);
        let pool = StackPool::new(StackPoolConfig::default().stack_pool_size(10)).unwrap();
        assert_eq!(block_on(coroutine(&pool, || 5)).unwrap(), 5);
        let reserved = pool.stats().reserved_bytes;
        assert!((1 << 29..3 << 30).contains(&reserved), "{reserved}");
        // As many as fit, and then an error.
        let mut all = Vec::new();
        let error = loop {
            match pool.take(None) {
                Ok(stack) => all.push(stack),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, qi_coroutine::StackError::Exhausted { .. }), "{error}");
        assert!(all.len() > 200, "{}", all.len());
    };
    alone(name, victim, assert_success);
}

#[test]
fn a_program_that_locks_its_memory_gets_stacks_with_guards_all_the_same() {
    let name = "mapping::a_program_that_locks_its_memory_gets_stacks_with_guards_all_the_same";
    let victim = || {
        // A limit keeps users without privileges from locking much: then they have nothing to unlock.
        let config = || StackPoolConfig::default().max_stack_size(1 << 20).stack_pool_size(0);
        let pool = StackPool::new(config()).unwrap();
        let before = block_on(coroutine(&pool, address_here)).unwrap();
        let locked = have_locked_memory();
        // More than there are in a batch: their memory is opened while everything is locked.
        let mut many: Vec<_> = (0..100).map(|_| coroutine(&pool, yield_now)).collect();
        assert!(many.iter_mut().all(|one| poll(one).is_pending()));
        let after = block_on(coroutine(&pool, address_here)).unwrap();
        for address in [before, after] {
            let stack = mapping_of(address);
            let flags: Vec<_> = stack.flags.split(' ').collect();
            assert!(flags.contains(&"nh"), "{stack:?}");
            let resident = stack.resident_kib * 1024;
            assert!(!flags.contains(&"lo") || address == before, "{locked} {stack:?}");
            assert!(resident < 20 << 20, "{locked} {stack:?}");
        }
        drop(many);
        pool.trim();
        let (pool, small) = (StackPool::new(config()).unwrap(), Some(64 * 1024));
        drop(pool.take(small).unwrap());
    };
    alone(name, victim, assert_success);
}
