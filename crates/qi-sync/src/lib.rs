//! Channels and locks for Qi's tasks: they know priorities, spend the budget and lose nothing.
//!
//! | to … | take |
//! |---|---|
//! | hand values from task to task | [`channel`] |
//! | let one at a time touch a value, or many read it | [`Mutex`], [`RwLock`] |
//! | bound how many do something at once | [`Semaphore`] |
//! | say that something happened | [`Notify`]: one waiter at a time; [`Event`]: all, until reset |
//! | ask for an end, of whatever is below too | [`CancellationToken`] |
//! | wait until some work is done | [`WaitGroup`] |
//! | go on together | [`Barrier`] |
//! | make a value once, when it is first needed | [`OnceCell`] |
//!
//! What holds for all of them:
//! - **Urgency.** Where one waiter goes before another, the most urgent task goes first
//!   ([`TaskPriority`](qi_sched::TaskPriority)), in order of arrival within a lane, and no lane
//!   starves.
//! - **Budget.** A task for which everything succeeds at once still lets others run now and then
//!   ([`qi_sched::coop`]).
//! - **Cancel safety.** Each operation says what dropping its future means; no value, permit or
//!   notification is lost by it.
//! - **Threads.** Plain threads use the `blocking_` twins. Inside a task these block its thread,
//!   but not its worker, whose seat goes to another thread. The futures need no runtime: any
//!   executor may poll them; outside of Qi's tasks all are of
//!   [`Normal`](qi_sched::TaskPriority::Normal) priority.
//! - **Bad wakers.** One that panics harms nobody; none is called or dropped under a lock.

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
    MappedRwLockWriteGuard, OwnedMappedRwLockWriteGuard, OwnedRwLockReadGuard,
    OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{Acquire, AcquireOwned, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use wait_group::{WaitGroup, WaitGroupWait, Worker};

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
