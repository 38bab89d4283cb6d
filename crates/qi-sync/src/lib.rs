//! Channels and locks for Qi's tasks: they know priorities, spend the budget and lose nothing.

mod barrier;
mod blocking;
mod cancel;
pub mod channel;
mod content;
mod crowd;
mod error;
mod event;
#[cfg(all(test, loom))]
mod model;
mod mutex;
mod notify;
mod once_cell;
mod rwlock;
mod semaphore;
#[allow(dead_code, unused_imports, unused_macros, reason = "for the primitives that follow")]
mod sync;
mod wait;
mod wait_group;
mod wake;

pub use barrier::{Barrier, BarrierWait, BarrierWaitResult};
pub use cancel::{CancellationToken, Cancelled, CancelledOwned, DropGuard, DropGuardRef};
pub use error::{AcquireError, SetError, TryAcquireError};
pub use event::{Event, EventWait};
pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use notify::{Notified, Notify, OwnedNotified};
pub use once_cell::OnceCell;
pub use rwlock::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{Acquire, AcquireOwned, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use wait_group::{WaitGroup, WaitGroupWait, Worker};
