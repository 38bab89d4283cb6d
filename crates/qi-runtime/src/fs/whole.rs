//! Whole files at once: one blocking call each.

use crate::blocking::call;
use std::io;
use std::path::Path;

/// Reads a whole file.
///
/// # Errors
/// As [`std::fs::read`]; an error on a thread that works for no runtime.
///
/// # Cancel safety
/// Nothing is lost; a call that has begun reads on in vain.
///
/// # Examples
/// ```
/// use qi_runtime::fs;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let path = std::env::temp_dir().join(format!("qi-doc-whole-{}", std::process::id()));
/// # runtime.block_on(async {
/// fs::write(&path, "一、二").await?;
/// assert_eq!(fs::read(&path).await?.len(), 9);
/// assert_eq!(fs::read_to_string(&path).await?, "一、二");
/// fs::remove_file(&path).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::read(path)).await
}

/// Reads a whole file of UTF-8.
///
/// # Errors
/// As [`std::fs::read_to_string`]: [`InvalidData`](io::ErrorKind::InvalidData) for what is no UTF-8;
/// an error on a thread that works for no runtime.
///
/// # Cancel safety
/// As [`read`].
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    call(move || std::fs::read_to_string(path)).await
}

/// Makes a file of these bytes, or empties the one that is there and writes them. Who reads meanwhile
/// sees a part; [`replace`](super::replace) never shows one.
///
/// # Errors
/// As [`std::fs::write`]; the file may be there with a part of the bytes then. An error on a thread
/// that works for no runtime.
///
/// # Cancel safety
/// Once begun it goes on to its end; see the [module](super).
pub async fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, bytes) = (path.as_ref().to_owned(), bytes.as_ref().to_owned());
    call(move || std::fs::write(path, bytes)).await
}
