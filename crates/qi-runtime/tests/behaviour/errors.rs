//! Errors travel between threads, say why in two languages, and keep their sources.

use crate::support::watched;
use qi_runtime::time::Elapsed;
use qi_runtime::{
    AsyncRuntime, CancelError, ConfigError, JoinError, NoRuntimeError, NoWorkerError, RuntimeError,
    ShutdownError,
};
use std::error::Error;

fn is_boxable<E: Error + Send + Sync + 'static>() {}

/// Messages are lower case without a full stop; the Chinese ones are Chinese.
fn well_formed(message: &str, message_zh: &str) {
    assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert!(message_zh.contains(chinese) && !message_zh.ends_with('。'), "{message_zh}");
}

#[test]
fn every_error_is_boxable() {
    is_boxable::<RuntimeError>();
    is_boxable::<ConfigError>();
    is_boxable::<JoinError>();
    is_boxable::<CancelError>();
    is_boxable::<ShutdownError>();
    is_boxable::<NoRuntimeError>();
    is_boxable::<NoWorkerError>();
    is_boxable::<Elapsed>();
}

#[test]
fn every_error_has_a_message_in_both_languages() {
    watched(|| {
        let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("in range");
        let refused = AsyncRuntime::builder().worker_threads(0).build().expect_err("no worker");
        well_formed(&refused.to_string(), &refused.message_zh());
        let task = runtime.spawn(std::future::pending::<()>());
        task.cancel().expect("it is waiting");
        let cancelled = runtime.block_on(task).expect_err("it was cancelled");
        well_formed(&cancelled.to_string(), &cancelled.message_zh());
        let task = runtime.spawn(async { std::panic::resume_unwind(Box::new("text")) });
        let failed: Result<(), JoinError> = runtime.block_on(task);
        let failed = failed.expect_err("it panicked");
        assert!(failed.to_string().contains("text") && failed.message_zh().contains("text"));
        well_formed(&failed.to_string(), &failed.message_zh());
        for error in [CancelError::Ended, CancelError::NotCancellable] {
            well_formed(&error.to_string(), &error.message_zh());
        }
        well_formed(&NoRuntimeError.to_string(), &NoRuntimeError.message_zh());
        well_formed(&NoWorkerError.to_string(), &NoWorkerError.message_zh());
        well_formed(&Elapsed.to_string(), &Elapsed.message_zh());
    });
}

#[test]
fn a_time_limit_becomes_an_io_error_of_its_kind_that_keeps_its_source() {
    let error = std::io::Error::from(Elapsed);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(error.get_ref().is_some_and(|source| source.is::<Elapsed>()));
}

#[test]
fn the_question_mark_carries_every_error_into_a_box() {
    fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
        let runtime = AsyncRuntime::builder().worker_threads(1).build()?;
        let task = runtime.spawn(async { 1 });
        runtime.block_on(task)?;
        runtime.shutdown()?;
        Ok(())
    }
    main().expect("nothing fails");
}
