//! An open file.

use super::options::OpenOptions;
use super::os::FileDevice;
use crate::blocking::{Stream, call_on};
use crate::handle::Handle;
use std::fmt;
use std::fs::{Metadata, Permissions};
use std::io::{self, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// An open file. Reads, writes and seeks by the `futures-io` traits.
///
/// # Reading
/// A read asks for a chunk of 16 KiB or more (up to 512 KiB, while chunks are found full, or if the
/// caller's buffer is that long) and keeps what the caller has no room for. So the system's cursor is
/// ahead of what was read; it is put back before a write, a seek, and by
/// [`into_std`](Self::into_std). On what has no cursor (a pipe, a console) it is not, and nothing is
/// lost for that.
///
/// # Writing
/// A write copies the bytes and is done; at most 256 KiB wait, beyond that it waits. **What was
/// written reaches the system without a flush**, in order, by one blocking call for all that has come
/// together meanwhile, also after the file was dropped, and also when the runtime shuts down (the
/// last rest is then written by the thread that drops it). Only the end of the process can cut it
/// off: `std::process::exit`, an abort, or a `main` that returns while a runtime was leaked.
///
/// An error comes after the fact: the next write, flush, close, seek or sync returns it, once, and what
/// had been written behind the failed bytes is dropped. **A file that is dropped without a flush
/// tells its errors to the log only.** So flush, close or [`sync_all`](Self::sync_all) before the
/// drop if it matters.
///
/// Flushed is not stored: against a loss of power there are [`sync_all`](Self::sync_all) and
/// [`replace`](super::replace).
///
/// # Cancel safety
/// Reads, writes, flushes and seeks that are dropped lose no byte:
/// * a read that waited goes on, and what it brings is there for the next one;
/// * a write that waited has taken nothing; one that was ready has taken what it said. `write_all`
///   is several writes, and does not tell how many of them were done;
/// * a seek that was begun takes place, or fails, before whatever comes next.
///
/// While a read of a pipe or a console is on its way, writes through the same `File` wait for it: use
/// two files for two directions.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
/// use qi_runtime::fs::OpenOptions;
/// use std::io::SeekFrom;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let path = std::env::temp_dir().join(format!("qi-doc-file-{}", std::process::id()));
/// # runtime.block_on(async {
/// let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).await?;
/// file.write_all(b"Hello, world").await?;
/// file.seek(SeekFrom::Start(7)).await?;
/// let mut rest = Vec::new();
/// file.read_to_end(&mut rest).await?;
/// assert_eq!(rest, b"world");
/// qi_runtime::fs::remove_file(&path).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct File {
    pub(super) stream: Stream<FileDevice>,
}

impl File {
    pub(super) fn new(handle: Handle, file: std::fs::File) -> Self {
        Self { stream: Stream::new(handle, FileDevice::new(file)) }
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// As [`std::fs::File::open`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost; the file is closed if it was opened meanwhile.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).open(path).await
    }

    /// Opens a file for writing: makes it, or empties it.
    ///
    /// # Errors
    /// As [`std::fs::File::create`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// The file may be made, or emptied, and is closed then.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path).await
    }

    /// Makes a file and opens it for reading and writing; one that is there is an error.
    ///
    /// # Errors
    /// As [`std::fs::File::create_new`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// The file may be made, and is closed then.
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path).await
    }

    /// Options: reading, writing, appending, making.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes over an open file of the standard library.
    ///
    /// # Errors
    /// An error on a thread that works for no runtime.
    pub fn from_std(file: std::fs::File) -> io::Result<Self> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        Ok(Self::new(handle, file))
    }

    /// Gives the file back to the standard library, when all that was written has reached the system,
    /// with the cursor where the last read or write has left it.
    ///
    /// # Errors
    /// That of a write that failed, or of putting the cursor back. The file is closed then.
    ///
    /// # Cancel safety
    /// Not cancel safe: the file is closed. What was written is written all the same.
    pub async fn into_std(self) -> io::Result<std::fs::File> {
        self.stream.idle().await;
        self.stream.take_fault()?;
        let ahead = self.stream.ahead();
        let handle = self.stream.handle().clone();
        let file = self.stream.device().shared();
        drop(self);
        call_on(&handle, move || {
            if ahead > 0 {
                match io::Seek::seek(&mut &*file, SeekFrom::Current(-(ahead as i64))) {
                    Err(error) if error.kind() != io::ErrorKind::NotSeekable => return Err(error),
                    _ => {}
                }
            }
            // The call that ended last may not have let go of it yet.
            Arc::try_unwrap(file).or_else(|file| file.try_clone())
        })
        .await
    }

    /// Has the system store content and metadata, after all that was written before.
    ///
    /// # Errors
    /// That of an earlier write that failed, else as [`std::fs::File::sync_all`].
    ///
    /// # Cancel safety
    /// Nothing is lost. A sync that has begun goes on.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.after_writing(|file| file.sync_all()).await
    }

    /// Has the system store the content, and of the metadata what is needed to read it.
    ///
    /// # Errors
    /// As [`sync_all`](Self::sync_all).
    ///
    /// # Cancel safety
    /// As [`sync_all`](Self::sync_all).
    pub async fn sync_data(&self) -> io::Result<()> {
        self.after_writing(|file| file.sync_data()).await
    }

    /// Cuts the file off, or extends it with zeros, after all that was written before. The cursor
    /// stays, and bytes that were read ahead are not read again.
    ///
    /// # Errors
    /// That of an earlier write that failed, else as [`std::fs::File::set_len`].
    ///
    /// # Cancel safety
    /// It takes place or it does not.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        self.after_writing(move |file| file.set_len(size)).await
    }

    /// Length, times, permissions, with all that was written before.
    ///
    /// # Errors
    /// As [`std::fs::File::metadata`]. A write that failed is told to others than this.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.stream.written().await;
        self.with(|file| file.metadata()).await
    }

    /// Changes the permissions.
    ///
    /// # Errors
    /// As [`std::fs::File::set_permissions`].
    ///
    /// # Cancel safety
    /// It takes place or it does not.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.with(move |file| file.set_permissions(permissions)).await
    }

    /// Another handle to the same open file, when all that was written has reached the system. Both
    /// share the system's cursor, which a handle that reads has moved ahead of what it has given: so
    /// only one of them should read or write, or both by position.
    ///
    /// # Errors
    /// As [`std::fs::File::try_clone`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn try_clone(&self) -> io::Result<Self> {
        self.stream.written().await;
        let file = self.with(|file| file.try_clone()).await?;
        Ok(Self::new(self.stream.handle().clone(), file))
    }

    /// Waits for the writes before, and then does `work`.
    async fn after_writing<W>(&self, work: W) -> io::Result<()>
    where
        W: FnOnce(&std::fs::File) -> io::Result<()> + Send + 'static,
    {
        self.stream.written().await;
        self.stream.take_fault()?;
        self.with(work).await
    }

    /// One blocking call with the file, beside those that read and write.
    async fn with<T, W>(&self, work: W) -> io::Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
    {
        let file = self.stream.device().shared();
        call_on(self.stream.handle(), move || work(&file)).await
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.stream.device().shared()).finish()
    }
}
