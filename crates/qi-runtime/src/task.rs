//! Tasks and their structure: handles, task-locals, scopes, sets, what children inherit.
//!
//! | form | parallel | borrows | its caller meanwhile |
//! |---|---|---|---|
//! | [`scope`] | no: the children live in the parent's future | yes | suspends |
//! | [`scope_blocking`] | yes | yes | blocks its thread |
//! | [`JoinSet`], [`TaskGroup`] | yes | no | suspends, or does something else |

pub use crate::time::{spawn_bound, until_stopped, with_deadline, within};
pub use qi_sched::{
    AbortHandle, InheritedKey, Join, JoinError, LocalKey, TaskBuilder, TaskHandle, TaskId,
    TaskInfo, TaskLocalError, TaskLocalFuture, TaskPriority, TaskStatus, block_in_place, coop,
    coop::yield_now, spawn, spawn_local, task_local,
};
pub use qi_scope::{
    BlockingScope, ChildError, GroupError, JoinSet, LocalScope, OnError, PanicPayload, Scope,
    ScopeFuture, ScopedChild, ScopedTask, Stopped, TaskGroup, cancellation, child_cancellation,
    scope, scope_blocking, scope_blocking_on, scope_local, until_cancelled, with_cancellation,
};
