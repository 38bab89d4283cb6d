//! Replacing a file's content, so that nobody ever sees a part of it.
//!
//! # Protocol
//! A new file beside the old one gets the bytes, the old one's permissions, and is stored; then it
//! takes the old one's name, which is one step for everybody who looks; then the name is stored. In
//! this order no loss of power leaves a name with content that is not stored. (I71)

use super::os;
use crate::blocking::call;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Names that are tried; taken ones are left by programs that were killed.
const ATTEMPTS: usize = 64;

/// Makes a file of these bytes, in one step for all who look: they see the old content or the new
/// one, whole, whatever happens in between.
///
/// The bytes are written to a new file in the same directory, named `.NAME.RANDOM.new`, which then
/// takes the name. So:
/// * Whoever has the old file open keeps reading the old content.
/// * Permission bits are those of the old file. Owner, access lists and other names (hard links) are
///   not taken over: the name stands for another file now. A symbolic link is replaced, not followed.
/// * After a crash of the program or the machine there is the old content or the new, never a mixture,
///   and perhaps a `.NAME.RANDOM.new` that can be removed.
/// * When it has returned `Ok`, the new content survives a loss of power. On Windows it may be the old
///   one, because names cannot be flushed there.
/// * On Windows it fails while somebody has the file open without sharing its removal.
///
/// All of it is one blocking call. It waits for the disk twice, some milliseconds: it is for state
/// and settings, not for a thousand files a second.
///
/// # Errors
/// The system's error. The old content is there then, and the new file removed; unless storing the
/// *name* failed, after which the new content is there and may not survive a loss of power.
/// [`InvalidInput`](ErrorKind::InvalidInput) for a path without a name in it. An error on a thread
/// that works for no runtime.
///
/// # Cancel safety
/// It takes place or it does not; see the [module](super).
///
/// # Examples
/// ```
/// use qi_runtime::fs;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let path = std::env::temp_dir().join(format!("qi-doc-replace-{}", std::process::id()));
/// # runtime.block_on(async {
/// fs::replace(&path, "speed = 1\n").await?;
/// fs::replace(&path, "speed = 2\n").await?;
/// assert_eq!(fs::read_to_string(&path).await?, "speed = 2\n");
/// fs::remove_file(&path).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn replace(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, bytes) = (path.as_ref().to_owned(), bytes.as_ref().to_owned());
    call(move || replace_now(&path, &bytes)).await
}

fn replace_now(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the path names no file"));
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let old = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(metadata) => Some(metadata).filter(Metadata::is_file),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let (new, file) = make_beside(directory, name, old.is_some())?;
    let outcome = fill(file, bytes, old.as_ref()).and_then(|()| fs::rename(&new, path));
    if let Err(error) = outcome {
        // The first error says what is wrong; a second one would only hide it.
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    os::sync_directory(directory)
}

/// Writes, sets permissions, stores, closes: in this order.
fn fill(mut file: File, bytes: &[u8], old: Option<&Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Some(old) = old {
        os::copy_permissions(old, &file)?;
    }
    file.sync_all()
}

/// Makes a file that was not there.
fn make_beside(directory: &Path, name: &OsStr, private: bool) -> io::Result<(PathBuf, File)> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    if private {
        os::keep_private(&mut options);
    }
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        let path = directory.join(new_name(name, attempt));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
}

/// A name that others are unlikely to choose. The old name is cut if it would become too long.
fn new_name(name: &OsStr, attempt: usize) -> OsString {
    /// Most file systems allow 255 bytes.
    const LONGEST_KEPT: usize = 200;
    // Freshly seeded each time, by the standard library from the system's randomness.
    let random = RandomState::new().hash_one(attempt);
    let mut new = OsString::from(".");
    if name.len() <= LONGEST_KEPT {
        new.push(name);
    }
    new.push(format!(".{random:016x}.new"));
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_stay_short() {
        let long = "x".repeat(255);
        for name in ["a", &long] {
            let one = new_name(OsStr::new(name), 0);
            assert_ne!(one, new_name(OsStr::new(name), 0));
            assert!(one.len() <= 255, "{}", one.len());
        }
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        for path in ["", "/", "a/.."] {
            let error = replace_now(Path::new(path), b"").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}");
        }
    }
}
