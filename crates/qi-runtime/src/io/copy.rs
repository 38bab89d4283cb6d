//! All of one reader into one writer.

use super::pump::{AtEnd, Pump};
use super::scratch::DEFAULT_SIZE;
use futures_util::io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;

/// Copies all that `reader` gives to `writer`, flushes it, and says how many bytes that was.
///
/// It moves up to 16 KiB at once, takes a unit of the task's budget for each piece, and holds memory
/// only while the writer is behind. `writer` is not closed.
///
/// # Errors
/// The reader's and the writer's; [`WriteZero`](io::ErrorKind::WriteZero) if the writer takes nothing.
///
/// # Cancel safety
/// Not cancel safe: what was read and not written yet is lost when it is dropped, and nobody knows
/// how much was copied.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let mut reader: &[u8] = b"all of it";
/// let mut writer = Vec::new();
/// assert_eq!(qi_runtime::io::copy(&mut reader, &mut writer).await?, 9);
/// assert_eq!(writer, b"all of it");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    copy_with_size(reader, writer, DEFAULT_SIZE).await
}

/// As [`copy`], moving up to `size` bytes at once (at least one). Beyond 64 KiB each poll pays for a
/// fresh buffer.
///
/// # Errors
/// As [`copy`].
///
/// # Cancel safety
/// As [`copy`].
pub async fn copy_with_size<R, W>(reader: &mut R, writer: &mut W, size: usize) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut pump = Pump::new(size, AtEnd::Flush);
    poll_fn(|cx| pump.poll(cx, Pin::new(&mut *reader), Pin::new(&mut *writer))).await
}
