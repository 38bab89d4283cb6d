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
mod code;
#[allow(unsafe_code)]
mod handle;
#[allow(unsafe_code)]
mod pointer;
#[allow(unsafe_code)]
mod structs;
#[allow(unsafe_code)]
mod memory;
#[allow(unsafe_code)]
mod poll_context;
