//! Coroutines and their stacks, from outside: one program, a module for each subject.

#[path = "coroutine/behaviour.rs"]
mod behaviour;
#[path = "coroutine/cancelling.rs"]
mod cancelling;
#[path = "coroutine/support.rs"]
mod support;
