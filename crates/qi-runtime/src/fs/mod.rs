//! Files and directories, over the threads for blocking calls.
//!
//! No system offers readiness for files, so every operation here is a blocking call of the standard
//! library on a thread of the runtime's pool, and the module's work is to make few of them: a
//! [`File`] reads ahead and collects what is written, a [`ReadDir`] brings many entries at a time,
//! [`read`] and [`write`](fn@write) are one call each.
//!
//! Errors are those of the system, with their numbers; they do not name the path, as those of the
//! standard library do not.
//!
//! # Cancellation
//! A blocking call cannot be stopped. When a future of this module is dropped:
//! * a call that has not begun (all threads of the pool are busy) is cancelled, and nothing happens;
//! * a call that has begun goes on to its end, unheard. A [`rename`] that was dropped may so be done a
//!   moment later, or have been done. Whatever follows it in the same task may overtake it.
//!
//! Functions that make several calls say so: [`copy`] and the batches of a [`ReadDir`]. What this
//! means for a [`File`], whose reads and writes lose nothing, is told there.
//!
//! A shutdown of the runtime waits for calls that have begun, and cancels the others.
//!
//! # Where
//! The functions use the runtime of the thread that polls them, and are an error without one. A
//! [`File`] belongs to the runtime that it was opened in and can be used anywhere.
//!
//! # Platforms
//! | item | Unix | Windows |
//! |---|---|---|
//! | [`File::read_at`], [`File::write_at`] | leave the cursor alone | move it and put it back; reads and writes of *other handles* made by [`File::try_clone`] must not run meanwhile |
//! | [`replace`] | survives a loss of power, also as a name in its directory | the content is whole, but a loss of power may bring the old one back |
//! | [`copy`] | in steps on Linux and Android; one call on Apple's systems and the BSDs | one call |
//! | `symlink` | one function | `symlink_file` and `symlink_dir`, which need a privilege |
//! | [`OpenOptions`] | `mode`, `custom_flags` | `access_mode`, `share_mode`, `custom_flags`, `attributes` |
//! | [`DirBuilder`] | `mode` | |
//! | names | bytes | UTF-16; neither need be valid Unicode, and all of it is kept |
//!
//! # Examples
//! ```
//! use futures_util::io::{AsyncReadExt, AsyncWriteExt};
//! use futures_util::StreamExt;
//! use qi_runtime::fs::{self, File};
//!
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! # let home = std::env::temp_dir().join(format!("qi-doc-fs-{}", std::process::id()));
//! # runtime.block_on(async {
//! fs::create_dir_all(&home).await?;
//! let mut file = File::create(home.join("notes.txt")).await?;
//! file.write_all("一\ntwo\n".as_bytes()).await?;
//! file.close().await?; // the system has it, and there was no error
//!
//! let mut text = String::new();
//! File::open(home.join("notes.txt")).await?.read_to_string(&mut text).await?;
//! assert_eq!(text, "一\ntwo\n");
//!
//! let mut entries = fs::read_dir(&home).await?;
//! while let Some(entry) = entries.next().await {
//!     println!("{}", entry?.path().display());
//! }
//! fs::remove_dir_all(&home).await
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod at;
mod dir_builder;
mod file;
mod file_io;
mod options;
mod path;
mod read_dir;
mod replace;
mod whole;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "copy/stepped.rs"]
mod copy;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "copy/at_once.rs"]
mod copy;

#[cfg(unix)]
#[path = "os/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "os/windows.rs"]
mod os;

pub use copy::copy;
pub use dir_builder::DirBuilder;
pub use file::File;
pub use options::OpenOptions;
#[cfg(windows)]
pub(crate) use os::FileDevice;
#[cfg(unix)]
pub use os::symlink;
#[cfg(windows)]
pub use os::{symlink_dir, symlink_file};
pub use path::{
    canonicalize, create_dir, create_dir_all, hard_link, metadata, read_link, remove_dir,
    remove_dir_all, remove_file, rename, set_permissions, symlink_metadata, try_exists,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};
pub use replace::replace;
pub use std::fs::{FileType, Metadata, Permissions};
pub use whole::{read, read_to_string, write};
