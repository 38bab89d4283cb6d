//! Coroutines and their stacks, from outside: one program, a module for each subject.

#[path = "coroutine/behaviour.rs"]
mod behaviour;
#[path = "coroutine/cancelling.rs"]
mod cancelling;
#[cfg(all(qi_fiber, unix))]
#[path = "coroutine/fault.rs"]
mod fault;
#[cfg(all(qi_fiber, target_os = "linux"))]
#[path = "coroutine/mapping.rs"]
mod mapping;
#[path = "coroutine/moving.rs"]
mod moving;
#[cfg(all(qi_fiber, unix))]
#[path = "coroutine/overflow.rs"]
mod overflow;
#[path = "coroutine/pooling.rs"]
mod pooling;
#[cfg(all(qi_fiber, unix))]
#[path = "coroutine/process.rs"]
mod process;
#[path = "coroutine/support.rs"]
mod support;
#[path = "coroutine/suspending.rs"]
mod suspending;
#[path = "coroutine/texts.rs"]
mod texts;
#[path = "coroutine/torture.rs"]
mod torture;
