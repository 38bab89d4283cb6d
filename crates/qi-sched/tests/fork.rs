//! A scheduler that is used in a forked child says so, in debug builds, instead of hanging.
#![cfg(unix)]

use qi_sched::Scheduler;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// What the child answers with: each bit one call that panicked as it should.
const SPAWN: i32 = 1;
const BLOCK_ON: i32 = 2;

/// The child is ended when it takes longer: something in it waits for a lock of a lost thread.
const LIMIT: Duration = Duration::from_secs(30);

fn in_child(scheduler: &Scheduler) -> i32 {
    // The message of a panic would want locks that a lost thread may hold.
    std::panic::set_hook(Box::new(|_| {}));
    let panics = |call: &dyn Fn()| catch_unwind(AssertUnwindSafe(call)).is_err();
    let spawn = panics(&|| drop(scheduler.spawn(async {})));
    let block_on = panics(&|| scheduler.block_on(async {}));
    i32::from(spawn) * SPAWN + i32::from(block_on) * BLOCK_ON
}

#[test]
fn a_forked_child_is_told_that_it_may_only_exec() {
    if !cfg!(debug_assertions) {
        eprintln!("SKIPPED detection of fork: it is part of debug builds only");
        return;
    }
    let scheduler = Scheduler::builder().worker_threads(2).build().unwrap();
    assert_eq!(scheduler.block_on(scheduler.spawn(async { 1 })).unwrap(), 1);
    // SAFETY: the child calls only code that takes no lock of another thread's, and `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let answer = in_child(&scheduler);
        // SAFETY: ends the process; nothing of it is used again.
        unsafe { libc::_exit(answer) };
    }
    assert!(child > 0, "the system refuses to fork");
    let begun = Instant::now();
    let mut status = 0;
    loop {
        // SAFETY: waits for a child of this process, into a live integer.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        if ended == child {
            break;
        }
        if begun.elapsed() > LIMIT {
            // SAFETY: ends a child of this process.
            unsafe { libc::kill(child, libc::SIGKILL) };
            panic!("the child hangs");
        }
        std::thread::yield_now();
    }
    assert!(libc::WIFEXITED(status), "{status}");
    assert_eq!(libc::WEXITSTATUS(status), SPAWN | BLOCK_ON);
    assert_eq!(scheduler.block_on(scheduler.spawn(async { 2 })).unwrap(), 2);
}
