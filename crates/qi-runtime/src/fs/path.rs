//! What is done to paths: one blocking call each.

use crate::blocking::call;
use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

/// The path without links and dots, from the root.
///
/// # Errors
/// As [`std::fs::canonicalize`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost.
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::canonicalize(path)).await
}

/// Makes a directory.
///
/// # Errors
/// As [`std::fs::create_dir`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::create_dir(path)).await
}

/// Makes a directory, and those above it that are not there.
///
/// # Errors
/// As [`std::fs::create_dir_all`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::create_dir_all(path)).await
}

/// Gives a file a second name.
///
/// # Errors
/// As [`std::fs::hard_link`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    call(move || std::fs::hard_link(original, link)).await
}

/// Length, times, permissions; of what a symbolic link leads to.
///
/// # Errors
/// As [`std::fs::metadata`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::metadata(path)).await
}

/// Length, times, permissions; of a symbolic link itself.
///
/// # Errors
/// As [`std::fs::symlink_metadata`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost.
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::symlink_metadata(path)).await
}

/// What a symbolic link says.
///
/// # Errors
/// As [`std::fs::read_link`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost.
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::read_link(path)).await
}

/// Removes an empty directory.
///
/// # Errors
/// As [`std::fs::remove_dir`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::remove_dir(path)).await
}

/// Removes a directory with all that is in it. Symbolic links are removed, not followed.
///
/// # Errors
/// As [`std::fs::remove_dir_all`], which stops at the first error; an error on a thread that works
/// for no runtime.
///
/// # Cancel safety
/// Once begun it goes on to its end; see the [module](super).
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::remove_dir_all(path)).await
}

/// Removes a file.
///
/// # Errors
/// As [`std::fs::remove_file`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::remove_file(path)).await
}

/// Moves a file or a directory within a file system; a file at the target is replaced.
///
/// # Errors
/// As [`std::fs::rename`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    call(move || std::fs::rename(from, to)).await
}

/// Changes the permissions.
///
/// # Errors
/// As [`std::fs::set_permissions`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::set_permissions(path, permissions)).await
}

/// Whether there is something at the path. What can be opened is still to be seen then.
///
/// # Errors
/// As [`std::fs::exists`], when it cannot be known; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::exists(path)).await
}
