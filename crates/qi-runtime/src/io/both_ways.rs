//! Two streams joined, as a proxy joins them.
//!
//! # Protocol
//! Each direction goes its own way. The end of what one side sends closes the writing half of the
//! other side only: a peer that has said all it has to say may still listen. The future is ready when
//! both directions have ended, or one has failed.

use super::pump::{AtEnd, Pump};
use super::scratch::DEFAULT_SIZE;
use futures_util::io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

/// Copies what `a` gives to `b` and what `b` gives to `a`, until both are at their ends, and says
/// how many bytes went each way: from `a` to `b`, and from `b` to `a`.
///
/// When one side ends, the other's writing half is closed and its reading goes on. It moves up to
/// 16 KiB at once, each piece for a unit of the task's budget. A direction in which nothing moves
/// holds no memory; one whose writer is behind keeps what was read last.
///
/// # Errors
/// The first error of either side. The other direction is given up at that moment; the streams are
/// the caller's to close.
///
/// # Cancel safety
/// Not cancel safe: what was read and not written yet is lost when it is dropped. To end a proxied
/// connection by dropping it is fine, to go on with the streams is not.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// use qi_runtime::net::{TcpListener, TcpStream};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// # let upstream = TcpListener::bind("127.0.0.1:0").await?;
/// # let upstream_addr = upstream.local_addr()?;
/// # let echo = qi_runtime::spawn(async move {
/// #     let (mut stream, _) = upstream.accept().await?;
/// #     let mut got = Vec::new();
/// #     stream.read_to_end(&mut got).await?;
/// #     stream.write_all(&got).await
/// # });
/// let proxy = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(proxy.local_addr()?).await?;
/// client.write_all(b"ping").await?;
/// client.close().await?;
/// let (mut inbound, _) = proxy.accept().await?;
/// let mut outbound = TcpStream::connect(upstream_addr).await?;
/// let (up, down) = qi_runtime::io::copy_bidirectional(&mut inbound, &mut outbound).await?;
/// assert_eq!((up, down), (4, 4));
/// # echo.join().await.expect("it does not panic")?;
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, DEFAULT_SIZE, DEFAULT_SIZE).await
}

/// As [`copy_bidirectional`], moving up to `a_to_b` and `b_to_a` bytes at once (at least one each).
/// Beyond 64 KiB each poll pays for a fresh buffer.
///
/// # Errors
/// As [`copy_bidirectional`].
///
/// # Cancel safety
/// As [`copy_bidirectional`].
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b: usize,
    b_to_a: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let mut there = Pump::new(a_to_b, AtEnd::Close);
    let mut back = Pump::new(b_to_a, AtEnd::Close);
    poll_fn(|cx| {
        // Both are polled whatever the first says: each has its own wakers to leave.
        let there = there.poll(cx, Pin::new(&mut *a), Pin::new(&mut *b))?;
        let back = back.poll(cx, Pin::new(&mut *b), Pin::new(&mut *a))?;
        match (there, back) {
            (Poll::Ready(there), Poll::Ready(back)) => Poll::Ready(Ok((there, back))),
            _ => Poll::Pending,
        }
    })
    .await
}
