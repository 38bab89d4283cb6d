//! Coroutines that go to another thread before they begin, by promise.

use crate::support::{SMALL, poll, small_pool};
use qi_coroutine::{Coroutine, Label, Portable, stack_remaining, suspend};
use std::task::Poll;
use std::thread;

fn portable<T: Send>(f: impl FnOnce() -> T + Send + 'static) -> Portable<T> {
    let stack = small_pool().take(None).unwrap();
    let coroutine = Coroutine::new(stack, Label::new("traveller"), f);
    // SAFETY: the closure and what it returns are `Send`; each test polls and drops it on one thread.
    unsafe { Portable::new(coroutine) }
}

#[test]
fn one_that_has_not_begun_runs_where_it_is_polled_first() {
    let here = thread::current().id();
    let mut one = portable(move || {
        let begun = thread::current().id();
        suspend();
        (begun, thread::current().id(), stack_remaining().is_some_and(|bytes| bytes <= SMALL))
    });
    assert!(!one.get_ref().is_started());
    assert!(format!("{one:?}").contains("traveller"));
    thread::spawn(move || {
        one.get_mut().set_poller_blocks(false);
        assert!(poll(&mut one).is_pending());
        let Poll::Ready(Ok((begun, ended, is_on_its_own))) = poll(&mut one) else {
            panic!("it has not ended");
        };
        assert!(begun != here && begun == ended && is_on_its_own);
    })
    .join()
    .unwrap();
}

#[test]
fn one_that_never_began_is_dropped_where_it_is() {
    let one = portable(|| unreachable!("nobody polled it"));
    thread::spawn(move || drop(one)).join().unwrap();
}
