//! The process' standard streams.
//!
//! # Output
//! [`Stdout`] and [`Stderr`] copy what is written and have it written by the runtime's threads for
//! blocking calls, in order, and in pieces that are not torn: a write of up to 256 KiB is one call
//! under the standard library's lock, so lines of several tasks, or of `println!`, do not mix.
//!
//! **Nothing that was written is lost at an orderly end**: a runtime that shuts down, by
//! `shutdown()` or by its drop, writes what there is. So a `main` that owns its runtime needs no
//! flush. What cuts it off:
//! * `std::process::exit`, `abort`, a signal: flush before;
//! * a shutdown that gives up (`LeftBehind`) because nobody reads the other end of the pipe.
//!
//! `println!` in between goes its own way: it is written at once, and may overtake. Where order matters,
//! flush first or use one of the two.
//!
//! An error (nobody reads any more, the disk is full) is returned by the next write or flush, once.
//!
//! # Input
//! [`Stdin`] reads by a thread of its own, one for the process, which reads when somebody asks and
//! never otherwise. It keeps neither a runtime nor the process from ending, although nobody can
//! interrupt its read. What it has read belongs to whoever asks next, so **no byte is lost between
//! readers**: not if one is dropped while it waits, nor between two runtimes. It goes through the
//! standard library's buffer, and takes what that holds; but bytes that [`Stdin`] has read are gone for
//! `std::io::stdin()`.
//!
//! # Platforms
//! A console of Windows takes and gives UTF-8 here, as with the standard library: bytes that are no
//! UTF-8 are an error there.
//!
//! # Examples
//! ```
//! use futures_util::io::AsyncWriteExt;
//! use qi_runtime::stdio;
//!
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! runtime.block_on(async {
//!     let mut out = stdio::stdout()?;
//!     out.write_all("你好\n".as_bytes()).await?;
//!     out.flush().await
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod input;
mod output;
mod stdin;

pub use output::{Stderr, Stdout, stderr, stdout};
pub use stdin::{Lines, Stdin, stdin};
