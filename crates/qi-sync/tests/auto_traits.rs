//! Which public types may be sent to other threads and shared between them, for values that may
//! be both, one of the two, or neither: a table, compared when the tests are compiled.
#![forbid(unsafe_code)]

use qi_sync::channel::{broadcast, mpmc, mpsc, oneshot, watch};
use qi_sync::*;
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

/// Send, not Sync.
type Sent = Cell<u8>;
/// Sync, not Send.
type Shared = std::sync::MutexGuard<'static, u8>;
/// Neither.
type Kept = Rc<u8>;

/// A guard of all as a guard of a part.
type MappedOwned<T> = OwnedMappedRwLockWriteGuard<T, T>;

/// `type: [both, sent, shared, kept] [both, sent, shared, kept]`, Send before Sync; 1 is yes.
macro_rules! table {
    ($($($name:ident)::+ <$($life:lifetime,)* T>:
        [$a:literal $b:literal $c:literal $d:literal]
        [$e:literal $f:literal $g:literal $h:literal];)*) => {$(
        table!(@one $($name)::+ <$($life,)* u8>, $a, $e);
        table!(@one $($name)::+ <$($life,)* Sent>, $b, $f);
        table!(@one $($name)::+ <$($life,)* Shared>, $c, $g);
        table!(@one $($name)::+ <$($life,)* Kept>, $d, $h);
    )*};
    (@one $type:ty, $send:literal, $sync:literal) => {
        const {
            assert!(Probe::<$type>::SEND == ($send == 1), stringify!(Send for $type));
            assert!(Probe::<$type>::SYNC == ($sync == 1), stringify!(Sync for $type));
        }
    };
}

#[test]
fn holders_of_values_may_be_sent_and_shared_as_the_values_allow() {
    table! {
        Mutex<T>: [1 1 0 0] [1 1 0 0];
        MutexGuard<'static, T>: [1 1 0 0] [1 0 1 0];
        OwnedMutexGuard<T>: [1 1 0 0] [1 0 0 0];
        RwLock<T>: [1 1 0 0] [1 0 0 0];
        RwLockReadGuard<'static, T>: [1 0 1 0] [1 0 1 0];
        RwLockWriteGuard<'static, T>: [1 0 0 0] [1 0 0 0];
        OwnedRwLockReadGuard<T>: [1 0 0 0] [1 0 0 0];
        OwnedRwLockWriteGuard<T>: [1 0 0 0] [1 0 0 0];
        MappedRwLockWriteGuard<'static, T>: [1 1 0 0] [1 0 1 0];
        MappedOwned<T>: [1 0 0 0] [1 0 0 0];
        OnceCell<T>: [1 1 0 0] [1 0 0 0];
        oneshot::Sender<T>: [1 1 0 0] [1 1 0 0];
        oneshot::Receiver<T>: [1 1 0 0] [1 1 0 0];
        oneshot::UntilClosed<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::Sender<T>: [1 1 0 0] [1 1 0 0];
        mpsc::WeakSender<T>: [1 1 0 0] [1 1 0 0];
        mpsc::Receiver<T>: [1 1 0 0] [1 1 0 0];
        mpsc::Sending<'static, T>: [1 1 0 0] [1 0 0 0];
        mpsc::Reserve<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::ReserveMany<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::UntilClosed<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::Permit<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::Permits<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::OwnedPermit<T>: [1 1 0 0] [1 1 0 0];
        mpsc::SendSink<T>: [1 1 0 0] [1 1 0 0];
        mpsc::Recv<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::RecvMany<'static, 'static, T>: [1 1 0 0] [1 0 0 0];
        mpsc::TryIter<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::Drain<'static, T>: [1 1 0 0] [1 1 0 0];
        mpsc::BlockingIter<'static, T>: [1 1 0 0] [1 1 0 0];
        mpmc::Receiver<T>: [1 1 0 0] [1 1 0 0];
        broadcast::Sender<T>: [1 0 0 0] [1 0 0 0];
        broadcast::WeakSender<T>: [1 0 0 0] [1 0 0 0];
        broadcast::Receiver<T>: [1 0 0 0] [1 0 0 0];
        watch::Sender<T>: [1 0 0 0] [1 0 0 0];
        watch::Receiver<T>: [1 0 0 0] [1 0 0 0];
        watch::Changed<'static, T>: [1 0 0 0] [1 0 0 0];
        watch::Ref<'static, T>: [0 0 0 0] [1 0 1 0];
    }
}

#[test]
fn what_holds_no_value_may_be_sent_and_shared() {
    macro_rules! both {
        ($($type:ty),* $(,)?) => {$( table!(@one $type, 1, 1); )*};
    }
    both! {
        Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit, Acquire<'static>, AcquireOwned,
        Notify, Notified<'static>, OwnedNotified, Barrier, BarrierWait<'static>, BarrierWaitResult,
        Event, EventWait<'static>, WaitGroup, WaitGroupWait<'static>, Worker,
        CancellationToken, Cancelled<'static>, CancelledOwned, DropGuard, DropGuardRef<'static>,
    }
}

#[test]
fn a_wait_for_a_lock_may_be_sent_where_the_value_may() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let (sent, both) = (Mutex::new(Cell::new(1)), RwLock::new(1));
    drop(is_send(sent.lock()));
    drop(is_send(both.read()));
    drop(is_send(both.write()));
}
