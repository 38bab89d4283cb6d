//! Named pipes of Windows as sources of events. On other systems nothing but their options.
//!
//! A crate of its own because two of its steps need `unsafe`: making an instance that is not the
//! first of its name, and handing a handle to mio. The crates around it forbid unsafe code as a whole.

#[cfg(windows)]
mod instance;

mod options;

#[cfg(windows)]
pub use instance::{create, open};
pub use options::Instance;
