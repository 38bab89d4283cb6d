//! What people read: of coroutines, stacks, pools and ends, in both languages.
#![forbid(unsafe_code)]

use crate::support::{SMALL, coroutine, poll, small_pool};
use qi_coroutine::{
    Coroutine, Label, Outcome, StackCache, StackError, StackPoolConfig, current, try_wait, wait,
};
use std::future::pending;
use std::io;
use std::task::Poll;

#[test]
fn a_coroutine_tells_its_name_and_how_far_it_is() {
    let pool = small_pool();
    let mut one = Coroutine::new(pool.take(None).unwrap(), Label::new("clerk"), || {
        wait(pending::<()>());
    });
    let said = format!("{one:?}");
    assert!(said.contains("clerk") && said.contains("is_started: false"), "{said}");
    assert!(one.take_stack().is_none(), "it runs on it");
    assert!(poll(&mut one).is_pending());
    assert!(one.is_started() && !one.is_ended() && one.must_block().is_none());
    assert!(format!("{one:?}").contains("is_started: true"));
    one.end();
    assert!(one.is_started() && one.is_ended() && one.must_block().is_none());
    let said = format!("{one:?}");
    assert!(said.contains("label: None") && said.contains("is_ended: true"), "{said}");
}

#[test]
fn a_coroutine_that_is_ended_before_it_begins_gives_its_stack_back() {
    let pool = small_pool();
    let mut one = coroutine(&pool, || 1);
    one.end();
    assert!(one.is_ended() && one.take_stack().is_none());
    assert_eq!(pool.stats().live_stacks, 0);
}

#[test]
fn code_inside_knows_its_name_and_the_size_of_its_stack() {
    let pool = small_pool();
    let label = Label::numbered(7).named(Some("clerk".into())).with_id(8);
    let mut one = Coroutine::new(pool.take(None).unwrap(), label, || {
        let own = current().unwrap();
        (own.label().id(), own.label().name().map(str::to_owned), own.stack_bytes())
    });
    match poll(&mut one) {
        Poll::Ready(Ok(said)) => assert_eq!(said, (8, Some("clerk".to_owned()), SMALL)),
        other => panic!("{other:?}"),
    }
    assert!(current().is_none());
}

#[test]
fn pools_caches_and_stacks_tell_what_they_have() {
    let pool = small_pool();
    let mut cache = StackCache::new(pool.clone());
    assert!(std::sync::Arc::ptr_eq(cache.pool(), &pool));
    let stack = cache.take(None).unwrap();
    assert!(format!("{stack:?}").contains("usable_bytes: 65536"));
    cache.give(stack);
    let hot = pool.stats().hot_stacks;
    assert!(format!("{cache:?}").contains(&format!("stacks: {hot}")), "{cache:?}");
    assert!(format!("{pool:?}").contains("live_stacks: 0"));
    let config = format!("{:?}", StackPoolConfig::default());
    assert!(config.contains("max_stack_size: 2097152") && config.contains("embedder: false"));
}

#[test]
fn ends_and_errors_say_in_both_languages_what_happened() {
    let is_chinese = |text: &str| !text.is_ascii();
    for outcome in [Outcome::Cancelled, Outcome::Panicked(Box::new(1))] {
        assert!(outcome.to_string().starts_with("the coroutine"));
        assert!(is_chinese(&outcome.message_zh()));
    }
    let pool = small_pool();
    let mut told = coroutine(&pool, || try_wait(pending::<()>()));
    assert!(poll(&mut told).is_pending());
    told.cancel();
    let Poll::Ready(Ok(Err(cancelled))) = poll(&mut told) else { panic!("it was not told") };
    assert_eq!(cancelled.to_string(), "the coroutine was cancelled");
    assert!(is_chinese(&cancelled.message_zh()));
    let refused = || io::Error::from(io::ErrorKind::OutOfMemory);
    let errors = [
        StackError::Config { field: "max_stack_size", value: 1, accepted: "2".into() },
        StackError::Reserve { bytes: 1, source: refused() },
        StackError::Exhausted { bytes: 1, reserved: 2 },
        StackError::GuardBudget { stacks: 1 },
        StackError::Prepare(refused()),
    ];
    for error in errors {
        assert!(!error.to_string().is_empty() && is_chinese(&error.message_zh()), "{error}");
    }
}
