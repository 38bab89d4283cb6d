//! Coroutines as tasks of the runtime, by topic. Every body runs under a watchdog.

#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
mod support;

mod blocking;
mod cancelling;
mod ending;
mod life;
// Where threads stand in for stacks there is nothing of ours to see.
#[cfg(all(
    target_os = "linux",
    not(qi_coroutine_threads),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod mapping;
mod pinning;
mod scope;
mod stacks;
mod torture;
mod waiting;

use qi_runtime::{AsyncRuntime, AsyncRuntimeBuilder, RuntimeState};

/// Runs `body` on a runtime; checks afterwards that all tasks have ended and the books balance.
fn on(builder: AsyncRuntimeBuilder, body: impl FnOnce(&AsyncRuntime) + Send + 'static) {
    support::watched(move || {
        let runtime = builder.build().unwrap();
        body(&runtime);
        runtime.shutdown().unwrap();
        assert_eq!(runtime.state(), RuntimeState::Stopped);
        let stats = runtime.stats();
        let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
        assert_eq!((stats.spawned_tasks, stats.active_tasks), (ended, 0), "{stats:?}");
        if let Some(stacks) = &stats.coroutines.stacks {
            assert_eq!(stacks.live_stacks, 0, "a stack was leaked: {stacks:?}");
            assert_eq!(stacks.owned_stacks, stacks.hot_stacks, "{stacks:?}");
        }
    });
}

/// Runs `body` on one worker, and on four, with stacks that are large enough for unoptimised code.
fn on_one_and_four(body: impl FnOnce(&AsyncRuntime) + Clone + Send + 'static) {
    for workers in [1, 4] {
        on(AsyncRuntime::builder().worker_threads(workers), body.clone());
    }
}
