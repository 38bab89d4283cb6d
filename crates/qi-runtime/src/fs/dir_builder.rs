//! How directories are made.

use super::os;
use crate::blocking::call;
use std::io;
use std::path::Path;

/// How directories are made. As [`std::fs::DirBuilder`].
///
/// # Examples
/// ```
/// use qi_runtime::fs::{self, DirBuilder};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # let home = std::env::temp_dir().join(format!("qi-doc-dirs-{}", std::process::id()));
/// # runtime.block_on(async {
/// DirBuilder::new().recursive(true).create(home.join("a/b")).await?;
/// assert!(fs::metadata(home.join("a/b")).await?.is_dir());
/// fs::remove_dir_all(&home).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    /// Permission bits, where there are such.
    pub(super) mode: Option<u32>,
}

impl DirBuilder {
    /// One directory, and an error if it is there.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether those above are made as well, and one that is there is no error.
    pub fn recursive(&mut self, yes: bool) -> &mut Self {
        self.recursive = yes;
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// As [`std::fs::DirBuilder::create`]; an error on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// It takes place or it does not; see the [module](super).
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.recursive);
        os::set_mode(&mut builder, self.mode);
        call(move || builder.create(path)).await
    }
}
