//! What Windows has of its own: positional calls that move the cursor, shares, two kinds of links.

use super::file::File;
use super::options::OpenOptions;
use crate::blocking::{Device, call};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, RawHandle};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file as blocking calls use it.
#[derive(Debug)]
pub(crate) struct FileDevice {
    file: Arc<fs::File>,
    /// Calls that move the cursor, which here all reads and writes do, are made one at a time.
    cursor: Mutex<()>,
}

impl FileDevice {
    pub(crate) fn new(file: fs::File) -> Self {
        Self { file: Arc::new(file), cursor: Mutex::new(()) }
    }

    /// The file, for what does not touch its cursor.
    pub(crate) fn shared(&self) -> Arc<fs::File> {
        self.file.clone()
    }

    pub(super) fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        self.keeping_cursor(|file| {
            while filled < length {
                match file.seek_read(&mut bytes[filled..], offset + filled as u64)? {
                    0 => break,
                    count => filled += count,
                }
            }
            Ok(())
        })?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.keeping_cursor(|file| {
            let mut written = 0;
            while written < bytes.len() {
                match file.seek_write(&bytes[written..], offset + written as u64)? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => written += count,
                }
            }
            Ok(())
        })
    }

    fn keeping_cursor(&self, work: impl FnOnce(&fs::File) -> io::Result<()>) -> io::Result<()> {
        let _one_at_a_time = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let before = (&*self.file).stream_position()?;
        let outcome = work(&self.file);
        (&*self.file).seek(SeekFrom::Start(before))?;
        outcome
    }
}

impl Device for FileDevice {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let _one_at_a_time = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        (&*self.file).read(buffer)
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let _one_at_a_time = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        (&*self.file).write_all(bytes)
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        let _one_at_a_time = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        (&*self.file).seek(to)
    }
}

impl OpenOptions {
    /// The rights that are asked for, instead of those that reading and writing need.
    pub fn access_mode(&mut self, access: u32) -> &mut Self {
        self.0.access_mode(access);
        self
    }

    /// What others may do with the file meanwhile; all, by default.
    pub fn share_mode(&mut self, share: u32) -> &mut Self {
        self.0.share_mode(share);
        self
    }

    /// Further flags of `CreateFile`. `FILE_FLAG_OVERLAPPED` is of no use here.
    pub fn custom_flags(&mut self, flags: u32) -> &mut Self {
        self.0.custom_flags(flags);
        self
    }

    /// The attributes of a file that is made.
    pub fn attributes(&mut self, attributes: u32) -> &mut Self {
        self.0.attributes(attributes);
        self
    }
}

impl AsHandle for File {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.stream.device().file.as_handle()
    }
}

impl AsRawHandle for File {
    fn as_raw_handle(&self) -> RawHandle {
        self.stream.device().file.as_raw_handle()
    }
}

/// Makes a symbolic link at `link` to the file `original`.
///
/// # Errors
/// As [`std::os::windows::fs::symlink_file`], which needs a privilege; an error on a thread that
/// works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn symlink_file(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    call(move || std::os::windows::fs::symlink_file(original, link)).await
}

/// Makes a symbolic link at `link` to the directory `original`.
///
/// # Errors
/// As [`symlink_file`].
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn symlink_dir(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    call(move || std::os::windows::fs::symlink_dir(original, link)).await
}

/// Nothing: there are no permission bits.
pub(super) fn set_mode(_: &mut fs::DirBuilder, _: Option<u32>) {}

/// A new file inherits the access list of its directory, as the old one did.
pub(super) fn keep_private(_: &mut fs::OpenOptions) {}

/// Gives a file the attribute "read only" of another one.
pub(super) fn copy_permissions(from: &fs::Metadata, to: &fs::File) -> io::Result<()> {
    to.set_permissions(from.permissions())
}

/// Nothing: directories cannot be flushed here.
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
