//! How a file is opened.

use super::file::File;
use crate::blocking::call_on;
use crate::handle::Handle;
use std::io;
use std::path::Path;

/// How a file is opened. As [`std::fs::OpenOptions`], which it can be made from.
///
/// # Examples
/// ```
/// use futures_util::io::AsyncWriteExt;
/// use qi_runtime::fs::{self, OpenOptions};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let path = std::env::temp_dir().join(format!("qi-doc-append-{}", std::process::id()));
/// # runtime.block_on(async {
/// for line in ["one\n", "two\n"] {
///     let mut log = OpenOptions::new().append(true).create(true).open(&path).await?;
///     log.write_all(line.as_bytes()).await?;
///     log.close().await?;
/// }
/// assert_eq!(fs::read_to_string(&path).await?, "one\ntwo\n");
/// fs::remove_file(&path).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(pub(super) std::fs::OpenOptions);

impl OpenOptions {
    /// Nothing is allowed yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "as the standard library's, which has none")]
    pub fn new() -> Self {
        Self(std::fs::OpenOptions::new())
    }

    /// Whether it can be read.
    pub fn read(&mut self, yes: bool) -> &mut Self {
        self.0.read(yes);
        self
    }

    /// Whether it can be written.
    pub fn write(&mut self, yes: bool) -> &mut Self {
        self.0.write(yes);
        self
    }

    /// Whether each write goes to the end of the file, wherever that is by then.
    pub fn append(&mut self, yes: bool) -> &mut Self {
        self.0.append(yes);
        self
    }

    /// Whether it is emptied.
    pub fn truncate(&mut self, yes: bool) -> &mut Self {
        self.0.truncate(yes);
        self
    }

    /// Whether it is made if it is not there.
    pub fn create(&mut self, yes: bool) -> &mut Self {
        self.0.create(yes);
        self
    }

    /// Whether it must be made: one that is there is an error, and no other process can come between.
    pub fn create_new(&mut self, yes: bool) -> &mut Self {
        self.0.create_new(yes);
        self
    }

    /// Opens the file.
    ///
    /// Opening a named pipe waits for its other end, on a thread of the pool, and cannot be stopped.
    ///
    /// # Errors
    /// As [`std::fs::OpenOptions::open`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// The file may be made or emptied, as asked for, and is closed then.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        let (options, path) = (self.0.clone(), path.as_ref().to_owned());
        let file = call_on(&handle, move || options.open(path)).await?;
        Ok(File::new(handle, file))
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> Self {
        Self(options)
    }
}
