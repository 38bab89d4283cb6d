//! Tells ThreadSanitizer of switches between stacks, under `cfg(qi_tsan)`; else nothing.
//!
//! A switch is announced by whoever resumes, before and after, in one function: so what the
//! sanitizer thinks of calls and returns stays balanced on both sides.

#[cfg_attr(qi_tsan, path = "on.rs")]
#[cfg_attr(not(qi_tsan), path = "off.rs")]
mod chosen;

pub(crate) use chosen::{Fiber, enter, leave};
