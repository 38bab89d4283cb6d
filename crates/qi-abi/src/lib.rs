//! The C ABI of the Qi runtime: all `extern "C"` functions of the project beside the five system
//! calls of qi-sys.
//!
//! The header `include/qi_runtime.h` is generated from these files; `docs/abi.md` says who owns what
//! and which calls suspend. A file per group of functions holds the exported functions, each a thin
//! shell: check what came across (`pointer`, `structs`, `handle`), call the runtime's public API,
//! answer with a code.
//!
//! # Calls that suspend
//! What a call that has to wait does depends on where it is made (`suspend`): a coroutine is parked,
//! a plain thread blocks, and a poll function gets `QI_ERR_WOULD_BLOCK` and uses the `_poll` twin.
//!
//! # The language
//! With the feature `language` the libraries export what compiled programs of the Qi language call, too:
//! the functions of qi-lang. They have a runtime of their own, made at the first call that needs it.
//!
//! # Unsafe code
//! The exported functions take raw pointers, so each is `unsafe`; what they promise each other is
//! stated in the header and checked where a check is possible.

// For what it exports.
#[cfg(feature = "language")]
extern crate qi_lang as _;

mod boundary;
mod buffer;
mod channel;
mod code;
mod config;
pub mod export;
mod file;
mod graph;
mod handle;
mod io_code;
mod last_error;
mod memory;
mod net;
mod object;
mod own;
mod pointer;
mod poll_context;
mod runtime;
mod scope;
mod select;
mod signal_number;
mod statistics;
mod structs;
mod suspend;
mod sync;
mod task;
mod timer;
mod waker;

#[cfg(unix)]
mod file_mode;
#[cfg(not(unix))]
mod no_file_mode;
#[cfg(not(unix))]
use no_file_mode as file_mode;

#[cfg(unix)]
mod fork;
#[cfg(not(unix))]
mod no_fork;
#[cfg(not(unix))]
mod no_signal;
#[cfg(unix)]
mod signal;
#[cfg(not(unix))]
use no_fork as fork;
#[cfg(not(unix))]
use no_signal as signal;
