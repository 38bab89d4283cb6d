//! Copying a file by the one call that the system has for it, which knows best what to keep.

use crate::blocking::call;
use std::io;
use std::path::Path;

/// Copies a file's content and permissions to another one, which is made or emptied, and returns how
/// many bytes that were. See [`std::fs::copy`] for what else the system copies.
///
/// Here it is one blocking call, however long the file is.
///
/// # Errors
/// As [`std::fs::copy`]; a part of the target may be there then. An error on a thread that works for
/// no runtime.
///
/// # Cancel safety
/// Once begun it goes on to its end; see the [module](super).
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    call(move || std::fs::copy(from, to)).await
}
