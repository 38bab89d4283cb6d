//! What `max_stack_size` and `stack_pool_size` do, as the kernel's list of mappings shows it. Each in a
//! process of its own: nobody else's stacks may be in the figures.

use super::on;
use super::support::{Event, until};
use qi_runtime::coroutine::{Wait, stack_remaining};
use qi_runtime::{AsyncRuntime, AsyncRuntimeBuilder};
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;

/// Set in processes that `alone` starts.
const ALONE: &str = "QI_TEST_ALONE";
const PAGE: usize = 4096;
const KIB: usize = 1024;

/// Runs the test `name`, whose body this is, in a process of its own, which must succeed.
fn alone(name: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    let output = qi_test_kit::own_program().args(arguments).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
}

struct Mapping {
    start: usize,
    end: usize,
    access: String,
    resident_bytes: usize,
    /// As all that Qi reserves for stacks is, and little else.
    has_no_huge_pages: bool,
}

fn mappings() -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    for line in fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let last = found.last_mut();
        if let Some((start, end)) = first.split_once('-') {
            let number = |text| usize::from_str_radix(text, 16);
            let (Ok(start), Ok(end)) = (number(start), number(end)) else { continue };
            let access = words.next().unwrap_or_default().to_owned();
            let (resident_bytes, has_no_huge_pages) = (0, false);
            found.push(Mapping { start, end, access, resident_bytes, has_no_huge_pages });
        } else if let (Some(last), "Rss:") = (last, first) {
            last.resident_bytes = words.next().unwrap().parse::<usize>().unwrap() * KIB;
        } else if let (Some(last), "VmFlags:") = (found.last_mut(), first) {
            last.has_no_huge_pages = words.any(|flag| flag == "nh");
        }
    }
    found
}

/// What is resident of all stacks: of the mappings that follow each other around the stack that holds
/// `address`.
fn resident(address: usize) -> usize {
    let all = mappings();
    let ours: Vec<_> = all.iter().filter(|mapping| mapping.has_no_huge_pages).collect();
    let mut runs = ours.chunk_by(|one, next| one.end == next.start);
    let holds = |run: &&[&Mapping]| (run[0].start..run[run.len() - 1].end).contains(&address);
    runs.find(holds).unwrap().iter().map(|mapping| mapping.resident_bytes).sum()
}

/// Whether somebody may touch the page at `address`: as a mapping, and as a page of it.
fn is_accessible(address: usize) -> bool {
    let holds = |mapping: &&Mapping| (mapping.start..mapping.end).contains(&address);
    let is_mapped = mappings().iter().find(holds).is_some_and(|one| one.access.starts_with("rw"));
    // A guard in the page tables lies inside of an accessible mapping, and refuses to be read.
    is_mapped && File::open("/proc/self/mem").unwrap().read_at(&mut [0], address as u64).is_ok()
}

/// Where the stack of the coroutine that calls it ends, to less than a page.
#[inline(never)]
fn lower_end() -> usize {
    let here = 0_u8;
    black_box(&raw const here).addr() - stack_remaining().unwrap()
}

/// Uses all but so many bytes of the stack.
#[inline(never)]
fn use_all_but(bytes: usize) -> usize {
    let frame = black_box([1_u8; KIB]);
    if stack_remaining().unwrap() < bytes { 1 } else { use_all_but(bytes) + usize::from(frame[9]) }
}

fn builder() -> AsyncRuntimeBuilder {
    AsyncRuntime::builder().worker_threads(1)
}

#[test]
fn max_stack_size_is_what_there_is_above_a_guard() {
    alone("mapping::max_stack_size_is_what_there_is_above_a_guard", || {
        for size in [64 * KIB, 256 * KIB, 1024 * KIB, 5000 * KIB] {
            on(builder().max_stack_size(size).stack_pool_size(0), move |runtime| {
                let run = |f: fn() -> usize| runtime.block_on(runtime.spawn_coroutine(f)).unwrap();
                let low = run(lower_end);
                let top = run(|| lower_end() + stack_remaining().unwrap());
                assert!(
                    top - low <= size && top - low > size - 16 * KIB,
                    "{size}: {low:x} {top:x}"
                );
                assert!(is_accessible(low + PAGE), "{size}: {low:x}");
                assert!(is_accessible(top - PAGE), "{size}: {top:x}");
                for below in [2, 3] {
                    assert!(!is_accessible(low - below * PAGE), "{size}: {low:x} has no guard");
                }
                let before = resident(low);
                run(|| use_all_but(24 * KIB));
                let used = resident(low) - before;
                assert!(used <= size && used >= size.saturating_sub(48 * KIB), "{size}: {used}");
            });
        }
    });
}

#[test]
fn stack_pool_size_stacks_are_in_memory_from_the_start() {
    alone("mapping::stack_pool_size_stacks_are_in_memory_from_the_start", || {
        for stacks in [1000, 3000] {
            let builder = builder().stack_pool_size(stacks).allocate_stacks_at_start(true);
            on(builder.max_stack_size(100 * KIB), move |runtime| {
                let low = runtime.block_on(runtime.spawn_coroutine(lower_end)).unwrap();
                let pages = resident(low) / PAGE;
                assert!((stacks..stacks + 100).contains(&pages), "{stacks}: {pages}");
            });
        }
    });
}

/// What may lie next to the stacks and look the same: other memory that the system put there.
const SLACK: usize = 8 * 1024 * KIB;

#[test]
fn what_is_beyond_the_pool_goes_back_when_the_runtime_is_idle() {
    alone("mapping::what_is_beyond_the_pool_goes_back_when_the_runtime_is_idle", || {
        let builder = AsyncRuntime::builder().worker_threads(2).stack_pool_size(10);
        on(builder.max_stack_size(256 * KIB), |runtime| {
            let event = Event::new();
            let tasks: Vec<_> = (0..1200)
                .map(|_| {
                    let event = event.clone();
                    runtime.spawn_coroutine(move || {
                        use_all_but(150 * KIB);
                        Wait::wait(event);
                        lower_end()
                    })
                })
                .collect();
            until(|| event.waiting() == 1200);
            event.set();
            let ends = tasks.into_iter().map(|task| runtime.block_on(task).unwrap());
            let low = ends.last().unwrap();
            // Ten that are kept, of each the uppermost part; workers keep none at hand any more.
            until(|| runtime.stats().coroutines.stacks.unwrap().owned_stacks <= 10);
            until(|| resident(low) <= 10 * 16 * KIB + SLACK);
        });
    });
}
