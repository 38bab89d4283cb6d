//! Copying a file in steps, each by the kernel.
//!
//! The standard library copies from file to file by copy_file_range(2) and its like, also a part. So
//! a step is as fast as the whole would be, and a copy that nobody wants any more, or a shutdown,
//! waits for a step and not for a file of hours.

use crate::blocking::call;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What one blocking call copies: some tens of milliseconds on an ordinary disk.
const STEP: u64 = 32 << 20;

/// Copies a file's content and permissions to another one, which is made or emptied, and returns how
/// many bytes that were.
///
/// The kernel copies, in blocking calls of 32 MiB each; a shorter file takes one. Two names of one
/// file give an empty one, as with [`std::fs::copy`].
///
/// # Errors
/// As [`std::fs::copy`]; a part of the target may be there then. An error on a thread that works for
/// no runtime.
///
/// # Cancel safety
/// The target has a part of the content: dropped before the end, it stops after the present 32 MiB.
///
/// # Examples
/// ```
/// use qi_runtime::fs;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let path = std::env::temp_dir().join(format!("qi-doc-copy-{}", std::process::id()));
/// # runtime.block_on(async {
/// let copied = path.with_extension("copy");
/// fs::write(&path, "content").await?;
/// assert_eq!(fs::copy(&path, &copied).await?, 7);
/// assert_eq!(fs::read(&copied).await?, b"content");
/// fs::remove_file(&path).await?;
/// fs::remove_file(&copied).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    let mut state = call(move || {
        let mut copying = Copying::begin(&from, &to)?;
        copying.step()?;
        Ok(copying)
    })
    .await?;
    while !state.ended {
        state = call(move || {
            state.step()?;
            Ok(state)
        })
        .await?;
    }
    Ok(state.copied)
}

/// A copy between two steps.
struct Copying {
    from: File,
    to: File,
    copied: u64,
    ended: bool,
}

impl Copying {
    fn begin(from: &Path, to: &Path) -> io::Result<Self> {
        let from = File::open(from)?;
        let metadata = from.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mode = metadata.mode() & 0o7777;
        let mut options = fs::OpenOptions::new();
        let to = options.write(true).create(true).truncate(true).mode(mode).open(to)?;
        if to.metadata()?.is_file() {
            // The umask may have taken bits away, and a file that was there has its own.
            to.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Ok(Self { from, to, copied: 0, ended: false })
    }

    fn step(&mut self) -> io::Result<()> {
        let count = io::copy(&mut (&self.from).take(STEP), &mut self.to)?;
        self.copied += count;
        self.ended = count < STEP;
        Ok(())
    }
}
