//! Task-locals: values that a task's code finds without having been handed them.
//!
//! ```text
//!   task_local! { static ID: u64;  inherit static TRACE: Trace; }
//!        │ LocalKey                     │ InheritedKey
//!        ▼                              ▼
//!   stack.rs: scopes entered on     heritage.rs: a set of shared values, which a spawn
//!   this thread, innermost first    gives to the child (in its head's cold part)
//! ```
//!
//! # Whose value is it?
//! A value is seen by the task that entered the scope, and by nobody else who runs on the same
//! thread meanwhile: neither a child that `join` runs in place, nor a task pinned to this thread
//! that runs on top of a nested `block_on`. So each entry says whose it is: the address of the task
//! that was polled when the scope was entered, 0 outside of tasks, and only entries of the innermost
//! task are looked at. (I40) The root future of a nested `block_on` belongs to the task that blocks.
//! An address stands for one task here, because an entry exists only while its task is being polled.
//!
//! # Cost
//! Who uses no task-locals pays one look at a flag of the thread's context per spawn, and nothing
//! per poll: that a task has inherited something is found where its home is looked at anyway.
//!
//! # Rejected alternatives
//! A thread-local per key that scopes swap values in and out of (Tokio's way): another task on the
//! same stack would find the value, and could not set its own while the first is being looked at.
//! A map in every task's head: a word and a look per poll for what few tasks have.

mod future;
mod heritage;
mod key;
pub(crate) mod marks;
mod stack;
pub(crate) mod stand;

pub use future::TaskLocalFuture;
pub(crate) use heritage::{Heritage, Legacy};
pub use key::{InheritedKey, LocalKey};

/// Declares task-locals, as `thread_local!` declares thread-locals.
///
/// A plain one ([`LocalKey`]) is seen by the task that sets it. One declared `inherit static`
/// ([`InheritedKey`]) is also seen by the tasks that are spawned while it is set, and by theirs.
///
/// # Examples
/// ```
/// qi_sched::task_local! {
///     /// Counts what this task did.
///     static REQUEST: u64;
///     /// Known to whatever works for the same user.
///     pub inherit static USER: String;
/// }
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let work = REQUEST.scope(7, async {
///     let child = qi_sched::spawn(async { (REQUEST.try_get().is_ok(), USER.get()) });
///     (REQUEST.get(), child.await.unwrap())
/// });
/// let (own, (seen_by_child, user)) = USER.scope("ada".to_owned(), work).await;
/// assert_eq!((own, seen_by_child, user.as_str()), (7, false, "ada"));
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visible:vis inherit static $name:ident: $type:ty $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $visible static $name: $crate::InheritedKey<$type> =
            $crate::InheritedKey::__new(::core::stringify!($name));
        $($crate::task_local! { $($rest)* })?
    };
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $visible static $name: $crate::LocalKey<$type> =
            $crate::LocalKey::__new(::core::stringify!($name));
        $($crate::task_local! { $($rest)* })?
    };
}
