//! Child processes, whose ends and pipes are awaited.
//!
//! [`Command`] is the standard library's, [`Child`] too, but that waiting, reading and writing suspend
//! the task instead of the thread.
//!
//! # Ends
//! On Linux the end of a child is an event of its own (pidfd). Elsewhere on Unix, and where a sandbox
//! refuses that, every SIGCHLD has all children that are waited for looked at. Either needs the runtime
//! that the child was started in: when that has shut down, waiting is an error. On Windows a thread of
//! the system's pool waits, for up to 63 children each, whatever becomes of the runtime.
//!
//! # Children that are dropped
//! A [`Child`] that is dropped goes on, unless [`Command::kill_on_drop`] was said. **It leaves no
//! zombie**: when it ends, it is reaped, by the runtime it was started in or, when that is shut down
//! already, by a thread of its own that does nothing else. It keeps neither the runtime nor the
//! process from ending.
//!
//! # Pipes
//! On Unix they are non-blocking and watched by the reactor, like sockets. On Windows anonymous pipes
//! cannot be watched: reads and writes go through the threads for blocking calls. A read that waits
//! there holds one of these threads, and a shutdown of the runtime, until the child writes or ends.
//!
//! A child that gets a pipe and is not read fills it (64 KiB on Linux) and then waits: read its output
//! while it runs, or let [`Command::output`] do so.
//!
//! # Examples
//! ```
//! use futures_util::io::{AsyncReadExt, AsyncWriteExt};
//! use qi_runtime::process::{Command, Stdio};
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! # #[cfg(unix)]
//! # runtime.block_on(async {
//! let output = Command::new("sh").arg("-c").arg("echo 你好; exit 3").output().await?;
//! assert_eq!(output.stdout, "你好\n".as_bytes());
//! assert_eq!(output.status.code(), Some(3));
//!
//! let mut sorter = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//! let mut stdin = sorter.stdin.take().expect("it was asked for");
//! stdin.write_all(b"two\none\n").await?;
//! drop(stdin); // the end of its input
//! let mut sorted = String::new();
//! sorter.stdout.take().expect("asked for as well").read_to_string(&mut sorted).await?;
//! assert_eq!(sorted, "one\ntwo\n");
//! assert!(sorter.wait().await?.success());
//! # std::io::Result::Ok(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod child;
mod command;
mod pipe;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

pub use child::Child;
pub use command::Command;
pub use pipe::{ChildStderr, ChildStdin, ChildStdout};
pub use std::process::{ExitStatus, Output, Stdio};
