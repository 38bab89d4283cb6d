//! What changes from one stack to another, chosen by target: a switch of stacks, or a thread for
//! each coroutine where nobody knows how to switch.
//!
//! Both give the same things: `Fiber` (make, set_along, resume, finish), `current`, `suspend`, `remaining`.

#[cfg(qi_fiber)]
mod pointer;

#[cfg_attr(qi_fiber, path = "fiber.rs")]
#[cfg_attr(not(qi_fiber), path = "thread.rs")]
mod chosen;

#[cfg(qi_fiber)]
pub(crate) use chosen::label_of;
pub(crate) use chosen::{Fiber, current, remaining, suspend};
