//! The C ABI of the Qi runtime: all `extern "C"` functions of the project beside the five system
//! calls of qi-sys.
//!
//! The header `include/qi_runtime.h` is generated from these files; `docs/abi.md` says who owns what
//! and which calls suspend. A file per group of functions holds the exported functions, each a thin
//! shell: check what came across ([`pointer`], [`structs`], [`handle`]), call the runtime's public API,
//! answer with a [`code`].
//!
//! # Calls that suspend
//! What a call that has to wait does depends on where it is made ([`suspend`]): a coroutine is parked,
//! a plain thread blocks, and a poll function gets `QI_ERR_WOULD_BLOCK` and uses the `_poll` twin.
//!
//! # Unsafe code
//! The exported functions take raw pointers, so each is `unsafe`; what they promise each other is
//! stated in the header and checked where a check is possible.

// Lifted in the files that the catalogue names.
#![deny(unsafe_code)]

mod boundary;
#[allow(unsafe_code)]
mod channel;
mod code;
mod config;
#[allow(unsafe_code)]
pub mod export;
#[allow(unsafe_code)]
mod handle;
mod last_error;
#[allow(unsafe_code)]
mod memory;
mod object;
#[allow(unsafe_code)]
mod pointer;
#[allow(unsafe_code)]
mod poll_context;
mod runtime;
#[allow(unsafe_code)]
mod structs;
mod suspend;
mod sync;
mod task;
mod timer;
mod waker;

#[cfg(unix)]
#[allow(unsafe_code)]
mod fork;
#[cfg(not(unix))]
mod no_fork;
#[cfg(not(unix))]
use no_fork as fork;
