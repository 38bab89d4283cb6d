//! What Unix has of its own: positional calls that leave the cursor alone, modes, symbolic links.

use super::dir_builder::DirBuilder;
use super::file::File;
use super::options::OpenOptions;
use super::read_dir::DirEntry;
use crate::blocking::{Device, call};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::{
    DirBuilderExt, DirEntryExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt,
};
use std::path::Path;
use std::sync::Arc;

/// A file as blocking calls use it.
#[derive(Debug)]
pub(crate) struct FileDevice(Arc<fs::File>);

impl FileDevice {
    pub(crate) fn new(file: fs::File) -> Self {
        Self(Arc::new(file))
    }

    /// The file, for what does not touch its cursor.
    pub(super) fn shared(&self) -> Arc<fs::File> {
        self.0.clone()
    }

    pub(super) fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.0.read_at(&mut bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
}

impl Device for FileDevice {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&*self.0).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        (&*self.0).write_all(bytes)
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        (&*self.0).seek(to)
    }
}

impl OpenOptions {
    /// The permission bits of a file that is made, less those that the process' umask takes away.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.0.mode(mode);
        self
    }

    /// Further flags of open(2), such as `O_NOFOLLOW`. `O_NONBLOCK` is of no use here.
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.0.custom_flags(flags);
        self
    }
}

impl DirBuilder {
    /// The permission bits of directories that are made, less those that the process' umask takes
    /// away.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }
}

impl DirEntry {
    /// The number of the entry's inode, without a further system call.
    #[must_use]
    pub fn ino(&self) -> u64 {
        self.inner.ino()
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.device().0.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.device().0.as_raw_fd()
    }
}

/// Makes a symbolic link at `link` that says `original`, which need not exist.
///
/// # Errors
/// As [`std::os::unix::fs::symlink`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    call(move || std::os::unix::fs::symlink(original, link)).await
}

/// Sets the permission bits of directories to be made.
pub(super) fn set_mode(builder: &mut fs::DirBuilder, mode: Option<u32>) {
    if let Some(mode) = mode {
        builder.mode(mode);
    }
}

/// Nobody else may read what is to replace a file before it has that file's permissions.
pub(super) fn keep_private(options: &mut fs::OpenOptions) {
    options.mode(0o600);
}

/// Gives a file the permission bits of another one.
pub(super) fn copy_permissions(from: &fs::Metadata, to: &fs::File) -> io::Result<()> {
    to.set_permissions(fs::Permissions::from_mode(from.mode() & 0o7777))
}

/// Has the system store the names in a directory.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    match fs::File::open(path)?.sync_all() {
        // Some file systems have no such thing, and store names in another way.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}
