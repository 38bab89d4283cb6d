//! Which public types may be sent to other threads and shared between them: a table, compared when
//! the tests are compiled.
#![forbid(unsafe_code)]

use qi_scope::{BlockingScope, JoinSet, LocalScope, Scope, ScopedChild, ScopedTask, TaskGroup};
use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

/// `SEND` and `SYNC` of a probe are its own if the bound holds, else those of the trait.
struct Probe<T>(PhantomData<fn(T)>);

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Otherwise for Probe<T> {}

impl<T: Send> Probe<T> {
    const SEND: bool = true;
}

impl<T: Sync> Probe<T> {
    const SYNC: bool = true;
}

/// `type: Send, Sync`.
macro_rules! table {
    ($($type:ty: $send:literal $sync:literal;)*) => {$(
        const {
            assert!(Probe::<$type>::SEND == $send, stringify!(Send for $type));
            assert!(Probe::<$type>::SYNC == $sync, stringify!(Sync for $type));
        }
    )*};
}

#[test]
fn scopes_and_sets_may_be_sent_and_shared_as_what_they_hold_allows() {
    table! {
        Scope<'static>: true true;
        LocalScope<'static>: false false;
        ScopedChild<u8>: true true;
        ScopedChild<Cell<u8>>: true true;
        ScopedChild<Rc<u8>>: false false;
        BlockingScope<'static, 'static>: true true;
        ScopedTask<'static, Cell<u8>>: true true;
        ScopedTask<'static, Rc<u8>>: false false;
        JoinSet<Cell<u8>>: true true;
        JoinSet<Rc<u8>>: false false;
        TaskGroup<Cell<u8>, u8>: true true;
        TaskGroup<u8, Rc<u8>>: false false;
    }
}
