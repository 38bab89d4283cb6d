//! Moving bytes: whole streams to each other, both ways, and through memory.
//!
//! Reading and writing themselves are methods of the `futures-io` traits (`AsyncReadExt`,
//! `AsyncWriteExt` and `AsyncBufReadExt` of `futures_util::io`), with their adapters: `BufReader`,
//! `take`, `chain`, `lines`, `empty`, `sink`, `Cursor`. Here is only what those lack:
//!
//! * [`copy`] counts the task's budget, so that a source which is always ready lets others run, and
//!   holds no memory while it waits for its source.
//! * [`copy_bidirectional`] joins two streams as a proxy does; futures-util has nothing of the kind.
//! * [`duplex`] is a pair of streams in memory, with a bound; futures-util has none.
//!
//! [`split`], of any stream, and [`copy_buf`] are futures-util's own, named here because users look
//! for them beside the others.
//!
//! # Examples
//! ```
//! use futures_util::io::{AsyncReadExt, AsyncWriteExt};
//! use qi_runtime::io::{copy_bidirectional, duplex};
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! # runtime.block_on(async {
//! let (mut client, mut left) = duplex(64);
//! let (mut right, mut server) = duplex(64);
//! let proxy = qi_runtime::spawn(async move { copy_bidirectional(&mut left, &mut right).await });
//! client.write_all(b"question").await?;
//! client.close().await?;
//! let mut text = String::new();
//! server.read_to_string(&mut text).await?;
//! assert_eq!(text, "question");
//! drop(server);
//! assert_eq!(proxy.join().await.expect("it does not panic")?, (8, 0));
//! # std::io::Result::Ok(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod both_ways;
mod copy;
mod duplex;
mod pump;
mod scratch;

pub use both_ways::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use copy::{copy, copy_with_size};
pub use duplex::{DuplexStream, duplex};
pub use futures_util::io::{ReadHalf, ReuniteError, WriteHalf, copy_buf};

use futures_util::io::{AsyncRead, AsyncReadExt, AsyncWrite};

/// Splits any stream into a half that reads and one that writes, for two tasks.
///
/// The halves take turns at the stream, by a lock of futures-util that is held during a poll. The
/// types of [`net`](crate::net) split without one (`into_split`): prefer that where there is a choice.
/// [`ReadHalf::reunite`] puts the halves together again. Dropping the writing half does not end
/// writing; close it first.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let (mut one, other) = qi_runtime::io::duplex(16);
/// let (mut reader, mut writer) = qi_runtime::io::split(other);
/// writer.write_all(b"out").await?;
/// one.write_all(b"in").await?;
/// let mut got = [0; 3];
/// one.read_exact(&mut got).await?;
/// reader.read_exact(&mut got[..2]).await?;
/// assert_eq!(&got, b"int");
/// assert!(reader.reunite(writer).is_ok());
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split<S: AsyncRead + AsyncWrite>(stream: S) -> (ReadHalf<S>, WriteHalf<S>) {
    stream.split()
}
