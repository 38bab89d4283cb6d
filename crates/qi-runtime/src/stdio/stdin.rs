//! Standard input as its readers see it.

use super::input::{Inbox, Input, shared};
use futures_util::io::AsyncRead;
use futures_util::stream::Stream;
use qi_sched::coop;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The process' standard input. Any number may be made, in any runtime or none; each byte goes to one
/// of them. Who reads by which thread is told [above](super).
///
/// # Cancel safety
/// Whatever is dropped while it waits loses nothing: what comes goes to the next reader.
///
/// # Examples
/// ```no_run
/// use futures_util::TryStreamExt;
/// use qi_runtime::stdio;
///
/// # let runtime = qi_runtime::AsyncRuntime::builder().build()?;
/// runtime.block_on(async {
///     let mut lines = stdio::stdin().lines();
///     while let Some(line) = lines.try_next().await? {
///         println!("{} characters", line.chars().count());
///     }
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stdin {
    input: Arc<Input>,
    /// Of its waker.
    id: u64,
}

/// The process' standard input.
#[must_use]
pub fn stdin() -> Stdin {
    let input = shared();
    let id = input.lock().new_id();
    Stdin { input, id }
}

impl Stdin {
    /// The next line, without its end (`\n` or `\r\n`); `None` at the end of all. A last line need
    /// not have an end. At a terminal, reading may go on after the end.
    ///
    /// # Errors
    /// [`InvalidData`](ErrorKind::InvalidData) for a line that is no UTF-8, which is passed over;
    /// the system's error; that no thread could be started to read.
    ///
    /// # Cancel safety
    /// Nothing is lost: the part of a line that has come stays for whoever reads next.
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        poll_fn(|cx| self.poll_line(cx)).await.transpose()
    }

    /// All lines that come, as a `Stream`.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines(self)
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<String>>> {
        let line = match ready!(self.poll_with(cx, Inbox::take_line)) {
            Ok(line) => line,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        if line.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(text_of(line)))
    }

    /// Takes something out, or demands more and waits.
    fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Inbox) -> Option<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        let progress = ready!(coop::poll_proceed(cx));
        let taken = take(&mut self.input.lock());
        let result = match taken {
            Some(result) => result,
            None => {
                let waker = cx.waker().clone();
                let mut inbox = self.input.lock();
                // Once more, because something may have come between.
                match take(&mut inbox) {
                    Some(result) => result,
                    None => {
                        let old = inbox.leave_waker(self.id, waker);
                        let demanded = self.input.demand(inbox);
                        drop(old);
                        demanded?;
                        return Poll::Pending;
                    }
                }
            }
        };
        progress.made_progress();
        Poll::Ready(result)
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_with(cx, |inbox| inbox.take(buffer))
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        let waker = self.input.lock().take_waker(self.id);
        drop(waker);
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}

/// The lines of standard input. Made by [`Stdin::lines`]; as [`Stdin::next_line`], again and again.
#[derive(Debug)]
pub struct Lines(Stdin);

impl Stream for Lines {
    type Item = io::Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_line(cx)
    }
}

/// The text of a line, without its end.
fn text_of(mut line: Vec<u8>) -> io::Result<String> {
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    String::from_utf8(line).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}
