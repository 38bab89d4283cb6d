//! hyper's `rt` traits one by one.

use futures_util::io::{AsyncRead, AsyncWrite, Cursor};
use hyper::rt::{Executor as _, Read, ReadBuf, Timer as _, Write};
use qi_runtime::channel::oneshot;
use qi_runtime::hyper::{Executor, Io, Timer};
use qi_runtime::time::{Duration, Instant};
use qi_runtime::{AsyncRuntime, Handle, TaskPriority};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Reads once into memory of that size; what came.
async fn read_once<T: Read + Unpin>(stream: &mut T, room: usize) -> io::Result<Vec<u8>> {
    let mut memory = vec![MaybeUninit::uninit(); room];
    let mut buffer = ReadBuf::uninit(&mut memory);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buffer.unfilled())).await?;
    Ok(buffer.filled().to_vec())
}

#[qi_runtime::test]
async fn reads_fill_what_they_are_lent_and_no_more() {
    let bytes: Vec<u8> = (0..200_000).map(|at: u32| (at % 251) as u8).collect();
    for room in [1, 7, 4096, 65_536, 65_537, 300_000] {
        let mut stream = Io::new(Cursor::new(&bytes[..]));
        let mut got = Vec::new();
        loop {
            let piece = read_once(&mut stream, room).await.expect("memory can be read");
            assert!(piece.len() <= room);
            if piece.is_empty() {
                break;
            }
            got.extend(piece);
        }
        assert!(got == bytes, "room for {room}");
    }
}

/// Reads from another adapter inside of its own read, and then fails or panics.
struct Nested {
    inner: Io<Cursor<Vec<u8>>>,
    end: Option<io::ErrorKind>,
}

impl AsyncRead for Nested {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(room);
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer.unfilled());
        assert!(matches!(read, Poll::Ready(Ok(()))));
        let length = buffer.filled().len();
        match self.end {
            Some(kind) => Poll::Ready(Err(kind.into())),
            None => Poll::Ready(Ok(length)),
        }
    }
}

#[qi_runtime::test]
async fn one_read_inside_of_another_disturbs_neither() {
    let inner = Io::new(Cursor::new(b"tea and more".to_vec()));
    let mut stream = Io::new(Nested { inner, end: None });
    for expected in [&b"tea"[..], b" an", b"d m", b"ore", b""] {
        assert_eq!(read_once(&mut stream, 3).await.expect("it reads"), expected);
    }
}

#[qi_runtime::test]
async fn errors_pass_as_they_are() {
    let inner = Io::new(Cursor::new(vec![1]));
    let mut stream = Io::new(Nested { inner, end: Some(io::ErrorKind::ConnectionReset) });
    let error = read_once(&mut stream, 3).await.expect_err("it fails");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

/// Notes which of its methods was called.
#[derive(Default)]
struct Noted(Vec<String>);

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.push(format!("write {}", bytes.len()));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.push(format!("write {} buffers", buffers.len()));
        Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.push("flush".to_owned());
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.push("close".to_owned());
        Poll::Ready(Ok(()))
    }
}

#[qi_runtime::test]
async fn writes_flushes_and_the_end_reach_the_stream() {
    let mut stream = Io::vectored(Noted::default());
    assert!(stream.is_write_vectored() && !Io::new(Noted::default()).is_write_vectored());
    let buffers = [IoSlice::new(b"te"), IoSlice::new(b"a")];
    let written = poll_fn(|cx| Pin::new(&mut stream).poll_write_vectored(cx, &buffers)).await;
    assert_eq!(written.expect("it writes"), 3);
    poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, b"!")).await.expect("it writes");
    poll_fn(|cx| Pin::new(&mut stream).poll_flush(cx)).await.expect("it flushes");
    poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await.expect("it closes");
    assert_eq!(stream.into_inner().0, ["write 2 buffers", "write 1", "flush", "close"]);
}

#[test]
fn executor_spawns_on_its_runtime_from_anywhere() {
    let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("it starts");
    let executor = Executor::new(runtime.handle().clone()).with_priority(TaskPriority::High);
    assert!(Executor::try_current().is_err() && Timer::try_current().is_err());
    let (tell, told) = oneshot::channel();
    executor.execute(async move {
        let task = qi_runtime::task_id().expect("it is a task");
        let all = Handle::current().stats().tasks();
        let lane = all.iter().find(|info| info.id == task).map(|info| info.priority);
        tell.send(lane).expect("the test waits");
    });
    assert_eq!(runtime.block_on(told).expect("it is told"), Some(TaskPriority::High));
}

#[qi_runtime::test(start_paused = true)]
async fn timer_goes_by_the_runtimes_clock() {
    let timer = Timer::current();
    let begun = Instant::now();
    assert_eq!(timer.now(), begun.into_std());
    timer.sleep(Duration::from_secs(60)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
    timer.sleep_until((begun + Duration::from_secs(90)).into_std()).await;
    assert_eq!(timer.now(), (begun + Duration::from_secs(90)).into_std());
}

#[qi_runtime::test(start_paused = true)]
async fn timer_that_is_reset_ends_at_the_new_moment() {
    let timer = Timer::current();
    let begun = Instant::now();
    let mut sleep = timer.sleep(Duration::from_secs(1));
    timer.reset(&mut sleep, (begun + Duration::from_secs(10)).into_std());
    sleep.as_mut().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    // One that has ended waits again.
    timer.reset(&mut sleep, (begun + Duration::from_secs(30)).into_std());
    sleep.await;
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[test]
fn timer_works_on_threads_of_no_runtime() {
    let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("it starts");
    let timer = Timer::new(runtime.handle().clone());
    let begun = timer.now();
    let sleep = timer.sleep(Duration::from_millis(2));
    runtime.block_on(sleep);
    assert!(timer.now() - begun >= Duration::from_millis(2), "never early");
}
