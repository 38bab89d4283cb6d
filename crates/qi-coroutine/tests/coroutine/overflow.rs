//! Stacks that overflow, and other faults, each in a process of its own.
#![forbid(unsafe_code)]

use crate::fault::{have_no_alt_stack, raise_segv, touch_nothing};
use crate::process::alone;
use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig, block_on, overflow};
use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::thread;

fn run(config: StackPoolConfig, f: impl FnOnce() + 'static) {
    let pool = StackPool::new(config).unwrap();
    let label = Label::new("diver").with_id(12);
    block_on(Coroutine::new(pool.take(None).unwrap(), label, f)).unwrap();
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + frame[3] }
}

#[cfg(not(target_arch = "riscv64"))]
#[inline(never)]
fn large_frame() -> u8 {
    let frame = black_box([1_u8; 3 << 20]);
    frame[black_box(7)]
}

fn end(result: u64) {
    black_box(result);
}

const ENGLISH: &str = "coroutine 12 (diver) overflowed its 2 MiB stack (max_stack_size)";
const CHINESE: &str = "协程 12（diver） 的 2 MiB 栈已溢出（max_stack_size）";

fn assert_message(output: Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(ENGLISH) && said.contains(CHINESE), "{said}");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
}

fn assert_plain_fault(output: Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("overflowed its"), "{said}");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{said}");
}

#[test]
fn recursion_without_end_is_named() {
    let victim = || run(StackPoolConfig::default(), || end(recurse(0)));
    alone("overflow::recursion_without_end_is_named", victim, assert_message);
}

// There the compiler makes no stack probes: such a frame jumps over the guard.
#[cfg(not(target_arch = "riscv64"))]
#[test]
fn one_frame_of_3_mib_is_named() {
    let victim = || run(StackPoolConfig::default(), || end(large_frame().into()));
    alone("overflow::one_frame_of_3_mib_is_named", victim, assert_message);
}

#[test]
fn guards_that_are_mappings_are_named_too() {
    let config = || StackPoolConfig::default().guards(qi_coroutine::Guards::Mappings);
    let victim = move || run(config(), || end(recurse(0)));
    alone("overflow::guards_that_are_mappings_are_named_too", victim, assert_message);
}

#[test]
fn a_foreign_thread_is_given_a_stack_for_the_handler() {
    let victim = || {
        have_no_alt_stack();
        let _alt_stack = overflow::install_for_thread();
        run(StackPoolConfig::default(), || end(recurse(0)));
    };
    alone("overflow::a_foreign_thread_is_given_a_stack_for_the_handler", victim, assert_message);
}

#[test]
fn a_bad_pointer_in_a_coroutine_is_the_ordinary_fault() {
    let victim = || run(StackPoolConfig::default(), || end(touch_nothing().into()));
    alone(
        "overflow::a_bad_pointer_in_a_coroutine_is_the_ordinary_fault",
        victim,
        assert_plain_fault,
    );
}

#[test]
fn a_bad_pointer_outside_is_the_ordinary_fault() {
    let victim = || {
        run(StackPoolConfig::default(), || ());
        black_box(touch_nothing());
    };
    alone("overflow::a_bad_pointer_outside_is_the_ordinary_fault", victim, assert_plain_fault);
}

#[test]
fn a_signal_that_was_sent_ends_the_process_as_before() {
    let victim = || {
        run(StackPoolConfig::default(), || ());
        // The standard library's handler takes itself off and goes on: a fault would come again.
        raise_segv();
        raise_segv();
    };
    alone(
        "overflow::a_signal_that_was_sent_ends_the_process_as_before",
        victim,
        assert_plain_fault,
    );
}

#[test]
fn the_overflow_of_a_thread_reaches_the_handler_of_the_standard_library() {
    let victim = || {
        run(StackPoolConfig::default(), || ());
        let thread = thread::Builder::new().name("deep".into()).stack_size(256 * 1024);
        thread.spawn(|| recurse(0)).unwrap().join().unwrap();
    };
    let name = "overflow::the_overflow_of_a_thread_reaches_the_handler_of_the_standard_library";
    alone(name, victim, |output| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("thread 'deep'") && said.contains("overflowed its stack"), "{said}");
        assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    });
}

#[test]
fn without_the_handler_an_overflow_is_the_fault_that_it_is() {
    let config = || StackPoolConfig::default().overflow_handler(false);
    let victim = move || run(config(), || end(recurse(0)));
    let name = "overflow::without_the_handler_an_overflow_is_the_fault_that_it_is";
    alone(name, victim, assert_plain_fault);
}
