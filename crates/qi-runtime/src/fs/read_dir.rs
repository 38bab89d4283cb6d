//! The entries of a directory, many per blocking call.

use crate::blocking::{call, call_on};
use crate::error::RuntimeError;
use crate::handle::Handle;
use futures_util::stream::Stream;
use qi_sched::{TaskHandle, coop};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::{Future, poll_fn};
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Entries that one blocking call brings. Most directories need one call, with its opening.
const BATCH: usize = 256;

/// Opens a directory and reads its first entries.
///
/// # Errors
/// As [`std::fs::read_dir`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost.
///
/// # Examples
/// ```
/// use futures_util::TryStreamExt;
/// use qi_runtime::fs;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let home = std::env::temp_dir().join(format!("qi-doc-dir-{}", std::process::id()));
/// # runtime.block_on(async {
/// fs::create_dir_all(home.join("inner")).await?;
/// fs::write(home.join("file"), "").await?;
/// let mut names = Vec::new();
/// let mut entries = fs::read_dir(&home).await?;
/// while let Some(entry) = entries.try_next().await? {
///     let kind = if entry.file_type()?.is_dir() { "directory" } else { "file" };
///     names.push(format!("{} is a {kind}", entry.file_name().to_string_lossy()));
/// }
/// names.sort();
/// assert_eq!(names, ["file is a file", "inner is a directory"]);
/// fs::remove_dir_all(&home).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let handle = Handle::try_current().map_err(io::Error::other)?;
    let path = path.as_ref().to_owned();
    let batch = call_on(&handle, move || Ok(Batch::read(std::fs::read_dir(path)?))).await?;
    Ok(ReadDir { handle, next: Next::Here(batch) })
}

/// The entries of a directory, as a `Stream`, in no order. Made by [`read_dir`].
///
/// An error of one entry does not end it. What is made or removed meanwhile may be seen or not.
///
/// # Cancel safety
/// [`next_entry`](Self::next_entry), and `next` of a stream, lose no entry when they are dropped: those
/// that a call brings are kept for the next one.
pub struct ReadDir {
    handle: Handle,
    next: Next,
}

enum Next {
    Here(Batch),
    OnItsWay(TaskHandle<Batch>),
}

/// Entries, and where more come from.
struct Batch {
    entries: VecDeque<io::Result<DirEntry>>,
    /// `None` after the last one.
    rest: Option<std::fs::ReadDir>,
}

impl Batch {
    fn read(mut rest: std::fs::ReadDir) -> Self {
        let found = |entry: std::fs::DirEntry| DirEntry {
            kind: entry.file_type().map_err(|error| error.raw_os_error()),
            inner: Arc::new(entry),
        };
        let taken = rest.by_ref().take(BATCH);
        let entries: VecDeque<_> = taken.map(|entry| entry.map(found)).collect();
        let rest = (entries.len() == BATCH).then_some(rest);
        Self { entries, rest }
    }
}

impl ReadDir {
    /// The next entry, `None` after the last.
    ///
    /// # Errors
    /// The system's error for one entry.
    ///
    /// # Cancel safety
    /// No entry is lost.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_entry(cx)).await.transpose()
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<DirEntry>>> {
        let progress = ready!(coop::poll_proceed(cx));
        loop {
            let batch = match &mut self.next {
                Next::Here(batch) => batch,
                Next::OnItsWay(call) => match ready!(Pin::new(call).poll(cx)) {
                    Ok(batch) => {
                        self.next = Next::Here(batch);
                        continue;
                    }
                    Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                    Err(_) => {
                        // Told once; then it is over.
                        self.next = Next::Here(Batch { entries: VecDeque::new(), rest: None });
                        return Poll::Ready(Some(Err(RuntimeError::Stopped.into())));
                    }
                },
            };
            if let Some(entry) = batch.entries.pop_front() {
                progress.made_progress();
                return Poll::Ready(Some(entry));
            }
            let Some(rest) = batch.rest.take() else { return Poll::Ready(None) };
            let call = self.handle.spawn_blocking(move || Batch::read(rest));
            self.next = Next::OnItsWay(call);
        }
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_entry(cx)
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}

/// One entry of a directory.
#[derive(Clone)]
pub struct DirEntry {
    pub(super) inner: Arc<std::fs::DirEntry>,
    /// Found out while the thread was allowed to block. Errors cannot be cloned, their numbers can.
    kind: Result<FileType, Option<i32>>,
}

impl DirEntry {
    /// The directory's path with the entry's name.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.inner.path()
    }

    /// The name, which need not be valid Unicode.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.inner.file_name()
    }

    /// Whether it is a file, a directory, a symbolic link (which is not followed) or something else.
    /// It was found out with the entry: this does not wait.
    ///
    /// # Errors
    /// The system's error if it was gone by then.
    pub fn file_type(&self) -> io::Result<FileType> {
        self.kind.map_err(|number| match number {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::ErrorKind::Other.into(),
        })
    }

    /// Length, times, permissions; of a symbolic link itself.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::metadata`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.inner.clone();
        call(move || entry.metadata()).await
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
