//! What a panic of a task does to the runtime, by policy.

use crate::support::{until, watched};
use qi_runtime::{AsyncRuntime, PanicPolicy, RuntimeState};

const CHILD: &str = "QI_TEST_ABORT";

fn panicking(policy: PanicPolicy) -> (AsyncRuntime, qi_runtime::TaskHandle<()>) {
    let runtime = AsyncRuntime::builder().worker_threads(2).panic_policy(policy).build();
    let runtime = runtime.expect("in range");
    let task = runtime.spawn(async { std::panic::resume_unwind(Box::new("on purpose")) });
    (runtime, task)
}

#[test]
fn by_default_a_panic_ends_its_task_only_and_the_payload_is_handed_on() {
    watched(|| {
        let (runtime, task) = panicking(PanicPolicy::default());
        let error = runtime.block_on(task).expect_err("it panicked");
        assert!(error.is_panic());
        assert_eq!(error.into_panic().downcast_ref(), Some(&"on purpose"));
        assert_eq!(runtime.state(), RuntimeState::Running);
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).expect("it ends"), 1);
    });
}

#[test]
fn the_policy_shutdown_stops_the_runtime() {
    watched(|| {
        let (runtime, task) = panicking(PanicPolicy::Shutdown);
        assert!(runtime.block_on(task).expect_err("it panicked").is_panic());
        until(|| runtime.state() == RuntimeState::Stopped);
        let late = runtime.spawn(async {});
        assert!(runtime.block_on(late).expect_err("too late").is_cancelled());
        runtime.shutdown().expect("it has ended");
    });
}

#[test]
fn the_policy_abort_ends_the_process() {
    if std::env::var_os(CHILD).is_some() {
        let (runtime, task) = panicking(PanicPolicy::Abort);
        drop(runtime.block_on(task));
        // Nobody learns of the panic: the process ends first.
        std::process::exit(0);
    }
    let test = "panic_policy::the_policy_abort_ends_the_process";
    let output =
        qi_test_kit::own_program().args(["--exact", test, "--nocapture"]).env(CHILD, "1").output();
    let output = output.expect("this program can be started");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the panic policy is to abort"), "{said}");
}
