//! What depends on how the platform reports edges: late registration and short transfers.
//!
//! epoll and kqueue report edges themselves and register any descriptor through a shared reference.
//! Elsewhere (IOCP, and mio's emulation over poll(2)) mio emulates edges inside its own socket types:
//! those must be registered through themselves, exclusively, and learn from `WouldBlock` that the next
//! edge is wanted.

#[cfg(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ),
    not(mio_unsupported_force_poll_poll)
))]
#[path = "edge/native.rs"]
mod choice;

#[cfg(not(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ),
    not(mio_unsupported_force_poll_poll)
)))]
#[path = "edge/emulated.rs"]
mod choice;

pub(crate) use choice::watch_lazily;
pub use choice::{LazySource, SHORT_TRANSFER_DRAINS};
